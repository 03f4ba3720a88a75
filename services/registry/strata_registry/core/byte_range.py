"""Range, Content-Range and partial bodies. Source: RFC 9110, section 14."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_UPLOAD_RANGE = re.compile(r"(?:bytes[= ])?(\d{1,18})-(\d{1,18})(?:/(?:\d{1,18}|\*))?")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes ``start`` up to, and without, ``stop``."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """Count the bytes."""
        return self.stop - self.start


class UnsatisfiableRange(ValueError):
    """The range lies beyond the body: HTTP 416."""


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """Read a Range header against a body of ``size`` bytes; None means the whole body.

    Units that are not bytes, several ranges and nonsense are ignored, as the RFC allows. Raises UnsatisfiableRange.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if first == "":
        return _suffix(int(last), size)
    start = int(first)
    stop = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise UnsatisfiableRange(header)
    return ByteRange(start, stop)


def parse_content_range(header: str | None) -> tuple[ByteRange, int | None] | None:
    """Read a Content-Range of an answer: the range and the whole's size (None if unknown); None for nonsense."""
    match = _CONTENT_RANGE.fullmatch(header.strip()) if header else None
    if match is None:
        return None
    start, last, size = int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3])
    if last < start or (size is not None and last >= size):
        return None
    return ByteRange(start, last + 1), size


def parse_upload_range(header: str) -> ByteRange | None:
    """Read the Content-Range of a chunk that is uploaded: ``start-end``, inclusive, as the OCI specification has it."""
    match = _UPLOAD_RANGE.fullmatch(header.strip())
    if match is None or int(match[2]) < int(match[1]):
        return None
    return ByteRange(int(match[1]), int(match[2]) + 1)


def _suffix(length: int, size: int) -> ByteRange:
    if length == 0 or size == 0:
        raise UnsatisfiableRange(f"-{length}")
    return ByteRange(max(0, size - length), size)
