"""Build: stages in order, instruction by instruction, and at last the image under its names."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing

from strata.gateway.v1 import gateway_pb2 as pb
from strata.oci.v1 import oci_pb2
from strata.store.v1 import store_pb2 as store_pb
from strata_chassis.errors import InvalidArgument, NotFound
from strata_gateway.adapters.host import Host
from strata_gateway.adapters.peers import Peers
from strata_gateway.adapters.spool import SpoolFolder
from strata_gateway.core.build.stages import (
    PREDEFINED_ARGS,
    SCRATCH,
    Stage,
    declared_args,
    global_args,
    needed_stages,
    stage_named,
    stages_of,
    target_stage,
)
from strata_gateway.core.dockerfile.flags import checked
from strata_gateway.core.dockerfile.instruction import DockerfileError, Instruction
from strata_gateway.core.dockerfile.metadata import apply
from strata_gateway.core.dockerfile.parser import parse, parse_trigger
from strata_gateway.core.image_config import base_config, encoded
from strata_gateway.engine.build.copies import Source, arguments_of, copy
from strata_gateway.engine.build.running import run
from strata_gateway.engine.build.session import BuildSession, drop_images, parsed_config
from strata_gateway.engine.build.sources import context_of, image_source
from strata_gateway.engine.build.state import StageState
from strata_gateway.engine.commit import full_names
from strata_gateway.engine.layers import lease
from strata_gateway.engine.pull import find_image, pull
from strata_oci.errors import MalformedError
from strata_oci.reference import Reference

Steps = AsyncGenerator[pb.BuildResponse, None]
_ID_DIGITS = 12
_MAX_DOCKERFILE_BYTES = 1 << 20


async def build(peers: Peers, host: Host, folder: SpoolFolder, requests: AsyncIterator[pb.BuildRequest]) -> Steps:
    """Build an image; ``requests`` begins with the header. Yields text and progress, the image last."""
    first = await anext(requests, None)
    if first is None or first.WhichOneof("message") != "header":
        raise InvalidArgument("the first message of Build must be its header", reason="HEADER_MISSING")
    names = [name for tag in first.header.tags for name in full_names(tag)]
    intermediates: set[str] = set()
    kept = ""
    try:
        async with lease(peers, "build") as lease_name:
            session = BuildSession(peers, host, folder, first.header, lease_name, intermediates)
            async with context_of(session, requests) as context, aclosing(_steps(session, context, names)) as steps:
                async for step in steps:
                    kept = step.image.digest or kept
                    yield step
    finally:
        await drop_images(peers, intermediates - {kept})


async def _steps(session: BuildSession, context: Source, names: list[str]) -> Steps:
    try:
        async with aclosing(_Build(session, context).steps(names)) as steps:
            async for step in steps:
                yield step
    except DockerfileError as error:
        raise InvalidArgument(str(error), reason="DOCKERFILE_INVALID") from error


class _Build:
    """One build: the file's stages, and where those that were built stand."""

    def __init__(self, session: BuildSession, context: Source) -> None:
        self._session = session
        self._context = context
        self._args = dict(session.header.build_args)
        self._dockerfile = parse(_text_of(context, session.header.dockerfile or "Dockerfile"))
        checked(self._dockerfile.instructions)
        self._stages = stages_of(self._dockerfile, self._args)
        self._globals = global_args(self._dockerfile, self._args)
        self._built: dict[int, StageState] = {}
        self._step = 0

    async def steps(self, names: list[str]) -> Steps:
        target = target_stage(self._stages, self._session.header.target)
        needed = needed_stages(self._stages, target)
        self._total = sum(1 + len(stage.instructions) for stage in needed)
        for stage in needed:
            async for response in self._stage(stage):
                yield response
        state = self._built[target.number]
        self._add_labels(state, self._session.header.labels)
        request = store_pb.CreateImageRequest(config=encoded(state.config), names=names, lease=self._session.lease)
        image = (await self._session.peers.store.CreateImage(request)).image
        short = image.id.partition(":")[2][:_ID_DIGITS]
        lines = [f"Successfully built {short}", *(f"Successfully tagged {_familiar(name)}" for name in names)]
        for line in lines:  # one message each: clients look for the first
            yield _text(f"{line}\n")
        yield pb.BuildResponse(image=image)

    async def _stage(self, stage: Stage) -> Steps:
        alias = f" AS {stage.name}" if stage.name else ""
        yield self._announce(f"FROM {stage.base}{alias}")
        state = None
        if stage.follows is not None:
            base = self._built[stage.follows]
            state = StageState(base.config, base.image)
        elif stage.base == SCRATCH:
            state = StageState(base_config("linux", self._session.host.architecture))
        else:
            async for response in self._pulled(stage):
                yield response
            got = await self._session.peers.store.GetImage(store_pb.GetImageRequest(image=stage.base))
            await self._hold(got.image.digest)
            state = StageState(parsed_config(got.config), got.image.digest)
        self._built[stage.number] = state
        for instruction in [*_triggers(state), *stage.instructions]:
            yield self._announce(f"{instruction.keyword} {instruction.rest}")
            async for text in self._instruction(stage, state, instruction):
                yield _text(text)

    async def _pulled(self, stage: Stage) -> Steps:
        """Have the base image here."""
        here = await find_image(self._session.peers, stage.base)
        if here is not None and not self._session.header.pull:
            return
        platform = _platform(stage.platform) or (
            self._session.header.platform if self._session.header.HasField("platform") else None
        )
        request = pb.PullRequest(reference=stage.base, platform=platform, credentials=self._credentials_for(stage.base))
        async for step in pull(self._session.peers, request):
            yield pb.BuildResponse(pull=step)

    def _credentials_for(self, image: str) -> oci_pb2.Credentials | None:
        try:
            domain = Reference.parse(image).domain
        except MalformedError:
            return None
        known = self._session.header.credentials
        return known.get(domain)

    async def _hold(self, digest: str) -> None:
        request = store_pb.CreateLeaseRequest(name=self._session.lease, images=[digest])
        await self._session.peers.store.CreateLease(request)

    async def _instruction(
        self, stage: Stage, state: StageState, instruction: Instruction
    ) -> AsyncGenerator[str, None]:
        escape = self._dockerfile.escape
        match instruction.keyword:
            case "ARG":
                self._declare(state, instruction)
            case "MAINTAINER":
                state.config = {**state.config, "author": instruction.rest}
                state.image = ""
            case "RUN":
                async for text in run(self._session, state, instruction):
                    yield text
            case "COPY" | "ADD":
                async for text in self._copy(stage, state, instruction):
                    yield text
            case _:
                execution = apply(state.execution, instruction, state.variables(), escape)
                created_by = f"/bin/sh -c #(nop)  {instruction.keyword} {instruction.rest}"
                self._session.advance(state, created_by, None, execution)

    async def _copy(self, stage: Stage, state: StageState, instruction: Instruction) -> AsyncGenerator[str, None]:
        escape, source_name = self._dockerfile.escape, instruction.flag("from")
        if not source_name:
            async for text in copy(self._session, state, instruction, self._context, escape):
                yield text
            return
        digest = await self._image_named(stage, source_name)
        async with image_source(self._session, digest, arguments_of(instruction, state, escape)) as source:
            async for text in copy(self._session, state, instruction, source, escape):
                yield text

    async def _image_named(self, stage: Stage, name: str) -> str:
        """Manifest digest of an earlier stage, or of an image."""
        earlier = stage_named(self._stages[: stage.number], name)
        if earlier is not None:
            return await self._session.image_of(self._built[earlier.number])
        here = await find_image(self._session.peers, name)
        if here is None:
            request = pb.PullRequest(reference=name, credentials=self._credentials_for(name))
            async for step in pull(self._session.peers, request):
                if step.WhichOneof("event") == "pulled":
                    here = step.pulled.image
        if here is None:
            raise NotFound(f"No such image: {name}", reason="IMAGE_UNKNOWN", metadata={"image": name})
        await self._hold(here.digest)
        return here.digest

    def _declare(self, state: StageState, instruction: Instruction) -> None:
        for name, default in declared_args(instruction, state.variables(), self._dockerfile.escape):
            inherited = self._globals.get(name) if default is None else default
            value = self._args.get(name, inherited)
            if value is not None:
                state.args[name] = value
        state.args |= {name: value for name, value in self._args.items() if name in PREDEFINED_ARGS}

    def _add_labels(self, state: StageState, labels: Mapping[str, str]) -> None:
        if labels:
            merged = {**(state.execution.get("Labels") or {}), **labels}
            text = " ".join(f'"{key}"="{value}"' for key, value in sorted(labels.items()))
            self._session.advance(
                state, f"/bin/sh -c #(nop)  LABEL {text}", None, {**state.execution, "Labels": merged}
            )

    def _announce(self, what: str) -> pb.BuildResponse:
        self._step += 1
        return _text(f"Step {self._step}/{self._total} : {what}\n")


