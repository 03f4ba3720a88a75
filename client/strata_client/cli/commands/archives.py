"""Commands that write or read tars: export, import, save, load."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import IO

from strata.gateway.v1.gateway_pb2 import (
    ImportImageRequest,
    ImportImageResponse,
    LoadImagesRequest,
    LoadImagesResponse,
    SaveImagesRequest,
    SaveImagesResponse,
)
from strata.runtime.v1.runtime_pb2 import ExportFilesystemRequest, ExportFilesystemResponse

from strata_chassis.errors import StrataError
from strata_client.cli.context import Context, say
from strata_client.cli.names import familiar
from strata_client.cli.options import Command, flag, many, text
from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.platforms import parse_platform
from strata_client.cli.session import write_all
from strata_client.cli.terminal import is_terminal
from strata_client.gateway import MAX_DATA_BYTES

_OUTPUT = text("-o --output", "FILE", "Write to a file instead of stdout", complete="file")


def _export(line: Line, context: Context) -> int:
    request = ExportFilesystemRequest(container=line.arguments[0])
    with context.connect() as gateway, gateway.stream(request, ExportFilesystemResponse) as stream:
        _write(line.text("output"), (response.data for response in stream))
    return 0


def _save(line: Line, context: Context) -> int:
    request = SaveImagesRequest(images=line.arguments)
    with context.connect() as gateway, gateway.stream(request, SaveImagesResponse) as stream:
        _write(line.text("output"), (response.data for response in stream))
    return 0


def _write(output: str, pieces: Iterable[bytes]) -> None:
    """Write to a file, whole or not at all, or to stdout unless that is a terminal."""
    if not output:
        if is_terminal(1):
            raise UsageError("a tar is nothing to look at: use --output FILE, or a pipe")
        for piece in pieces:
            write_all(1, piece)
        return
    unfinished = f"{output}.part"
    try:
        with open(unfinished, "wb") as file:  # noqa: PTH123
            file.writelines(pieces)
        os.replace(unfinished, output)  # noqa: PTH105
    except (OSError, StrataError):
        if os.path.exists(unfinished):  # noqa: PTH110
            os.unlink(unfinished)  # noqa: PTH108
        raise


def _import(line: Line, context: Context) -> int:
    header = ImportImageRequest.Header(
        reference=line.arguments[1] if len(line.arguments) > 1 else "",
        message=line.text("message"),
        changes=line.many("change"),
        platform=parse_platform(line.text("platform")),
    )
    with context.connect() as gateway, gateway.open(ImportImageRequest, ImportImageResponse) as stream:
        stream.send(ImportImageRequest(header=header))
        for piece in _read(line.arguments[0]):
            stream.send(ImportImageRequest(data=piece))
            stream.drain()
        stream.finish_sending()
        response = stream.receive()
    if response is not None:
        say(response.image.id)
    return 0


def _load(line: Line, context: Context) -> int:
    with context.connect() as gateway, gateway.open(LoadImagesRequest, LoadImagesResponse) as stream:
        for piece in _read(line.text("input") or "-"):
            stream.send(LoadImagesRequest(data=piece))
            stream.drain()
        stream.finish_sending()
        for response in stream:
            if response.WhichOneof("event") == "image":
                names = [familiar(name) for name in response.image.names] or [response.image.id]
                say(f"Loaded image: {', '.join(names)}")
    return 0


def _read(file: str) -> Iterator[bytes]:
    """Read a file, or stdin for "-", in pieces that fit a message."""
    with ExitStack() as stack:
        if file == "-":
            if is_terminal(0):
                raise UsageError("nothing to read: name a file, or send a tar to stdin")
            opened: IO[bytes] = sys.stdin.buffer
        else:
            try:
                opened = stack.enter_context(open(file, "rb"))  # noqa: PTH123
            except OSError as error:
                raise UsageError(f"cannot read {file}: {error.strerror}") from None
        while piece := opened.read(MAX_DATA_BYTES):
            yield piece


COMMANDS = {
    "export": Command(
        name="export",
        usage="CONTAINER",
        summary="Write a container's whole file system as a tar",
        run=_export,
        least=1,
        most=1,
        options=(_OUTPUT,),
        examples="strata export web | tar t  # to stdout",
        complete=("container",),
    ),
    "import": Command(
        name="import",
        usage="FILE|- [NAME[:TAG]]",
        summary="Make an image of the tar of a root file system",
        run=_import,
        least=1,
        most=2,
        options=(
            many("-c --change", "INSTRUCTION", 'Dockerfile instruction to apply: CMD ["sh"], ENV A=1'),
            text("-m --message", "TEXT", "Message for the image's history"),
            text("--platform", "OS/ARCH", "What it runs on"),
        ),
        examples="strata export box | strata import - flat:1  # all layers as one",
        complete=("path", "image"),
    ),
    "save": Command(
        name="save",
        usage="IMAGE [IMAGE...]",
        summary="Write images as a tar that strata, docker and podman can load",
        run=_save,
        least=1,
        most=None,
        options=(_OUTPUT,),
        examples="strata save -o images.tar debian:12 app:1  # both, with their names",
        complete=("image",),
    ),
    "load": Command(
        name="load",
        usage="",
        summary="Read images that strata, docker or podman saved",
        run=_load,
        options=(
            text("-i --input", "FILE", "Read a file instead of stdin", complete="file"),
            flag("-q --quiet", "Accepted for docker's sake"),
        ),
        examples="docker save app:1 | strata load  # from another engine",
    ),
}
