"""COPY and ADD: members of the context, of a stage or of an image become a layer, as tars all the way."""

import stat
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from strata.runtime.v1 import container_pb2, runtime_pb2
from strata_chassis.errors import FailedPrecondition, InvalidArgument, NotFound, Unimplemented
from strata_gateway.adapters.spool import Spool, SpoolFolder
from strata_gateway.adapters.tars import Rewriting, TarIndex, write_members
from strata_gateway.core.build.copying import Destination, fixed_prefix, placed, plain_path
from strata_gateway.core.build.keys import step_key
from strata_gateway.core.build.owners import mode_of, owner_of
from strata_gateway.core.dockerfile.arguments import json_array
from strata_gateway.core.dockerfile.expansion import expand, expand_document, split_words
from strata_gateway.core.dockerfile.instruction import DockerfileError, Instruction
from strata_gateway.core.dockerfile.metadata import joined_path
from strata_gateway.engine.build.heredocs import heredoc_tar
from strata_gateway.engine.build.session import BuildSession
from strata_gateway.engine.build.state import StageState
from strata_gateway.engine.layers import import_layer

_ARCHIVE_MAGICS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_USTAR_AT = 257


@dataclass(frozen=True)
class Source:
    """Where things are copied from: an index, what it leaves out, and where sources are that lead over links."""

    index: TarIndex
    is_left_out: Callable[[str], bool]
    real_paths: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Arguments:
    """Arguments of a COPY or ADD, variables put in."""

    sources: tuple[str, ...]
    destination: str


def arguments_of(instruction: Instruction, state: StageState, escape: str) -> Arguments:
    """Sources and destination; an absolute path, with a slash at its end if it was written with one."""
    words = json_array(instruction.rest)
    words = split_words(instruction.rest, escape) if words is None else words
    expanded = [expand(word, state.variables(), escape) for word in words]
    if len(expanded) < 2:  # noqa: PLR2004 - a source and a destination
        raise DockerfileError(
            f"{instruction.keyword} requires at least two arguments, but only one was provided", instruction.line
        )
    destination = joined_path(state.execution.get("WorkingDir") or "/", expanded[-1])
    is_folder = expanded[-1].endswith(("/", "/.")) or expanded[-1] == "."
    return Arguments(tuple(expanded[:-1]), f"{destination.rstrip('/')}/" if is_folder else destination)


async def copy(
    session: BuildSession, state: StageState, instruction: Instruction, source: Source, escape: str
) -> AsyncGenerator[str, None]:
    """Carry out the step; yields text for the user."""
    arguments = arguments_of(instruction, state, escape)
    instruction = _with_documents(instruction, state, escape)
    with ExitStack() as stack:
        destination, owner = await _looked_up(session, state, instruction, arguments)
        rewriting = Rewriting(owner, mode_of(instruction.flag("chmod")), session.latest_mtime_s)
        index, targets = await _chosen(session.folder, stack, instruction, (arguments, destination), source)
        digest = await Spool.in_thread(index.digest, targets, rewriting)
        key = step_key(state.config, ["COPY", destination.path, str(destination.is_folder), digest])
        layer = await session.cached(key)
        if layer is not None:
            yield " ---> Using cache\n"
        else:
            tar = stack.enter_context(await Spool.in_thread(write_members, index, targets, rewriting, session.folder))
            layer = await session.remember(key, await _layer(session, state, tar))
    created_by = f"/bin/sh -c #(nop) {instruction.keyword} file:{digest} in {destination.path} "
    session.advance(state, created_by, layer)


def _with_documents(instruction: Instruction, state: StageState, escape: str) -> Instruction:
    """The instruction with variables put into its heredocs."""
    documents = tuple(
        replace(document, content=expand_document(document.content, state.variables(), escape))
        if document.expands
        else document
        for document in instruction.heredocs
    )
    return replace(instruction, heredocs=documents)


async def _chosen(
    folder: SpoolFolder,
    stack: ExitStack,
    instruction: Instruction,
    asked: tuple[Arguments, Destination],
    source: Source,
) -> tuple[TarIndex, dict[str, str]]:
    """What is copied, and where each goes."""
    arguments, destination = asked
    if instruction.heredocs:
        spool = stack.enter_context(heredoc_tar(folder, instruction.heredocs))
        return TarIndex(spool.file), {
            document.name: f"{destination.path}/{document.name}" if destination.is_folder else destination.path
            for document in instruction.heredocs
        }
    if instruction.keyword == "ADD" and (archive := _archive_in(source, arguments)):
        spool = stack.enter_context(Spool(folder))
        await spool.fill(_member_data(source.index, archive))
        index = await Spool.in_thread(TarIndex, spool.file)
        return index, {path: f"{destination.path}/{path}" for path in index.members}
    return source.index, await Spool.in_thread(_placed, arguments, destination, source)


