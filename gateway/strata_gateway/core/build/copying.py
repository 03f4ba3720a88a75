"""What a COPY or ADD copies: sources chosen from a list of paths, and where each of them goes.

Source: the Dockerfile reference, COPY.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from strata_gateway.core.build.globs import glob
from strata_gateway.core.dockerfile.instruction import DockerfileError

_WILDCARDS = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Destination:
    """``folder`` is a path in the image; with ``is_folder`` sources go into it, otherwise one source becomes it."""

    path: str
    is_folder: bool


def plain_path(path: str) -> str:
    """A path of a context without ``.``, ``..`` and slashes at its ends; never leads out."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def has_wildcard(source: str) -> bool:
    """Whether a source is a pattern."""
    return _WILDCARDS.search(source) is not None


def fixed_prefix(source: str) -> str:
    """The folders of a source in front of its first pattern; the source itself if it has none."""
    parts = plain_path(source).split("/")
    fixed: list[str] = []
    for part in parts:
        if has_wildcard(part):
            break
        fixed.append(part)
    return "/".join(fixed)


def matches(source: str, paths: Mapping[str, bool]) -> list[str]:
    """Paths that a source names, in order; ``paths`` says of each whether it is a folder. Raises DockerfileError."""
    plain = plain_path(source)
    if not plain:
        return [""]
    found = [plain] if plain in paths else []
    if has_wildcard(plain):
        found = sorted(filter(glob(plain), paths))
    if not found:
        raise DockerfileError(f"COPY failed: file not found in build context: {source}: no such file or directory")
    return found


def placed(
    sources: Sequence[str], destination: Destination, paths: Mapping[str, bool], is_left_out: Callable[[str], bool]
) -> dict[str, str]:
    """Where every path goes: names in the image by names in the context; contents of folders are copied, not they."""
    chosen = [path for source in sources for path in matches(source, paths)]
    result: dict[str, str] = {}
    for path in chosen:
        is_folder = path == "" or paths.get(path, False)
        if not is_folder:
            name = path.rpartition("/")[2]
            result[path] = f"{destination.path}/{name}" if destination.is_folder else destination.path
            continue
        prefix = f"{path}/" if path else ""
        for candidate in paths:
            if candidate.startswith(prefix) and candidate != path:
                result[candidate] = f"{destination.path}/{candidate[len(prefix) :]}"
    return {path: re.sub("/+", "/", target) for path, target in result.items() if not is_left_out(path)}
