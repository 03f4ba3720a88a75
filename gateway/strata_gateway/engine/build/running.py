"""RUN: start a container of the stage's image, pass its output on, keep what it changed as a layer."""

from collections.abc import AsyncGenerator, AsyncIterator

from strata.runtime.v1 import container_pb2, runtime_pb2
from strata_chassis.errors import FailedPrecondition, Unimplemented
from strata_gateway.core.build.keys import step_key
from strata_gateway.core.dockerfile.arguments import json_array
from strata_gateway.core.dockerfile.instruction import Instruction
from strata_gateway.core.dockerfile.metadata import DEFAULT_SHELL
from strata_gateway.engine.build.session import BuildSession
from strata_gateway.engine.build.state import StageState

_ID_DIGITS = 12


async def run(session: BuildSession, state: StageState, instruction: Instruction) -> AsyncGenerator[str, None]:
    """Carry out the step; yields text for the user."""
    if "mount" in instruction.flags:
        raise Unimplemented("RUN --mount needs BuildKit, which is not served", reason="BUILD_FLAG_UNSUPPORTED")
    command = command_line(instruction, list(state.execution.get("Shell") or DEFAULT_SHELL))
    network = instruction.flag("network", session.header.network_mode or "default")
    key = step_key(state.config, ["RUN", *command, *state.key_arguments(), network])
    created_by = _created_by(state, command)
    layer = await session.cached(key)
    if layer is not None:
        yield " ---> Using cache\n"
    else:
        async with session.container(await _spec(session, state, command, network)) as container:
            yield f" ---> Running in {container[:_ID_DIGITS]}\n"
            async for text in _output(session, container, command):
                yield text
            diff_id = await session.layer_of_changes(container)
        yield f" ---> Removed intermediate container {container[:_ID_DIGITS]}\n"
        layer = await session.remember(key, diff_id)
    session.advance(state, created_by, layer)


def command_line(instruction: Instruction, shell: list[str]) -> list[str]:
    """What is run: exec form as it is, shell form (with its heredocs) by the shell."""
    words = json_array(instruction.rest)
    if words is not None:
        return words
    heredocs = instruction.heredocs
    if len(heredocs) == 1 and instruction.rest.strip().lstrip("<-").strip("\"' ") == heredocs[0].name:
        return [*shell, heredocs[0].content]
    documents = "".join(f"\n{document.content}{document.name}" for document in heredocs)
    return [*shell, f"{instruction.rest}{documents}"]


def _created_by(state: StageState, command: list[str]) -> str:
    arguments = state.key_arguments()
    prefix = f"|{len(arguments)} {' '.join(arguments)} " if arguments else ""
    return f"{prefix}{' '.join(command)}"


async def _spec(
    session: BuildSession, state: StageState, command: list[str], network: str
) -> container_pb2.ContainerSpec:
    header = session.header
    return container_pb2.ContainerSpec(
        image=state.image or "build",
        image_digest=await session.image_of(state),
        clear_entrypoint=True,
        command=command,
        env=state.run_environment(),
        network_mode="" if network == "default" else network,
        resources=header.resources if header.HasField("resources") else None,
        extra_hosts=header.extra_hosts,
        health_check=container_pb2.HealthCheck(test=["NONE"]),
    )


async def _output(session: BuildSession, container: str, command: list[str]) -> AsyncIterator[str]:
    header = runtime_pb2.AttachHeader(container=container, stdout=True, stderr=True, start=True)
    call = session.peers.runtime.Attach(iter([runtime_pb2.AttachRequest(header=header)]))
    try:
        async for response in call:
            output = response.output
            match output.WhichOneof("output"):
                case "stdout" | "stderr":
                    if not session.header.quiet:
                        yield (output.stdout or output.stderr).decode("utf-8", "replace")
                case "exit":
                    _check(output.exit, command)
    finally:
        call.cancel()


def _check(ended: runtime_pb2.ExitStatus, command: list[str]) -> None:
    if ended.error:
        raise FailedPrecondition(ended.error, reason="BUILD_STEP_FAILED")
    if ended.exit_code:
        text = " ".join(command)
        raise FailedPrecondition(
            f"The command '{text}' returned a non-zero code: {ended.exit_code}",
            reason="BUILD_STEP_FAILED",
            metadata={"command": text, "exit_code": str(ended.exit_code)},
        )
