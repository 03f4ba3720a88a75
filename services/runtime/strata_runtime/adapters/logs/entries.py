"""Records of the CRI log format."""

from dataclasses import dataclass
from datetime import UTC, datetime

_NANO = 1_000_000_000
_STAMP_CHARACTERS = 19  # 2026-01-02T03:04:05


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line, with the newline that ended it, or a part of one."""

    time_ns: int
    is_stderr: bool
    data: bytes


def parse_entry(record: bytes) -> LogEntry | None:
    """One record without its newline; None for what is none (a record cut by a full disk)."""
    try:
        stamp, stream, tag, text = record.split(b" ", 3)
        time_ns = _parse_time(stamp.decode("ascii"))
    except ValueError:
        return None
    if tag not in (b"F", b"P"):
        return None
    return LogEntry(time_ns, stream == b"stderr", text + (b"\n" if tag == b"F" else b""))


def _parse_time(text: str) -> int:
    seconds = datetime.fromisoformat(text[:_STAMP_CHARACTERS]).replace(tzinfo=UTC)
    return int(seconds.timestamp()) * _NANO + int(text[_STAMP_CHARACTERS + 1 : -1].ljust(9, "0")[:9])
