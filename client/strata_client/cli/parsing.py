"""From words to a parsed line, by docker's rules.

Options may be written ``--name value``, ``--name=value``, ``-n value``, ``-nvalue`` and, for flags, together: ``-it``.
A command that starts something in a container stops reading options at its first argument.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from strata_client.cli.options import FLAG, MANY, Command, Option, flag

_TRUE = {"true", "1", "t", "yes"}
_FALSE = {"false", "0", "f", "no"}


class UsageError(Exception):
    """The line is wrong; the message says how, as one sentence."""


class HelpAsked(Exception):
    """The line asks what the command does."""


_HELP = flag("--help", "Print this")


class Line(NamedTuple):
    """A parsed line. Values are asked for by the long name of their option."""

    arguments: list[str]
    values: Mapping[str, list[str]]
    defaults: Mapping[str, str]

    def flag(self, key: str) -> bool:
        """Whether a flag was given, or is on by default."""
        return self.text(key) == "true"

    def text(self, key: str) -> str:
        """Give the value of an option, or its default."""
        return self.values[key][-1] if key in self.values else self.defaults[key]

    def many(self, key: str) -> list[str]:
        """Give all values of an option in their order."""
        return self.values.get(key, [])

    def has(self, key: str) -> bool:
        """Whether an option was given at all."""
        return key in self.values

    def number(self, key: str) -> int | None:
        """Give a whole number, None when it was not given."""
        raw = self.text(key)
        if raw == "":
            return None
        try:
            return int(raw)
        except ValueError:
            raise UsageError(f"invalid argument {raw!r} for --{key}: not a whole number") from None


def parse(command: Command, words: Sequence[str]) -> Line:
    """Read the words after a command's name; raises UsageError, or HelpAsked."""
    options = {"-h": _HELP, "--help": _HELP} | {name: option for option in command.options for name in option.names}
    reader = _Reader(options, list(words), is_passthrough=command.is_passthrough)
    reader.read()
    if "help" in reader.values and "--help" not in {name for option in command.options for name in option.names}:
        raise HelpAsked
    _check_count(command, len(reader.arguments))
    defaults = {option.key: option.default for option in command.options}
    return Line(reader.arguments, reader.values, defaults)


def _check_count(command: Command, count: int) -> None:
    """Refuse too few or too many arguments in docker's words."""
    if command.least <= count and (command.most is None or count <= command.most):
        return
    name = f"'strata {command.name}'"
    if command.most == 0:
        raise UsageError(f"{name} accepts no arguments")
    bound = "exactly" if command.least == command.most else "at least" if count < command.least else "at most"
    number = command.least if count < command.least or command.most is None else command.most
    raise UsageError(f"{name} requires {bound} {number} argument{'' if number == 1 else 's'}")


class _Reader:
    """A cursor over the words of one line."""

    def __init__(self, options: Mapping[str, Option], words: list[str], *, is_passthrough: bool) -> None:
        self.arguments: list[str] = []
        self.values: dict[str, list[str]] = {}
        self._options = options
        self._words = words[::-1]
        self._is_passthrough = is_passthrough

    def read(self) -> None:
        while self._words:
            word = self._words.pop()
            if word == "--":
                self._take_rest()
            elif word.startswith("--"):
                self._read_long(word)
            elif word.startswith("-") and word != "-":
                self._read_short(word)
            else:
                self.arguments.append(word)
                if self._is_passthrough:
                    self._take_rest()

    def _take_rest(self) -> None:
        self.arguments += self._words[::-1]
        self._words.clear()

    def _read_long(self, word: str) -> None:
        name, has_value, value = word.partition("=")
        option = self._options.get(name)
        if option is None:
            raise UsageError(f"unknown flag: {name}")
        self._store(option, name, value if has_value else None)

    def _read_short(self, word: str) -> None:
        """Read letters until one of them takes the rest of the word as its value."""
        letters = word[1:]
        while letters:
            name, letters = "-" + letters[0], letters[1:]
            option = self._options.get(name)
            if option is None:
                raise UsageError(f"unknown shorthand flag: {name[1]!r} in {word}")
            if option.kind == FLAG and not letters.startswith("="):
                self._store(option, name, None)
            else:
                self._store(option, name, letters.removeprefix("=") if letters else None)
                return

    def _store(self, option: Option, name: str, value: str | None) -> None:
        if option.kind == FLAG:
            value = _truth(name, "true" if value is None else value)
        elif value is None:
            if not self._words:
                raise UsageError(f"flag needs an argument: {name}")
            value = self._words.pop()
        if option.kind == MANY:
            self.values.setdefault(option.key, []).append(value)
        else:
            self.values[option.key] = [value]


def _truth(name: str, value: str) -> str:
    if value.lower() in _TRUE:
        return "true"
    if value.lower() in _FALSE:
        return "false"
    raise UsageError(f"invalid argument {value!r} for {name}: write true or false")
