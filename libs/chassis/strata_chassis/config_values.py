"""Texts and TOML values to the types that configuration fields may have."""

import types
import typing
from pathlib import Path
from typing import Any

from strata_chassis.errors import InvalidArgument

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def parse_text(kind: Any, text: str, source: str) -> Any:
    """Return ``text`` (of a flag or variable) as a value of ``kind``; lists are separated by commas."""
    kind, optional = _unwrapped(kind)
    if optional and not text:
        return None
    if typing.get_origin(kind) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if kind is bool:
        return _truth(text, source)
    try:
        return kind(text)
    except ValueError as error:
        raise _misfit(text, kind, source) from error


def parse_toml(kind: Any, value: Any, source: str) -> Any:
    """Return a TOML ``value`` as a value of ``kind``."""
    kind, _ = _unwrapped(kind)
    if typing.get_origin(kind) is tuple:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise _misfit(value, kind, source)
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is kind:
        return value
    raise _misfit(value, kind, source)


def _unwrapped(kind: Any) -> tuple[Any, bool]:
    """Return the type behind ``X | None``, and whether None is allowed."""
    if isinstance(kind, types.UnionType):
        inner = [part for part in typing.get_args(kind) if part is not types.NoneType]
        return inner[0], True
    return kind, False


def _truth(text: str, source: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise _misfit(text, bool, source)


def _misfit(value: Any, kind: Any, source: str) -> InvalidArgument:
    expected = getattr(kind, "__name__", str(kind))
    return InvalidArgument(
        f"{source}: {value!r} is not a value of type {expected}",
        reason="CONFIG_INVALID",
        metadata={"source": source, "expected": expected},
    )
