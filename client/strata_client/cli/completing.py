"""What fits at the end of an unfinished line. Pure: names of containers and images are asked for through ``Names``."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from strata_client.cli import registry
from strata_client.cli.options import FLAG, Command, Option

Candidate = tuple[str, str]
"""A word, and what it means."""

Names = Callable[[str], list[Candidate]]
"""Gives the candidates of a kind that only the gateway knows: "container", "running", "image", "network"."""

FILES: Candidate = (":file", "")
_CAPABILITIES = (
    "ALL",
    "AUDIT_WRITE",
    "BPF",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYSLOG",
)
_WORDS: dict[str, tuple[str, ...]] = {
    "pull": ("missing", "always", "never"),
    "restart": ("no", "always", "unless-stopped", "on-failure"),
    "service": ("gateway", "registry", "runtime", "store"),
    "shell": ("bash", "zsh", "fish"),
    "signal": ("HUP", "INT", "KILL", "QUIT", "TERM", "USR1", "USR2", "WINCH"),
    "capability": _CAPABILITIES,
}


class _Place(NamedTuple):
    """Where the unfinished word stands: the option whose value it is, or how many arguments are before it."""

    option: Option | None
    arguments: int
    is_after_options: bool


def candidates(words: Sequence[str], global_options: tuple[Option, ...], names: Names) -> list[Candidate]:
    """What the last word, which may be empty, could become."""
    *before, current = words or [""]
    rest = _skip_globals(before, global_options)
    found = registry.find(rest)
    if found is None:
        return _fitting(_commands(rest), current)
    name, line = found
    command = registry.load(name)
    place = _place(command, line)
    if place.option is not None:
        return _of_kind(place.option.complete, names, current)
    prefix, _, value = current.partition("=")
    options = {word: option for option in command.options for word in option.names}
    if "=" in current and prefix in options:
        return [(f"{prefix}={word}", text) for word, text in _of_kind(options[prefix].complete, names, value)]
    if current.startswith("-") and not place.is_after_options:
        return _fitting([(option.names[-1], option.help) for option in command.options], current)
    kinds = command.complete
    kind = kinds[min(place.arguments, len(kinds) - 1)] if kinds else ""
    return _of_kind(kind, names, current)


def _skip_globals(words: list[str], options: tuple[Option, ...]) -> list[str]:
    takes_value = {name for option in options if option.kind != FLAG for name in option.names}
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in takes_value else 1
    return words[at:]


def _commands(before: list[str]) -> list[Candidate]:
    """Commands, or what follows the first word of a command of two."""
    found = {}
    for _, commands in registry.summaries():
        for name, summary in commands:
            parts = name.split()
            if parts[: len(before)] == before and len(parts) > len(before):
                found[parts[len(before)]] = summary if len(parts) == len(before) + 1 else "…"
    return list(found.items())


def _place(command: Command, words: list[str]) -> _Place:
    """Read a line up to its unfinished word, forgiving what is wrong with it."""
    options = {name: option for option in command.options for name in option.names}
    pending: Option | None = None
    arguments = 0
    for word in words:
        if pending is not None:
            pending = None
        elif command.is_passthrough and arguments:
            arguments += 1
        elif word.startswith("-") and len(word) > 1:
            pending = _awaiting(options, word)
        else:
            arguments += 1
    return _Place(pending, arguments, is_after_options=command.is_passthrough and arguments > 0)


def _awaiting(options: dict[str, Option], word: str) -> Option | None:
    """The option that takes the next word as its value; in "-itp" that is the last letter's."""
    option = options.get(word if word.startswith("--") else f"-{word[-1]}")
    return option if option is not None and option.kind != FLAG else None


def _of_kind(kind: str, names: Names, current: str) -> list[Candidate]:
    if kind in {"file", "path"}:
        return [FILES]
    if kind in _WORDS:
        return _fitting([(word, "") for word in _WORDS[kind]], current)
    return _fitting(names(kind), current) if kind else []


def _fitting(words: list[Candidate], current: str) -> list[Candidate]:
    return [(word, text) for word, text in words if word.startswith(current)]
