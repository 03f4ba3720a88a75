"""``strata cp``."""

import io
import os
import stat
import tarfile
from typing import NamedTuple

from strata.runtime.v1.runtime_pb2 import (
    CopyInRequest,
    CopyInResponse,
    CopyOutRequest,
    CopyOutResponse,
    PathStat,
    StatPathRequest,
    StatPathResponse,
)

from strata_chassis.errors import FailedPrecondition, NotFound
from strata_client.cli.context import Context, warn
from strata_client.cli.extracting import extract
from strata_client.cli.options import Command, flag
from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.session import write_all
from strata_client.gateway import MAX_DATA_BYTES, Gateway
from strata_client.wire.channel import Stream


class _Place(NamedTuple):
    """One end of a copy; ``container`` is empty on this machine."""

    container: str
    path: str


def run(line: Line, context: Context) -> int:
    """Copy in one direction or the other."""
    source, target = map(_place, line.arguments)
    if bool(source.container) == bool(target.container):
        raise UsageError("exactly one of the two paths must be in a container: write it as CONTAINER:PATH")
    with context.connect() as gateway:
        if source.container:
            _copy_out(gateway, source, target.path, line)
        else:
            _copy_in(gateway, source.path, target, line)
    return 0


def _place(word: str) -> _Place:
    """Read CONTAINER:PATH; what begins like a path is one of this machine."""
    container, colon, path = word.partition(":")
    if not colon or not container or container.startswith((".", "/", "~")) or "/" in container:
        return _Place("", word)
    return _Place(container, path or "/")


# ------------------------------------------------------------------------------------------------------ out of it


def _copy_out(gateway: Gateway, source: _Place, target: str, line: Line) -> None:
    request = CopyOutRequest(container=source.container, path=source.path)
    with gateway.stream(request, CopyOutResponse) as stream:
        first = stream.receive()
        if first is None:
            raise NotFound(f"{source.path} is not in container {source.container}", reason="PATH_UNKNOWN")
        archive = _Archive(stream, first.data)
        if target == "-":
            while piece := archive.read(MAX_DATA_BYTES):
                write_all(1, piece)
            return
        directory, name = _local_target(source.path, first.stat, target)
        buffered = io.BufferedReader(archive, MAX_DATA_BYTES)
        left_out = extract(buffered, directory, renames_first_to=name, keeps_owner=line.flag("archive"))
        for path in left_out:
            warn(f"strata: not copied, it is a device or of an unknown kind: {path}")


def _local_target(source: str, found: PathStat, target: str) -> tuple[str, str]:
    """Directory to unpack into, and the name there; an empty name means the contents themselves."""
    is_directory = stat.S_ISDIR(found.mode)
    if os.path.isdir(target):  # noqa: PTH112
        takes_contents = is_directory and source.endswith(("/.", "/./"))
        return target, "" if takes_contents else found.name if found.name not in {"", "/", "."} else ""
    parent, name = os.path.split(target.rstrip("/"))
    if os.path.exists(target) and is_directory:  # noqa: PTH110
        raise FailedPrecondition(f"{target} is a file: a directory cannot be copied onto it", reason="NOT_A_DIRECTORY")
    if not os.path.isdir(parent or ".") or (target.endswith("/") and not is_directory):  # noqa: PTH112
        raise NotFound(f"there is no directory {parent or target}: make it first", reason="PATH_UNKNOWN")
    return parent or ".", name


class _Archive(io.RawIOBase):
    """The bytes of a CopyOut as a file to read from."""

    def __init__(self, stream: Stream[CopyOutResponse], first: bytes) -> None:
        self._stream = stream
        self._rest = memoryview(first)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        while not self._rest:
            response = self._stream.receive()
            if response is None:
                return 0
            self._rest = memoryview(response.data)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


# ---------------------------------------------------------------------------------------------------------- into it


