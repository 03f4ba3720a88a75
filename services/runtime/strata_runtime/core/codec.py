"""Frozen dataclasses to and from JSON values, so that records in the database follow the types alone.

Fields that hold their default are left out; unknown keys are ignored, so older and newer records can both be read.
"""

import dataclasses
import types
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_json(value: Any) -> Any:  # noqa: PLR0911 -- one line for each kind of value
    """JSON value of a dataclass, or of what one may hold."""
    if dataclasses.is_dataclass(value):
        return {
            field.name: to_json(held)
            for field in dataclasses.fields(value)
            if not _is_default(field, held := getattr(value, field.name))
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {key: to_json(held) for key, held in value.items()}
    if isinstance(value, tuple):
        return [to_json(held) for held in value]
    return value


def from_json(kind: type[T], data: Any) -> T:
    """Value of type ``kind`` from its JSON value. Raises TypeError or ValueError if it is none."""
    result: T = _parse(kind, data)
    return result


def _is_default(field: "dataclasses.Field[Any]", value: Any) -> bool:
    if field.default_factory is not dataclasses.MISSING:
        return bool(value == field.default_factory())
    return field.default is not dataclasses.MISSING and value == field.default


def _parse(kind: Any, data: Any) -> Any:  # noqa: PLR0911 -- one line for each kind of value
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return None if data is None else _parse(_some(kind), data)
    if origin is tuple:
        return tuple(_parse(get_args(kind)[0], item) for item in data)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _parse(get_args(kind)[1], item) for key, item in data.items()}
    if dataclasses.is_dataclass(kind):
        kinds = hints(kind)
        return kind(**{key: _parse(kinds[key], item) for key, item in data.items() if key in kinds})  # type: ignore[operator]
    if kind is datetime:
        return datetime.fromisoformat(data).astimezone(UTC)
    if kind is timedelta:
        return timedelta(seconds=data)
    return kind(data)


def _some(union: Any) -> Any:
    """The one type of an optional."""
    (kind,) = (argument for argument in get_args(union) if argument is not type(None))
    return kind


def hints(kind: Any) -> dict[str, Any]:
    """Types of a dataclass's fields."""
    return _cached_hints(kind)


@cache
def _cached_hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
