"""Sizes, spans of time and moments: written for people, and read as they write them."""

import time
from typing import TYPE_CHECKING

from strata_client.cli.parsing import UsageError

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_FACTORS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_UNIX_FORMAT = "%Y-%m-%dT%H:%M:%S"


def size_text(size_bytes: float, *, is_binary: bool = False, digits: int = 3) -> str:
    """Write a size in the unit that leaves few digits: "1.23MB", or "1.17MiB"."""
    units, step = (_BINARY, 1024) if is_binary else (_DECIMAL, 1000)
    unit = 0
    while size_bytes >= step and unit < len(units) - 1:
        size_bytes /= step
        unit += 1
    return f"{size_bytes:.{digits + 1 if size_bytes >= 1000 else digits}g}{units[unit]}"  # noqa: PLR2004


def parse_size(text: str) -> int:
    """Read "512", "64k", "1.5g" or "10MiB"; all units are binary, as docker has them for memory."""
    number = text.strip().lower().rstrip("kmgtpib")
    unit = text.strip().lower()[len(number) :].removesuffix("b").removesuffix("i")
    try:
        size = float(number) * _FACTORS[unit]
    except (ValueError, KeyError):
        raise UsageError(f"invalid size {text!r}: write a number with a unit, such as 512m or 2g") from None
    if not 0 <= size < 2**63:
        raise UsageError(f"invalid size {text!r}: it is out of range")
    return int(size)


def parse_span(text: str) -> float:
    """Read "90s", "1m30s" or "1.5h" as seconds."""
    seconds, rest = 0.0, text
    while rest:
        number = rest[: len(rest) - len(rest.lstrip("0123456789."))]
        rest = rest[len(number) :]
        unit = rest[: len(rest) - len(rest.lstrip("nusmh"))]
        rest = rest[len(unit) :]
        try:
            seconds += float(number) * _SECONDS[unit]
        except (ValueError, KeyError):
            raise UsageError(f"invalid duration {text!r}: write it as 90s, 1m30s or 1.5h") from None
    return seconds


def parse_moment(text: str) -> float:
    """Read a time as seconds since 1970: RFC 3339, such seconds themselves, or "10m" for ten minutes ago."""
    try:
        return float(text)
    except ValueError:
        pass
    if text[:4].isdigit() and "-" in text:
        from datetime import datetime

        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise UsageError(f"invalid time {text!r}: write it as 2026-01-31T12:00:00Z, or as 10m") from None
        return moment.timestamp()
    return time.time() - parse_span(text)


def span_text(seconds: float) -> str:
    """Write a span of time as docker does: "About a minute", "3 hours", "2 weeks"."""
    minutes, hours = int(seconds / 60), int(seconds / 3600 + 0.5)
    for limit, words in (
        (seconds < 1, "Less than a second"),
        (seconds < 2, "1 second"),  # noqa: PLR2004
        (seconds < 60, f"{int(seconds)} seconds"),  # noqa: PLR2004
        (minutes == 1, "About a minute"),
        (minutes < 60, f"{minutes} minutes"),  # noqa: PLR2004
        (hours == 1, "About an hour"),
        (hours < 48, f"{hours} hours"),  # noqa: PLR2004
        (hours < 24 * 14, f"{hours // 24} days"),
        (hours < 24 * 60, f"{hours // 24 // 7} weeks"),
        (hours < 24 * 365 * 2, f"{hours // 24 // 30} months"),
    ):
        if limit:
            return words
    return f"{hours // 24 // 365} years"


def seconds_of(moment: "Timestamp") -> float:
    """Seconds since 1970."""
    return float(moment.seconds) + float(moment.nanos) / 1e9


def ago_text(moment: "Timestamp") -> str:
    """How long ago something was: "3 minutes ago"; "N/A" for a moment that is not set."""
    if not moment.seconds:
        return "N/A"
    return f"{span_text(max(time.time() - seconds_of(moment), 0))} ago"


def rfc3339(moment: "Timestamp", *, is_local: bool = False) -> str:
    """Write a moment with nine digits of a second, in UTC or in the local zone."""
    if not is_local:
        return f"{time.strftime(_UNIX_FORMAT, time.gmtime(moment.seconds))}.{moment.nanos:09}Z"
    local = time.localtime(moment.seconds)
    zone = time.strftime("%z", local)
    return f"{time.strftime(_UNIX_FORMAT, local)}.{moment.nanos:09}{zone[:3]}:{zone[3:]}"


def local_text(moment: "Timestamp") -> str:
    """Write a moment in the local zone for a table: "2026-01-31 12:00:00 +0100 CET"."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(moment.seconds))


def timestamp(moment: float) -> "Timestamp":
    """Make a message of seconds since 1970."""
    from google.protobuf.timestamp_pb2 import Timestamp

    seconds = int(moment // 1)
    return Timestamp(seconds=seconds, nanos=int((moment - seconds) * 1e9))
