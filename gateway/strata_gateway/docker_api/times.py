"""Moments and durations as docker writes them."""

from datetime import UTC, datetime

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from strata_chassis.errors import InvalidArgument

NEVER = "0001-01-01T00:00:00Z"
_NANOS = 10**9


def rfc3339(moment: Timestamp) -> str:
    """Nanoseconds and all, as Go's time.RFC3339Nano has it; NEVER for an unset moment."""
    if not moment.seconds and not moment.nanos:
        return NEVER
    text = datetime.fromtimestamp(moment.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{moment.nanos:09}".rstrip("0") if moment.nanos else ""
    return f"{text}{fraction}Z"


def log_time(moment: Timestamp) -> str:
    """Time in front of a log line: always nine digits, so that lines stay aligned and sort."""
    text = datetime.fromtimestamp(moment.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{moment.nanos:09}Z"


def parse_moment(text: str) -> Timestamp | None:
    """Read a ``since`` or ``until`` ("1712345678.25" or RFC 3339); None when it is empty or zero."""
    if text in {"", "0"}:
        return None
    moment = Timestamp()
    try:
        if "T" in text or "-" in text[1:]:
            moment.FromJsonString(text if text[-1] == "Z" or "+" in text else f"{text}Z")
        else:
            seconds, _, fraction = text.partition(".")
            moment.seconds, moment.nanos = int(seconds), int(fraction.ljust(9, "0")[:9] or 0)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid timestamp: {text}", reason="TIMESTAMP_INVALID", metadata={"timestamp": text}
        ) from error
    return moment


def duration_of_ns(nanoseconds: int | None) -> Duration | None:
    """A duration that docker gives in nanoseconds; None for none and for 0, which stands for the default."""
    return Duration(seconds=nanoseconds // _NANOS, nanos=nanoseconds % _NANOS) if nanoseconds else None


def ns_of(duration: Duration) -> int:
    """Nanoseconds of a duration."""
    return duration.ToNanoseconds()


def human(seconds: float) -> str:
    """Time span in words. Source: docker, go-units, HumanDuration."""
    count = int(seconds)
    if count < 1:
        return "Less than a second"
    for limit, size, one, many in _SPANS:
        if count < limit:
            amount = round(count / size) if size == 3600 else count // size  # noqa: PLR2004 - only hours are rounded
            return one if amount == 1 else f"{amount} {many}"
    return f"{int(count / 3600 / 24 / 365)} years"


_SPANS = (
    (60, 1, "1 second", "seconds"),
    (120, 60, "About a minute", "minutes"),
    (3600, 60, "About a minute", "minutes"),
    (48 * 3600, 3600, "About an hour", "hours"),
    (14 * 86400, 86400, "1 day", "days"),
    (60 * 86400, 7 * 86400, "1 week", "weeks"),
    (2 * 365 * 86400, 30 * 86400, "1 month", "months"),
)


def process_start(moment: Timestamp) -> str:
    """When a process started, as ``ps`` has it in STIME."""
    return datetime.fromtimestamp(moment.seconds, UTC).strftime("%H:%M")


def process_time(nanoseconds: int) -> str:
    """Processor time, as ``ps`` has it in TIME."""
    seconds = nanoseconds // _NANOS
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
