"""A container's life: create, start, stop, restart, kill, pause, wait, rename, update, remove."""

import asyncio

from google.protobuf.duration_pb2 import Duration

from strata.gateway.v1 import gateway_pb2
from strata.runtime.v1 import runtime_pb2 as pb
from strata_gateway.docker_api.containers.create import restart_policy_of, spec_of
from strata_gateway.docker_api.containers.resources import resources_of
from strata_gateway.docker_api.parameters import platform_of, understood
from strata_gateway.docker_api.routes import Routes
from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange

_WAITS = {
    "": pb.WAIT_CONDITION_NOT_RUNNING,
    "not-running": pb.WAIT_CONDITION_NOT_RUNNING,
    "next-exit": pb.WAIT_CONDITION_NEXT_EXIT,
    "removed": pb.WAIT_CONDITION_REMOVED,
}


async def create(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/create: of an image that is here; clients pull by themselves when it is not."""
    request = exchange.request
    body = await request.json()
    made = await engine.create_container(
        gateway_pb2.CreateContainerRequest(
            spec=spec_of(body, request.text("name")),
            pull_policy=gateway_pb2.PULL_POLICY_NEVER,
            platform=platform_of(request.text("platform")),
        )
    )
    await exchange.reply({"Id": made.container.id, "Warnings": list(made.warnings)}, 201)


async def start(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/{id}/start."""
    response = await engine.peers.runtime.StartContainer(pb.StartContainerRequest(container=exchange.parts["id"]))
    await exchange.reply_empty(204 if response.started else 304)


async def stop(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/{id}/stop."""
    request = pb.StopContainerRequest(
        container=exchange.parts["id"], timeout=_timeout(exchange), signal=exchange.request.text("signal")
    )
    response = await engine.peers.runtime.StopContainer(request)
    await exchange.reply_empty(204 if response.stopped else 304)


async def restart(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/{id}/restart."""
    request = pb.RestartContainerRequest(
        container=exchange.parts["id"], timeout=_timeout(exchange), signal=exchange.request.text("signal")
    )
    await engine.peers.runtime.RestartContainer(request)
    await exchange.reply_empty()


def _timeout(exchange: Exchange) -> Duration | None:
    """How long a stop waits before it kills; None for the container's own."""
    if not exchange.request.text("t"):
        return None
    seconds = exchange.request.number("t", -1)
    return Duration(seconds=seconds if seconds >= 0 else _FOR_EVER_S)


_FOR_EVER_S = 10**9  # `docker stop -t -1`: never kill


async def kill(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/{id}/kill."""
    await engine.peers.runtime.KillContainer(
        pb.KillContainerRequest(container=exchange.parts["id"], signal=exchange.request.text("signal"))
    )
    await exchange.reply_empty()


async def pause(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/{id}/pause."""
    await engine.peers.runtime.PauseContainer(pb.PauseContainerRequest(container=exchange.parts["id"]))
    await exchange.reply_empty()


async def unpause(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/{id}/unpause."""
    await engine.peers.runtime.ResumeContainer(pb.ResumeContainerRequest(container=exchange.parts["id"]))
    await exchange.reply_empty()


async def wait(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/{id}/wait: the head of the answer says that the wait has begun, its body how it ended."""
    container, condition = exchange.parts["id"], exchange.request.text("condition")
    runtime = engine.peers.runtime
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(_exit_of(engine, container, condition))
        await runtime.GetContainer(pb.GetContainerRequest(container=container))
        await exchange.begin()
        ended = await waiting
    # Why a container did not start is told by the failed start; told here as well, clients would print it twice.
    await exchange.send_json({"StatusCode": ended.exit_code})
    await exchange.end()


async def _exit_of(engine: Engine, container: str, condition: str) -> pb.WaitContainerResponse:
    return await engine.peers.runtime.WaitContainer(
        pb.WaitContainerRequest(container=container, condition=_WAITS.get(condition, pb.WAIT_CONDITION_NOT_RUNNING))
    )


async def rename(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/{id}/rename."""
    await engine.peers.runtime.RenameContainer(
        pb.RenameContainerRequest(container=exchange.parts["id"], name=exchange.request.text("name").removeprefix("/"))
    )
    await exchange.reply_empty()


async def update(engine: Engine, exchange: Exchange) -> None:
    """POST /containers/{id}/update."""
    body = await exchange.request.json()
    with understood():
        policy = body.get("RestartPolicy") or {}
        request = pb.UpdateContainerRequest(
            container=exchange.parts["id"],
            resources=resources_of(body),
            restart_policy=restart_policy_of(policy) if policy.get("Name") else None,
        )
    updated = await engine.peers.runtime.UpdateContainer(request)
    await exchange.reply({"Warnings": list(updated.warnings) or None})


async def remove(engine: Engine, exchange: Exchange) -> None:
    """DELETE /containers/{id}."""
    request = exchange.request
    await engine.peers.runtime.DeleteContainer(
        pb.DeleteContainerRequest(
            container=exchange.parts["id"], force=request.flag("force"), remove_volumes=request.flag("v")
        )
    )
    await exchange.reply_empty()


ROUTES: Routes = (
    ("POST", "/containers/create", create),
    ("POST", "/containers/{id}/start", start),
    ("POST", "/containers/{id}/stop", stop),
    ("POST", "/containers/{id}/restart", restart),
    ("POST", "/containers/{id}/kill", kill),
    ("POST", "/containers/{id}/pause", pause),
    ("POST", "/containers/{id}/unpause", unpause),
    ("POST", "/containers/{id}/wait", wait),
    ("POST", "/containers/{id}/rename", rename),
    ("POST", "/containers/{id}/update", update),
    ("DELETE", "/containers/{id}", remove),
)
