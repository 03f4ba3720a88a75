"""``.dockerignore``: which paths of a context are left out.

Source: the Dockerfile reference, ".dockerignore file"; moby/patternmatcher.
"""

from collections.abc import Callable
from itertools import accumulate

from strata_gateway.core.build.globs import Matcher, glob


def ignorer(text: str) -> Callable[[str], bool]:
    """Whether a path (relative, with slashes) is left out; the last pattern that matches decides."""
    patterns = [_pattern(line) for line in text.splitlines() if _is_pattern(line)]

    def is_ignored(path: str) -> bool:
        # What matches a folder matches all that is in it.
        places = list(accumulate(path.split("/"), "{}/{}".format))
        deciding = (keeps for matches, keeps in reversed(patterns) if any(map(matches, places)))
        return not next(deciding, True)

    return is_ignored


def _is_pattern(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and not line.startswith("#") and stripped not in {"!", ".", "/"}


def _pattern(line: str) -> tuple[Matcher, bool]:
    """What a line matches, and whether that is kept."""
    stripped = line.strip()
    parts = [part for part in stripped.removeprefix("!").strip().split("/") if part not in {"", "."}]
    return glob("/".join(parts)), stripped.startswith("!")
