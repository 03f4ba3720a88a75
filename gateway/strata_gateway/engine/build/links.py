"""Paths of an image without the links on their way: /lib/x.so is /usr/lib/x.so in most images."""

from strata.runtime.v1 import runtime_pb2
from strata_chassis.errors import FailedPrecondition, InvalidArgument, NotFound
from strata_gateway.core.build.copying import fixed_prefix, plain_path
from strata_gateway.engine.build.copies import leads_to_folder
from strata_gateway.engine.build.session import BuildSession

_MOST_LINKS = 40  # as many as the kernel follows


async def real_path(session: BuildSession, container: str, source: str) -> str:
    """A source of a copy as the path, or pattern, at which a tar of the image has it.

    Links to folders are followed; a link to a file is what is copied itself.
    """
    plain, fixed = plain_path(source), fixed_prefix(source)
    rest = plain.removeprefix(fixed)
    if not await leads_to_folder(session, container, f"/{fixed}"):
        folder, _, name = fixed.rpartition("/")
        fixed, rest = folder, f"/{name}{rest}"
    return (await _without_links(session, container, fixed) + rest).lstrip("/")


async def _without_links(session: BuildSession, container: str, folder: str) -> str:
    """The folder itself; as it is written where there is none, or its links lead in a circle."""
    done: list[str] = []
    waiting = folder.split("/")
    links = 0
    while waiting and links <= _MOST_LINKS:
        part = waiting.pop(0)
        if part in {"", ".", ".."}:
            done = done[:-1] if part == ".." else done
            continue
        target = await _link_target(session, container, "/".join(["", *done, part]))
        if not target:
            done.append(part)
            continue
        links += 1
        waiting = [*target.split("/"), *waiting]
        done = [] if target.startswith("/") else done
    return folder if waiting else "/".join(done)


async def _link_target(session: BuildSession, container: str, path: str) -> str:
    request = runtime_pb2.StatPathRequest(container=container, path=path)
    try:
        return (await session.peers.runtime.StatPath(request)).stat.link_target
    except (NotFound, InvalidArgument, FailedPrecondition):
        return ""
