"""The user's terminal: raw while a session has it, and as it was before in every other case."""

import os
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager

from strata.runtime.v1.runtime_pb2 import TerminalSize

_IFLAG, _OFLAG, _CFLAG, _LFLAG, _CC = 0, 1, 2, 3, 6


def is_terminal(descriptor: int) -> bool:
    """Whether a file descriptor is an open terminal."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def size_of(descriptor: int = 1) -> TerminalSize | None:
    """Size of the terminal, None when it is none or does not know."""
    try:
        columns, lines = os.get_terminal_size(descriptor)
    except OSError:
        return None
    return TerminalSize(width=columns, height=lines) if columns and lines else None


@contextmanager
def raw(descriptor: int) -> Iterator[None]:
    """Hand every key through as it is pressed, also Ctrl-C; set everything back at the end."""
    before = termios.tcgetattr(descriptor)
    changed = termios.tcgetattr(descriptor)
    changed[_IFLAG] &= ~(
        termios.IGNBRK
        | termios.BRKINT
        | termios.PARMRK
        | termios.ISTRIP
        | termios.INLCR
        | termios.IGNCR
        | termios.ICRNL
        | termios.IXON
    )
    changed[_OFLAG] &= ~termios.OPOST
    changed[_LFLAG] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    changed[_CFLAG] = changed[_CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    changed[_CC][termios.VMIN], changed[_CC][termios.VTIME] = 1, 0
    sys.stdout.flush()
    try:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, changed)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
