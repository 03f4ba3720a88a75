"""Signals by the names that users give them."""

import signal

from strata_chassis.errors import InvalidArgument

_FIRST, _LAST = 1, 64


def parse_signal(text: str) -> int:
    """Number of "SIGTERM", "term", "15" or "RTMIN+3". Raises InvalidArgument."""
    if text.isascii() and text.isdecimal() and _FIRST <= int(text) <= _LAST:
        return int(text)
    name, _, offset = text.upper().removeprefix("SIG").partition("+")
    number = _by_name(name)
    if number and (not offset or offset.isdecimal()) and number + int(offset or 0) <= _LAST:
        return number + int(offset or 0)
    message = f"{text!r} is not a signal"
    raise InvalidArgument(message, reason="SIGNAL_INVALID", metadata={"signal": text})


def _by_name(name: str) -> int:
    try:
        return signal.Signals[f"SIG{name}"]
    except KeyError:
        return 0
