"""A Dockerfile as stages: what each begins from, which are needed, and what variables hold.

Source: the Dockerfile reference, FROM, ARG and "Multi-stage builds".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strata_gateway.core.dockerfile.expansion import expand, split_words
from strata_gateway.core.dockerfile.instruction import DockerfileError, Instruction
from strata_gateway.core.dockerfile.parser import Dockerfile

SCRATCH = "scratch"
_FROM = re.compile(r"(\S+)(?:\s+[aA][sS]\s+([a-z][a-z0-9_.-]*))?")
PREDEFINED_ARGS = frozenset(
    name
    for text in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (text, text.lower())
)
"""Arguments that need no ARG instruction and leave no trace in the history."""


@dataclass(frozen=True)
class Stage:
    """``base`` is an image, "scratch", or an earlier stage's number as text if ``follows`` is set."""

    number: int
    name: str
    base: str
    follows: int | None
    platform: str
    instructions: tuple[Instruction, ...]


def stages_of(dockerfile: Dockerfile, build_args: Mapping[str, str]) -> list[Stage]:
    """All stages. Raises DockerfileError."""
    globals_, rest = _global_args(dockerfile, build_args)
    stages: list[Stage] = []
    for instruction in rest:
        if instruction.keyword == "FROM":
            stages.append(_begin(instruction, stages, globals_, dockerfile.escape))
        elif not stages:
            raise DockerfileError("no build stage in current context", instruction.line)
        else:
            last = stages[-1]
            stages[-1] = Stage(
                last.number, last.name, last.base, last.follows, last.platform, (*last.instructions, instruction)
            )
    if not stages:
        raise DockerfileError("file with no instructions")
    return stages


def global_args(dockerfile: Dockerfile, build_args: Mapping[str, str]) -> dict[str, str]:
    """Values of the ARGs in front of the first FROM."""
    return _global_args(dockerfile, build_args)[0]


def _global_args(dockerfile: Dockerfile, build_args: Mapping[str, str]) -> tuple[dict[str, str], Sequence[Instruction]]:
    values: dict[str, str] = {}
    for index, instruction in enumerate(dockerfile.instructions):
        if instruction.keyword != "ARG":
            return values, dockerfile.instructions[index:]
        for name, default in declared_args(instruction, values, dockerfile.escape):
            values[name] = build_args.get(name, default or "")
    return values, ()


def declared_args(instruction: Instruction, variables: Mapping[str, str], escape: str) -> list[tuple[str, str | None]]:
    """Names and defaults of an ARG instruction; None for one without a default."""
    found: list[tuple[str, str | None]] = []
    for word in split_words(instruction.rest, escape):
        name, separator, default = word.partition("=")
        found.append((name, expand(default, variables, escape) if separator else None))
    return found


def _begin(instruction: Instruction, stages: Sequence[Stage], variables: Mapping[str, str], escape: str) -> Stage:
    match = _FROM.fullmatch(instruction.rest.strip())
    if match is None:
        raise DockerfileError("FROM requires either one or three arguments", instruction.line)
    base = expand(match[1], variables, escape)
    if not base:
        raise DockerfileError(f"base name ({match[1]}) should not be blank", instruction.line)
    follows = next((stage.number for stage in reversed(stages) if stage.name and stage.name == base.lower()), None)
    platform = expand(instruction.flag("platform"), variables, escape)
    return Stage(len(stages), match[2] or "", base, follows, platform, ())


def target_stage(stages: Sequence[Stage], target: str) -> Stage:
    """The stage to build. Raises DockerfileError for a target there is not."""
    if not target:
        return stages[-1]
    found = stage_named(stages, target)
    if found is None:
        raise DockerfileError(f"target stage {target!r} could not be found")
    return found


def stage_named(stages: Sequence[Stage], text: str) -> Stage | None:
    """The stage of a name or number."""
    for stage in stages:
        if (stage.name and stage.name == text.lower()) or text == str(stage.number):
            return stage
    return None


def needed_stages(stages: Sequence[Stage], target: Stage) -> list[Stage]:
    """The target and all stages it stands on or copies from, in order."""
    needed: set[int] = set()
    waiting = [target]
    while waiting:
        stage = waiting.pop()
        if stage.number in needed:
            continue
        needed.add(stage.number)
        if stage.follows is not None:
            waiting.append(stages[stage.follows])
        for instruction in stage.instructions:
            source = stage_named(stages[: stage.number], instruction.flag("from")) if instruction.flag("from") else None
            if source is not None:
                waiting.append(source)
    return [stage for stage in stages if stage.number in needed]
