"""Which files belong to a build's context: all but those that ``.dockerignore`` names. Source: moby/patternmatcher."""

import os
import re
from collections.abc import Iterator

_ALWAYS_SENT = (".dockerignore",)


class IgnoreRules:
    """The lines of a ``.dockerignore``; the last one that matches a path decides."""

    def __init__(self, lines: list[str]) -> None:
        """Read lines: patterns, "!" for what is kept all the same, "#" for remarks."""
        self._rules = [_rule(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
        self.has_exceptions = any(is_kept for _, is_kept in self._rules)

    def ignores(self, path: str) -> bool:
        """Whether a path is left out; a pattern that matches a directory matches all in it."""
        parents = [path]
        while "/" in parents[-1]:
            parents.append(parents[-1].rpartition("/")[0])
        is_ignored = False
        for pattern, is_kept in self._rules:
            if any(pattern.fullmatch(name) for name in parents):
                is_ignored = not is_kept
        return is_ignored


def _rule(line: str) -> tuple[re.Pattern[str], bool]:
    is_kept = line.startswith("!")
    path = os.path.normpath(line[1:].strip() if is_kept else line).strip("/")
    return re.compile(_expression(path), re.DOTALL), is_kept


def _expression(pattern: str) -> str:
    """A pattern as a regular expression: ``**`` crosses directories, ``*`` and ``?`` do not."""
    out, at = "", 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            out, at = out + "(?:.*/)?", at + 3
        elif pattern.startswith("**", at):
            out, at = out + ".*", at + 2
        elif pattern[at] == "[" and (end := pattern.find("]", at + 1)) > 0:
            out, at = out + pattern[at : end + 1].replace("\\", "\\\\"), end + 1
        elif pattern[at] == "\\" and at + 1 < len(pattern):
            out, at = out + re.escape(pattern[at + 1]), at + 2
        else:
            out, at = out + {"*": "[^/]*", "?": "[^/]"}.get(pattern[at], re.escape(pattern[at])), at + 1
    return out


def context_files(folder: str, dockerfile: str) -> Iterator[str]:
    """Names of everything to send, relative to ``folder``, directories before what is in them."""
    rules = IgnoreRules(_ignore_lines(folder, dockerfile))
    always = {dockerfile, *_ALWAYS_SENT}
    for parent, directories, files in os.walk(folder):
        prefix = os.path.relpath(parent, folder)
        prefix = "" if prefix == "." else f"{prefix}/"
        ignored = {name for name in directories if rules.ignores(prefix + name)}
        if not rules.has_exceptions:
            directories[:] = [name for name in directories if name not in ignored]
        directories.sort()
        yield from (prefix + name for name in directories if name not in ignored)
        yield from (
            prefix + name for name in sorted(files) if prefix + name in always or not rules.ignores(prefix + name)
        )


def _ignore_lines(folder: str, dockerfile: str) -> list[str]:
    """Lines of the Dockerfile's own ignore file if it has one, else of the context's."""
    for name in (f"{dockerfile}.dockerignore", ".dockerignore"):
        try:
            with open(os.path.join(folder, name), encoding="utf-8-sig") as file:  # noqa: PTH118, PTH123
                return file.read().splitlines()
        except OSError:
            continue
    return []
