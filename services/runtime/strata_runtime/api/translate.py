"""Messages to frozen dataclasses and back, by the names of their fields: the contract's and ours are the same.

Message fields that are unset become None where the dataclass's field is optional, and the default value elsewhere.
"""

import dataclasses
import types
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, TypeVar, Union, get_args, get_origin

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from strata_runtime.core.codec import hints

T = TypeVar("T")
M = TypeVar("M", bound=Message)


def to_value(kind: type[T], message: Message) -> T:
    """A dataclass from a message; fields the dataclass does not have are left out."""
    fields = {}
    for name, hint in hints(kind).items():
        if name in message.DESCRIPTOR.fields_by_name:
            fields[name] = _value(hint, message, name)
    return kind(**fields)


def to_message(kind: type[M], value: Any) -> M:
    """A message from a dataclass; fields the message does not have are left out."""
    message = kind()
    fill_message(message, value)
    return message


def fill_message(message: Message, value: Any) -> None:
    """Set the fields of a message from a dataclass."""
    for field in dataclasses.fields(value):
        if field.name in message.DESCRIPTOR.fields_by_name:
            _set(message, field.name, getattr(value, field.name))


def timestamp(time: datetime | None) -> Timestamp | None:
    """A time, or None."""
    if time is None:
        return None
    message = Timestamp()
    message.FromDatetime(time)
    return message


def _value(hint: Any, message: Message, name: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        (some,) = (argument for argument in get_args(hint) if argument is not type(None))
        return _value(some, message, name) if message.HasField(name) else None
    held = getattr(message, name)
    if origin is tuple:
        return tuple(_one(get_args(hint)[0], item) for item in held)
    if origin is not None and issubclass(origin, Mapping):
        return dict(held)
    return _one(hint, held)


def _one(kind: Any, held: Any) -> Any:
    if isinstance(held, Duration):
        return held.ToTimedelta()
    if isinstance(held, Timestamp):
        return held.ToDatetime(tzinfo=UTC)
    if isinstance(held, Message):
        return to_value(kind, held)
    return kind(held)


def _set(message: Any, name: str, value: Any) -> None:
    if value is None:
        return
    target = getattr(message, name)
    if isinstance(value, datetime):
        target.FromDatetime(value)
    elif isinstance(value, timedelta):
        target.FromTimedelta(value)
    elif dataclasses.is_dataclass(value):
        fill_message(target, value)
        target.SetInParent()
    elif isinstance(value, Mapping):
        target.update(value)
    elif isinstance(value, tuple):
        _extend(target, value)
    else:
        setattr(message, name, int(value) if isinstance(value, IntEnum) else value)


def _extend(target: Any, values: tuple[Any, ...]) -> None:
    for value in values:
        if dataclasses.is_dataclass(value):
            fill_message(target.add(), value)
        else:
            target.append(value)
