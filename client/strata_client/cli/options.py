"""What a command's line may hold, as data: parsing, help and completion are made from the same values."""

from collections.abc import Callable
from typing import Any, NamedTuple

# Kinds of an option's value: present or not, the last one given, all that were given.
FLAG, TEXT, MANY = "flag", "text", "many"


class Option(NamedTuple):
    """One option. ``value`` is how help calls its value; ``complete`` says what completion offers for it."""

    names: tuple[str, ...]
    kind: str
    help: str
    value: str = ""
    default: str = ""
    complete: str = ""

    @property
    def key(self) -> str:
        """Name by which the parsed line is asked: the long one, without dashes."""
        return self.names[-1].lstrip("-")


def flag(names: str, text: str, default: str = "false") -> Option:
    """An option that is given or not, as ``--rm``; ``--rm=false`` takes it back."""
    return Option(tuple(names.split()), FLAG, text, default=default)


def text(names: str, value: str, text: str, default: str = "", complete: str = "") -> Option:
    """An option with one value; the last one given counts."""
    return Option(tuple(names.split()), TEXT, text, value, default, complete)


def many(names: str, value: str, text: str, complete: str = "") -> Option:
    """An option that may be given several times."""
    return Option(tuple(names.split()), MANY, text, value, complete=complete)


class Command(NamedTuple):
    """A subcommand. ``run`` gets its parsed line and a context, and returns the exit status.

    ``usage`` names the arguments as docker does, ``complete`` what completion offers for them, one word per argument,
    the last of which stands for all that follow. Where ``is_passthrough`` is set, options end at the first argument.
    """

    name: str
    usage: str
    summary: str
    run: Callable[[Any, Any], int]
    options: tuple[Option, ...] = ()
    least: int = 0
    most: int | None = 0
    is_passthrough: bool = False
    examples: str = ""
    notes: str = ""
    complete: tuple[str, ...] = ()
