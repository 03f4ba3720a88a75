"""``strata build``."""

import os
import sys
import tarfile
from collections.abc import Iterator

from strata.gateway.v1.gateway_pb2 import BuildRequest, BuildResponse
from strata.oci.v1.oci_pb2 import Credentials

from strata_client.cli.build_context import context_files
from strata_client.cli.context import Context, say
from strata_client.cli.options import Command, flag, many, text
from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.platforms import parse_platform
from strata_client.cli.progress import PullReport
from strata_client.cli.spec.environment import labels
from strata_client.credentials import find_credentials
from strata_client.gateway import MAX_DATA_BYTES


def run(line: Line, context: Context) -> int:
    """Send the context, show what the build says, and print the image's ID."""
    folder = line.arguments[0]
    header = _header(line, folder)
    with context.connect() as gateway, gateway.open(BuildRequest, BuildResponse) as stream:
        stream.send(BuildRequest(header=header))
        report = PullReport(sys.stderr, is_quiet=line.flag("quiet"))
        image = ""
        for piece in _context(folder, line.text("file")):
            stream.send(BuildRequest(context=piece))
            stream.drain()
            while (early := stream.receive_now()) is not None:
                image = _show(early, report, is_quiet=line.flag("quiet")) or image
        stream.finish_sending()
        for response in stream:
            image = _show(response, report, is_quiet=line.flag("quiet")) or image
    if line.text("iidfile"):
        with open(line.text("iidfile"), "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(image)
    if line.flag("quiet"):
        say(image)
    return 0


def _header(line: Line, folder: str) -> BuildRequest.Header:
    return BuildRequest.Header(
        dockerfile=_dockerfile_in_context(folder, line.text("file")),
        tags=line.many("tag"),
        build_args=dict(_argument(word) for word in line.many("build-arg")),
        labels=labels(line.many("label"), []),
        target=line.text("target"),
        no_cache=line.flag("no-cache"),
        pull=line.flag("pull"),
        platform=parse_platform(line.text("platform")),
        network_mode=line.text("network"),
        quiet=line.flag("quiet"),
        extra_hosts=line.many("add-host"),
        credentials=_credentials(folder, line.text("file")),
    )


def _argument(word: str) -> tuple[str, str]:
    """A build argument; a name alone takes the value that it has here."""
    name, separator, value = word.partition("=")
    return name, value if separator else os.environ.get(name, "")


def _dockerfile_in_context(folder: str, file: str) -> str:
    """Path of the Dockerfile below the context."""
    if not file or folder == "-":
        return file
    inside = os.path.relpath(file, folder)
    if inside.startswith(".."):
        raise UsageError(f"the Dockerfile {file} must lie in the context {folder}")
    return inside


def _credentials(folder: str, file: str) -> dict[str, Credentials]:
    """Credentials for the base images that a Dockerfile names in so many words."""
    path = file or os.path.join(folder, "Dockerfile")  # noqa: PTH118
    found = {}
    try:
        with open(path, encoding="utf-8") as dockerfile:  # noqa: PTH123
            words = [line.split() for line in dockerfile]
    except OSError:
        return {}
    for line in words:
        images = [word for word in line[1:] if not word.startswith("--")] if line[:1] in (["FROM"], ["from"]) else []
        if images and (credentials := find_credentials(images[0])) is not None:
            found[images[0]] = credentials
    return found


def _context(folder: str, file: str) -> Iterator[bytes]:
    """Bytes of the context's tar: packed here, or as it comes on stdin."""
    if folder == "-":
        while piece := os.read(0, MAX_DATA_BYTES):
            yield piece
        return
    if not os.path.isdir(folder):  # noqa: PTH112
        raise UsageError(f"there is no directory {folder}: the context is a directory, or - for a tar on stdin")
    packed = _Pieces()
    with tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
        for name in context_files(folder, _dockerfile_in_context(folder, file) or "Dockerfile"):
            tar.add(os.path.join(folder, name), arcname=name, recursive=False)  # noqa: PTH118
            yield from packed.take(MAX_DATA_BYTES)
    yield from packed.take(1)


class _Pieces:
    """A file to write to whose bytes are taken in pieces."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def write(self, content: bytes) -> int:
        self._pending += content
        return len(content)

    def take(self, least_bytes: int) -> Iterator[bytes]:
        while len(self._pending) >= least_bytes:
            yield bytes(self._pending[:MAX_DATA_BYTES])
            del self._pending[:MAX_DATA_BYTES]


def _show(response: BuildResponse, report: PullReport, *, is_quiet: bool) -> str:
    """Show one event; gives the image's ID once it is there."""
    kind = response.WhichOneof("event")
    if kind == "text" and not is_quiet:
        sys.stdout.write(response.text)
        sys.stdout.flush()
    elif kind == "pull":
        report.show(response.pull)
    return response.image.id if kind == "image" else ""


COMMANDS = {
    "build": Command(
        name="build",
        usage="DIR|-",
        summary="Build an image from a Dockerfile and the directory around it",
        run=run,
        least=1,
        most=1,
        options=(
            many("--add-host", "NAME:ADDRESS", "Line for /etc/hosts of RUN steps"),
            many("--build-arg", "NAME[=VALUE]", "Value of an ARG; without one, the one it has here"),
            text("-f --file", "FILE", "Dockerfile, if it is not DIR/Dockerfile", complete="file"),
            text("--iidfile", "FILE", "Write the image's ID to a file", complete="file"),
            many("--label", "KEY[=VALUE]", "Label the image"),
            text("--network", "NETWORK", "Network of RUN steps", complete="network"),
            flag("--no-cache", "Do every step anew"),
            text("--platform", "OS/ARCH", "What the image is to run on"),
            flag("--pull", "Pull base images although they are here"),
            flag("-q --quiet", "Print the image's ID only"),
            many("-t --tag", "NAME[:TAG]", "Name for the image"),
            text("--target", "STAGE", "Build up to this stage"),
        ),
        notes="What .dockerignore names stays here. With '-' the context is a tar on stdin.",
        examples="""
            strata build -t app:1 .  # of the Dockerfile here
            strata build --target test --build-arg VERSION=2 .  # a stage of it
            git archive HEAD | strata build -t app:1 -  # exactly what is committed
        """,
        complete=("path",),
    )
}
