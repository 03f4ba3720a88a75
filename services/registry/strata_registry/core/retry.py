"""When a failed request is tried again, and after how long."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits of trying again: exponential steps with jitter, each bounded."""

    attempts: int = 3
    first_delay_s: float = 0.2
    longest_delay_s: float = 10.0
    longest_wait_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Failure:
    """How an attempt ended: an HTTP ``status``, or None when there was no answer at all."""

    status: int | None = None
    retry_after_s: float | None = None


def is_transient(failure: Failure) -> bool:
    """Tell whether the same request may succeed later."""
    return failure.status is None or failure.status in _TRANSIENT


def next_delay_s(failure: Failure, attempt: int, policy: RetryPolicy, jitter: float) -> float | None:
    """Say how long to wait before attempt ``attempt + 1`` (the first is 1); None means: give up.

    ``jitter`` is a random number in [0, 1). A Retry-After of the server is obeyed, unless it asks for more patience
    than ``longest_wait_s``.
    """
    if attempt >= policy.attempts or not is_transient(failure):
        return None
    if failure.retry_after_s is not None:
        return failure.retry_after_s if failure.retry_after_s <= policy.longest_wait_s else None
    step_s: float = min(policy.first_delay_s * 2 ** (attempt - 1), policy.longest_delay_s)
    return step_s * (0.5 + jitter / 2)


def parse_retry_after(header: str | None, now: datetime) -> float | None:
    """Read a Retry-After header: seconds, or a date; None for none or nonsense. Source: RFC 9110, 10.2.3."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