def _text_of(context: Source, path: str) -> str:
    try:
        return context.index.read(path.removeprefix("./"), _MAX_DOCKERFILE_BYTES).decode("utf-8")
    except KeyError:
        raise InvalidArgument(
            f"Cannot locate specified Dockerfile: {path}", reason="DOCKERFILE_INVALID", metadata={"path": path}
        ) from None
    except UnicodeDecodeError as error:
        raise InvalidArgument(f"{path} is no UTF-8 text", reason="DOCKERFILE_INVALID") from error


def _triggers(state: StageState) -> list[Instruction]:
    """ONBUILD instructions of the base image, which are carried out once and not inherited."""
    triggers = state.execution.get("OnBuild") or []
    if triggers:
        state.config = {**state.config, "config": {**state.execution, "OnBuild": None}}
        state.image = ""
    return list(checked(map(parse_trigger, triggers)))


def _platform(text: str) -> oci_pb2.Platform | None:
    if not text:
        return None
    os, _, rest = text.partition("/")
    architecture, _, variant = rest.partition("/")
    return oci_pb2.Platform(os=os, architecture=architecture, variant=variant)


def _familiar(name: str) -> str:
    return Reference.parse(name).familiar


def _text(text: str) -> pb.BuildResponse:
    return pb.BuildResponse(text=text)
