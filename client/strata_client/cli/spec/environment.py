"""Variables and labels: given one by one, or in files."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from strata_client.cli.parsing import UsageError


def environment(words: Iterable[str], files: Iterable[str], ours: Mapping[str, str] | None = None) -> list[str]:
    """Variables as "NAME=value": those of files first, so that single ones win.

    A name alone takes the value it has here, and is left out when it has none.
    """
    known = os.environ if ours is None else ours
    found = []
    for word in [*(word for file in files for word in _lines(file)), *words]:
        name, separator, _ = word.partition("=")
        if not name:
            raise UsageError(f"invalid environment variable {word!r}: write NAME=value")
        if separator:
            found.append(word)
        elif name in known:
            found.append(f"{name}={known[name]}")
    return found


def labels(words: Iterable[str], files: Iterable[str]) -> dict[str, str]:
    """Labels of "key=value", those of files first; a key alone has an empty value."""
    pairs = (word.partition("=") for word in [*(word for file in files for word in _lines(file)), *words])
    found = {}
    for key, _, value in pairs:
        if not key:
            raise UsageError("invalid label: write key=value")
        found[key] = value
    return found


def _lines(file: str) -> list[str]:
    """Lines of a file without empty ones and remarks; space before a name is dropped, as docker does."""
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {getattr(error, 'strerror', None) or 'it is no text'}") from None
    lines = (line.lstrip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]
