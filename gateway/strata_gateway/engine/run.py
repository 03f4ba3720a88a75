"""Run in one call: make a container, connect to it, start it, and pass its output and exit status on."""

from collections.abc import AsyncGenerator, AsyncIterator

from strata.gateway.v1 import gateway_pb2 as pb
from strata.runtime.v1 import runtime_pb2
from strata_chassis.errors import InvalidArgument, NotFound
from strata_gateway.adapters.peers import Peers
from strata_gateway.engine.create import create_container


async def run(peers: Peers, requests: AsyncIterator[pb.RunRequest]) -> AsyncGenerator[pb.RunResponse, None]:
    """Serve one run; ``requests`` begins with the header, what is yielded is in the order of the contract."""
    header = await _header(requests)
    container = ""
    try:
        async for step in create_container(peers, header.create):
            if isinstance(step, pb.PullResponse):
                yield pb.RunResponse(pull=step)
            else:
                container = step.container.id
                yield pb.RunResponse(created=step)
        if header.detach:
            await peers.runtime.StartContainer(runtime_pb2.StartContainerRequest(container=container))
            return
        call = peers.runtime.Attach(_attach_requests(container, header, requests))
        try:
            async for response in call:
                yield pb.RunResponse(output=response.output)
        finally:
            call.cancel()
    except BaseException:
        if container and header.create.spec.auto_remove:
            await _remove_unstarted(peers, container)
        raise


async def _header(requests: AsyncIterator[pb.RunRequest]) -> pb.RunHeader:
    first = await anext(requests, None)
    if first is None or first.WhichOneof("message") != "header":
        raise InvalidArgument("the first message of Run must be its header", reason="HEADER_MISSING")
    return first.header


async def _attach_requests(
    container: str, header: pb.RunHeader, requests: AsyncIterator[pb.RunRequest]
) -> AsyncIterator[runtime_pb2.AttachRequest]:
    yield runtime_pb2.AttachRequest(
        header=runtime_pb2.AttachHeader(
            container=container,
            stdin=header.stdin,
            stdout=header.stdout,
            stderr=header.stderr,
            start=True,
            terminal_size=header.terminal_size if header.HasField("terminal_size") else None,
        )
    )
    async for request in requests:
        yield runtime_pb2.AttachRequest(input=request.input)


async def _remove_unstarted(peers: Peers, container: str) -> None:
    """Remove a container that was to go by itself at its end, and never began."""
    try:
        got = await peers.runtime.GetContainer(runtime_pb2.GetContainerRequest(container=container))
        if got.container.state == got.container.STATE_CREATED:
            request = runtime_pb2.DeleteContainerRequest(container=container, remove_volumes=True)
            await peers.runtime.DeleteContainer(request)
    except NotFound:
        return
