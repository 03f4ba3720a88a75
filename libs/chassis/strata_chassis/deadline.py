"""The deadline of the request being worked on, which calls to other services inherit."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Seconds of time.monotonic(), None without a deadline.
_current: ContextVar[float | None] = ContextVar("strata_deadline", default=None)


def remaining_s() -> float | None:
    """Return the seconds left (0 when over), or None without a deadline."""
    deadline = _current.get()
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def timeout_for_call_s(wanted_s: float | None) -> float | None:
    """Return the timeout of an outgoing call: what its caller wants, within what is left."""
    left_s = remaining_s()
    if left_s is None:
        return wanted_s
    return left_s if wanted_s is None else min(wanted_s, left_s)


@contextmanager
def bound(timeout_s: float | None) -> Iterator[None]:
    """Make a deadline ``timeout_s`` from now the current one; None frees the block (and its tasks) from any."""
    token = _current.set(None if timeout_s is None else time.monotonic() + timeout_s)
    try:
        yield
    finally:
        _current.reset(token)
