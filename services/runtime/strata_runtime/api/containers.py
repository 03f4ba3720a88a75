"""Calls about the life of containers."""

import asyncio

from strata.runtime.v1 import runtime_pb2 as pb
from strata_runtime.api.paging import page_of
from strata_runtime.api.rpc import Context
from strata_runtime.api.translate import to_value
from strata_runtime.api.views import container_message
from strata_runtime.core.container.mount import Mount
from strata_runtime.core.container.network import PortMapping
from strata_runtime.core.container.resources import Resources
from strata_runtime.core.container.spec import ContainerSpec, RestartPolicy
from strata_runtime.engine import creating, listing, removing, renaming, starting, stopping, updating, waiting
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.stop_and_start import stop_and_start


class ContainerCalls:
    """Create, start, stop, restart, kill, pause, resume, wait, delete, get, list, rename."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def CreateContainer(self, request: pb.CreateContainerRequest, _: Context) -> pb.CreateContainerResponse:
        """Make a container."""
        entry = await creating.create(self._parts, to_value(ContainerSpec, request.spec), request.request_id)
        return pb.CreateContainerResponse(container=container_message(self._parts, entry))

    async def StartContainer(self, request: pb.StartContainerRequest, _: Context) -> pb.StartContainerResponse:
        """Run it."""
        entry = self._parts.containers.find(request.container)
        started = await starting.start(self._parts, entry)
        return pb.StartContainerResponse(container=container_message(self._parts, entry), started=started)

    async def StopContainer(self, request: pb.StopContainerRequest, _: Context) -> pb.StopContainerResponse:
        """Ask it to end, then kill it. The stop goes on if the caller does not wait for it."""
        entry = self._parts.containers.find(request.container)
        timeout_s = _timeout_s(request)
        stopped = await asyncio.shield(
            self._parts.background.call(
                stopping.stop(self._parts, entry, timeout_s=timeout_s, signal_name=request.signal)
            )
        )
        return pb.StopContainerResponse(container=container_message(self._parts, entry), stopped=stopped)

    async def RestartContainer(self, request: pb.RestartContainerRequest, _: Context) -> pb.RestartContainerResponse:
        """Stop it and start it. The restart goes on if the caller does not wait for it."""
        entry = self._parts.containers.find(request.container)
        restart = stop_and_start(self._parts, entry, timeout_s=_timeout_s(request), signal_name=request.signal)
        await asyncio.shield(self._parts.background.call(restart))
        return pb.RestartContainerResponse(container=container_message(self._parts, entry))

    async def KillContainer(self, request: pb.KillContainerRequest, _: Context) -> pb.KillContainerResponse:
        """Send it a signal."""
        await stopping.kill(self._parts, self._parts.containers.find(request.container), request.signal)
        return pb.KillContainerResponse()

    async def PauseContainer(self, request: pb.PauseContainerRequest, _: Context) -> pb.PauseContainerResponse:
        """Freeze it."""
        await stopping.pause(self._parts, self._parts.containers.find(request.container))
        return pb.PauseContainerResponse()

    async def ResumeContainer(self, request: pb.ResumeContainerRequest, _: Context) -> pb.ResumeContainerResponse:
        """Thaw it."""
        await stopping.resume(self._parts, self._parts.containers.find(request.container))
        return pb.ResumeContainerResponse()

    async def WaitContainer(self, request: pb.WaitContainerRequest, _: Context) -> pb.WaitContainerResponse:
        """Wait for its end."""
        entry = self._parts.containers.find(request.container)
        container = await waiting.wait(entry, waiting.Until(request.condition))
        return pb.WaitContainerResponse(
            exit_code=container.exit_code, error=container.error, oom_killed=container.oom_killed
        )

    async def DeleteContainer(self, request: pb.DeleteContainerRequest, _: Context) -> pb.DeleteContainerResponse:
        """Remove it. The removal goes on if the caller does not wait for it."""
        entry = self._parts.containers.find(request.container)
        removal = removing.remove(self._parts, entry, force=request.force, remove_volumes=request.remove_volumes)
        await asyncio.shield(self._parts.background.call(removal))
        return pb.DeleteContainerResponse()

    async def GetContainer(self, request: pb.GetContainerRequest, _: Context) -> pb.GetContainerResponse:
        """Return it."""
        entry = self._parts.containers.find(request.container)
        response = pb.GetContainerResponse(container=container_message(self._parts, entry))
        if request.include_size:
            response.upper_bytes = await listing.upper_bytes(self._parts, entry.container)
        return response

    async def ListContainers(self, request: pb.ListContainersRequest, _: Context) -> pb.ListContainersResponse:
        """Return those that match, newest first."""
        wish = listing.Filter(
            all=request.all,
            states=frozenset(request.states),
            labels=tuple(request.labels),
            name_contains=request.name_contains,
            image=request.image,
        )
        page, token = page_of(listing.matching(self._parts.containers, wish), request.page_size, request.page_token)
        containers = [container_message(self._parts, entry) for entry in page]
        return pb.ListContainersResponse(containers=containers, next_page_token=token)

    async def UpdateContainer(self, request: pb.UpdateContainerRequest, _: Context) -> pb.UpdateContainerResponse:
        """Change limits, restart policy, ports or mounts."""
        entry = self._parts.containers.find(request.container)
        await updating.update(self._parts, entry, _update(request))
        return pb.UpdateContainerResponse(container=container_message(self._parts, entry))

    async def RenameContainer(self, request: pb.RenameContainerRequest, _: Context) -> pb.RenameContainerResponse:
        """Give it another name."""
        entry = self._parts.containers.find(request.container)
        await renaming.rename(self._parts, entry, request.name)
        return pb.RenameContainerResponse(container=container_message(self._parts, entry))


def _update(request: pb.UpdateContainerRequest) -> updating.Update:
    has = request.HasField
    return updating.Update(
        resources=to_value(Resources, request.resources) if has("resources") else None,
        restart_policy=to_value(RestartPolicy, request.restart_policy) if has("restart_policy") else None,
        ports=tuple(to_value(PortMapping, port) for port in request.ports.ports) if has("ports") else None,
        mounts=tuple(to_value(Mount, mount) for mount in request.mounts.mounts) if has("mounts") else None,
    )


def _timeout_s(request: pb.StopContainerRequest | pb.RestartContainerRequest) -> float | None:
    """How long to wait before killing; None for the container's own."""
    return request.timeout.ToTimedelta().total_seconds() if request.HasField("timeout") else None
