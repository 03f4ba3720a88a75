"""Errors for people: one sentence that begins with ``strata:``, and the right exit status."""

import os
import sys
from collections.abc import Callable, Iterable

from strata_chassis.errors import StrataError
from strata_chassis.errors_exit import ENGINE_FAILED, FAILURE, exit_status_of_run
from strata_client.cli.context import warn

INTERRUPTED = 130
BROKEN_PIPE = 141

_STARTS_SOMETHING = {"run", "create"}


def sentence_of(error: StrataError) -> str:
    """The error in one line; what a peer sent must not write to the terminal by escape sequences."""
    text = " ".join(error.message.split())
    return "strata: " + "".join(char if char.isprintable() else "?" for char in text)


def status_of(command: str, error: StrataError) -> int:
    """Exit status of a command that failed as a whole."""
    if command in _STARTS_SOMETHING:
        return exit_status_of_run(error)
    if command == "exec":
        status = exit_status_of_run(error)
        return FAILURE if status == ENGINE_FAILED else status
    return FAILURE


def for_each(names: Iterable[str], act: Callable[[str], str | None]) -> int:
    """Do something to each of several objects and print what comes of it; one failure does not stop the others."""
    status = 0
    for name in names:
        try:
            if (result := act(name)) is not None:
                sys.stdout.write(result + "\n")
                sys.stdout.flush()
        except StrataError as error:
            warn(sentence_of(error))
            status = FAILURE
    return status


def silence_stdout() -> None:
    """Let the interpreter end in peace when nobody reads what it has written."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