def _copy_in(gateway: Gateway, source: str, target: _Place, line: Line) -> None:
    if source == "-":
        directory, name = target.path, ""
    else:
        if not os.path.lexists(source):
            raise NotFound(f"there is no {source} here", reason="PATH_UNKNOWN")
        directory, name = _container_target(gateway, source, target)
    header = CopyInRequest.Header(
        container=target.container,
        path=directory,
        no_overwrite_dir_non_dir=True,
        keep_owner=line.flag("archive"),
    )
    with gateway.open(CopyInRequest, CopyInResponse) as stream:
        stream.send(CopyInRequest(header=header))
        sink = _Sink(stream)
        if source == "-":
            while piece := os.read(0, MAX_DATA_BYTES):
                sink.write(piece)
        else:
            _write_archive(sink, source, name, follows_link=line.flag("follow-link"))
        sink.finish()
        stream.finish_sending()
        stream.receive()


def _container_target(gateway: Gateway, source: str, target: _Place) -> tuple[str, str]:
    """Directory in the container to unpack into, and the name there; "." means the contents themselves."""
    name = os.path.basename(os.path.abspath(source))  # noqa: PTH100, PTH119
    is_directory = os.path.isdir(source)  # noqa: PTH112
    parent, _, last = target.path.rstrip("/").rpartition("/")
    try:
        request = StatPathRequest(container=target.container, path=target.path)
        found = gateway.call(request, StatPathResponse).stat
    except NotFound as error:
        if error.reason != "PATH_UNKNOWN":
            raise
        if target.path.endswith("/") and not is_directory:
            raise NotFound(f"there is no directory {target.path} in the container", reason="PATH_UNKNOWN") from None
        return parent or "/", last
    if stat.S_ISDIR(found.mode) or found.link_target:
        return target.path, "." if is_directory and source.endswith(("/.", "/./")) else name
    if is_directory:
        message = f"{target.path} is a file in the container: a directory cannot be copied onto it"
        raise FailedPrecondition(message, reason="NOT_A_DIRECTORY")
    return parent or "/", last


def _write_archive(sink: "_Sink", source: str, name: str, *, follows_link: bool) -> None:
    """Pack a file or directory under ``name``; a link is packed as such unless it is to be followed."""
    if follows_link:
        source = os.path.realpath(source)
    elif source.endswith("/"):
        source = source.rstrip("/") or "/"
    with tarfile.open(fileobj=sink, mode="w|", bufsize=MAX_DATA_BYTES, format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
        tar.add(source, arcname=name)


class _Sink:
    """A file to write to whose bytes become the requests of a CopyIn."""

    def __init__(self, stream: Stream[CopyInResponse]) -> None:
        self._stream = stream
        self._pending = bytearray()

    def write(self, content: bytes) -> int:
        self._pending += content
        while len(self._pending) >= MAX_DATA_BYTES:
            self._send(MAX_DATA_BYTES)
        return len(content)

    def finish(self) -> None:
        """Send what is left."""
        if self._pending:
            self._send(len(self._pending))

    def _send(self, size: int) -> None:
        self._stream.send(CopyInRequest(data=bytes(self._pending[:size])))
        del self._pending[:size]
        self._stream.drain()
        self._stream.receive_now()  # raises what made the gateway end the call


COMMANDS = {
    "cp": Command(
        name="cp",
        usage="CONTAINER:PATH PATH|-  or  PATH|- CONTAINER:PATH",
        summary="Copy files between a container, which need not run, and this machine",
        run=run,
        least=2,
        most=2,
        options=(
            flag("-a --archive", "Keep owners and all modes"),
            flag("-L --follow-link", "Copy what a link PATH points to, not the link"),
            flag("-q --quiet", "Accepted for docker's sake"),
        ),
        notes="'-' stands for a tar on stdin or stdout. PATH/. means what is in a directory, not the directory.",
        examples="""
            strata cp web:/etc/nginx/nginx.conf .  # out of it
            strata cp site/. web:/usr/share/nginx/html  # the contents of a directory into it
            strata cp web:/var/log - | tar t  # as a tar
        """,
        complete=("path", "path"),
    )
}
