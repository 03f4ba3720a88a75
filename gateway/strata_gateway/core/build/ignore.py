"""``.dockerignore``: which paths of a context are left out.

Source: the Dockerfile reference, ".dockerignore file"; moby/patternmatcher.
"""

import re
from collections.abc import Callable

_WILDCARDS = (("**/", "(?:.*/)?"), ("**", ".*"), ("*", "[^/]*"), ("?", "[^/]"))
_Matcher = tuple[re.Pattern[str], bool]


def ignorer(text: str) -> Callable[[str], bool]:
    """Whether a path (relative, with slashes) is left out; the last pattern that matches decides."""
    matchers = [_matcher(line) for line in text.splitlines() if _is_pattern(line)]

    def is_ignored(path: str) -> bool:
        ignored = False
        for pattern, keeps in matchers:
            if pattern.fullmatch(path):
                ignored = not keeps
        return ignored

    return is_ignored


def _is_pattern(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and not line.startswith("#") and stripped not in {"!", ".", "/"}


def _matcher(line: str) -> _Matcher:
    stripped = line.strip()
    keeps = stripped.startswith("!")
    parts = [part for part in stripped.removeprefix("!").strip().split("/") if part not in {"", "."}]
    # What matches a folder matches all that is in it.
    return re.compile(glob_expression("/".join(parts)) + r"(?:/.*)?", re.DOTALL), keeps


def glob_expression(pattern: str) -> str:
    """A regular expression for Go's filepath.Match with ``**`` for any number of folders."""
    expression, position = "", 0
    while position < len(pattern):
        piece, position = _piece(pattern, position)
        expression += piece
    return expression


def _piece(pattern: str, position: int) -> tuple[str, int]:
    """Expression of what stands at ``position``, and where the next piece begins."""
    for wildcard, expression in _WILDCARDS:
        if pattern.startswith(wildcard, position):
            return expression, position + len(wildcard)
    character = pattern[position]
    if character == "\\" and position + 1 < len(pattern):
        return re.escape(pattern[position + 1]), position + 2
    end = pattern.find("]", position + 2) if character == "[" else -1
    if end > 0:
        return _character_class(pattern[position + 1 : end]), end + 1
    return re.escape(character), position + 1


def _character_class(inner: str) -> str:
    negated = inner[:1] in {"^", "!"}
    body = inner[1:] if negated else inner
    safe = body.replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
    try:
        re.compile(f"[{safe}]")
    except re.error:
        return re.escape(f"[{inner}]")
    return f"[{'^' if negated else ''}{safe}]"
