"""The request id: one name for one user's request in the logs of every service that works on it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

METADATA_KEY = "x-request-id"

_LENGTH_LIMIT = 64
_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_current: ContextVar[str] = ContextVar("strata_request_id", default="")


def current() -> str:
    """Return the id of the request being worked on, or "" outside of one."""
    return _current.get()


def new() -> str:
    """Return a fresh id."""
    return os.urandom(8).hex()


def accept(offered: str | bytes | None) -> str:
    """Return the id that a caller offered if it is fit for a log, else a fresh one."""
    if isinstance(offered, str) and 0 < len(offered) <= _LENGTH_LIMIT and _ALLOWED.issuperset(offered):
        return offered
    return new()


@contextmanager
def bound(request_id: str) -> Iterator[str]:
    """Make ``request_id`` the current one within the block."""
    token = _current.set(request_id)
    try:
        yield request_id
    finally:
        _current.reset(token)