def _placed(arguments: Arguments, destination: Destination, source: Source) -> dict[str, str]:
    sources = [source.real_paths.get(text, text) for text in arguments.sources]
    return placed(sources, destination, source.index.kinds(), source.is_left_out)


def _archive_in(source: Source, arguments: Arguments) -> str:
    """The one source of an ADD, if it is a tar, which ADD takes apart; "" otherwise."""
    if any("://" in text for text in arguments.sources):
        raise Unimplemented("ADD of a URL is not done: fetch it with RUN", reason="BUILD_FLAG_UNSUPPORTED")
    path = plain_path(arguments.sources[0])
    member = source.index.members.get(path)
    if len(arguments.sources) != 1 or member is None or not member.isreg():
        return ""
    head = source.index.read(path, 512)
    if head.startswith(_ARCHIVE_MAGICS[1:]):
        raise Unimplemented("ADD takes apart tars that are plain or gzip", reason="BUILD_FLAG_UNSUPPORTED")
    return path if head.startswith(_ARCHIVE_MAGICS) or head[_USTAR_AT : _USTAR_AT + 5] == b"ustar" else ""


async def _member_data(index: TarIndex, path: str) -> AsyncIterator[bytes]:
    for piece in index.data(index.members[path]):
        yield piece


async def _looked_up(
    session: BuildSession, state: StageState, instruction: Instruction, arguments: Arguments
) -> tuple[Destination, tuple[int, int] | None]:
    """Destination and owner, for both of which the image may have to be looked into."""
    path = arguments.destination
    is_folder = path.endswith("/") or len(arguments.sources) > 1
    chown = expand(instruction.flag("chown"), state.variables())
    needs_names = bool(chown) and not chown.replace(":", "").isdecimal()
    owner: tuple[int, int] | None = owner_of(chown, "", "") if chown and not needs_names else (0, 0)
    if instruction.keyword == "COPY" and instruction.flag("from") and not chown:
        owner = None  # files of another image keep their owners
    if (is_folder or not state.diff_ids) and not needs_names:
        return Destination(path.rstrip("/") or "", is_folder or path == "/"), owner
    spec = container_pb2.ContainerSpec(image="build", image_digest=await session.image_of(state))
    async with session.container(spec) as container:
        is_folder = is_folder or await leads_to_folder(session, container, path)
        if needs_names:
            passwd, group = [await _read(session, container, name) for name in ("/etc/passwd", "/etc/group")]
            owner = owner_of(chown, passwd, group)
    return Destination(path.rstrip("/"), is_folder), owner


async def leads_to_folder(session: BuildSession, container: str, path: str) -> bool:
    """Whether a path of the image is a folder, or a link to one."""
    request = runtime_pb2.StatPathRequest(container=container, path=f"{path.rstrip('/')}/.")
    try:
        found = await session.peers.runtime.StatPath(request)
    except (NotFound, InvalidArgument, FailedPrecondition):
        return False
    return stat.S_ISDIR(found.stat.mode)


async def _read(session: BuildSession, container: str, path: str) -> str:
    """A small file of a container; empty when there is none."""
    with Spool(session.folder) as spool:
        try:
            await spool.fill(copied_out(session, container, path))
        except NotFound:
            return ""
        index = TarIndex(spool.file)
        contents = [index.read(name) for name in index.members]
    return b"".join(contents).decode("utf-8", "replace")


async def copied_out(session: BuildSession, container: str, path: str) -> AsyncIterator[bytes]:
    """A path of a container as a tar."""
    request = runtime_pb2.CopyOutRequest(container=container, path=path)
    async for response in session.peers.runtime.CopyOut(request):
        yield response.data


async def _layer(session: BuildSession, state: StageState, tar: Spool) -> str:
    """DiffID of a layer with the tar's members.

    On an image that has files, they are copied into a container of it: the runtime knows links and folders there, and
    what did not change is not looked at. On an empty image the tar is the layer.
    """
    if not state.diff_ids:
        return (await import_layer(session.peers, session.lease, tar.whole())).diff_id
    spec = container_pb2.ContainerSpec(image="build", image_digest=await session.image_of(state))
    async with session.container(spec) as container:
        await session.peers.runtime.CopyIn(_copy_requests(container, tar))
        return await session.layer_of_changes(container)


async def _copy_requests(container: str, tar: Spool) -> AsyncIterator[runtime_pb2.CopyInRequest]:
    yield runtime_pb2.CopyInRequest(
        header=runtime_pb2.CopyInRequest.Header(container=container, path="/", keep_owner=True)
    )
    async for piece in tar.whole():
        yield runtime_pb2.CopyInRequest(data=piece)


def prefix_of(sources: Iterable[str]) -> str:
    """The deepest folder or path that all sources are in or below."""
    prefixes = [fixed_prefix(source).split("/") for source in sources]
    common: list[str] = []
    for parts in zip(*prefixes, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return "/".join(common)
