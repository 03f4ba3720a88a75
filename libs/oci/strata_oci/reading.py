"""JSON from outside, read field by field: what is missing or null has a default, what has the wrong type is refused."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from strata_oci.errors import MalformedError

Json = Mapping[str, Any]


def load_object(raw: bytes, what: str) -> Json:
    """Return the JSON object in ``raw``; ``what`` names it in errors. Raises MalformedError for anything else."""
    try:
        document = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"the {what} is not JSON", reason="JSON_INVALID") from error
    if not isinstance(document, dict):
        raise MalformedError(f"the {what} is not a JSON object", reason="JSON_INVALID")
    return document


def text(source: Json, key: str, default: str = "") -> str:
    """Return a string."""
    value = source.get(key)
    return default if value is None else _expect(value, str, key)


def number(source: Json, key: str, default: int = 0) -> int:
    """Return a whole number of at most 63 bits and a sign."""
    value = source.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 63:
        raise _wrong(key, int)
    return value


def obj(source: Json, key: str) -> Json:
    """Return an object, empty if it is missing."""
    value = source.get(key)
    return {} if value is None else _expect(value, dict, key)


def objects(source: Json, key: str) -> tuple[Json, ...]:
    """Return the objects of a list."""
    return tuple(_expect(item, dict, key) for item in _list(source, key))


def texts(source: Json, key: str) -> tuple[str, ...]:
    """Return the strings of a list."""
    return tuple(_expect(item, str, key) for item in _list(source, key))


def text_map(source: Json, key: str) -> Mapping[str, str]:
    """Return an object whose values are strings; null values are empty ones."""
    return {name: "" if value is None else _expect(value, str, key) for name, value in obj(source, key).items()}


def flag(source: Json, key: str) -> bool:
    """Return a boolean, false if it is missing."""
    value = source.get(key)
    return False if value is None else _expect(value, bool, key)


def _list(source: Json, key: str) -> list[Any]:
    value = source.get(key)
    return [] if value is None else _expect(value, list, key)


def _expect(value: Any, kind: type, key: str) -> Any:
    if not isinstance(value, kind):
        raise _wrong(key, kind)
    return value


def _wrong(key: str, kind: type) -> MalformedError:
    return MalformedError(f"{key!r} is not of type {kind.__name__}", reason="JSON_TYPE_WRONG")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
