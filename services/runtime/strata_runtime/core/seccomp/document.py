"""Seccomp profiles in Docker's format (profiles/seccomp of Moby), read into values."""

import json
from dataclasses import dataclass
from typing import Any, Never

from strata_chassis.errors import InvalidArgument

_MOST_BYTES = 1 << 20
_ACTIONS = frozenset(
    f"SCMP_ACT_{name}" for name in ("ALLOW", "ERRNO", "KILL", "KILL_PROCESS", "KILL_THREAD", "LOG", "TRACE", "TRAP")
)
_OPERATORS = frozenset(f"SCMP_CMP_{name}" for name in ("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"))
_LAST_ARGUMENT = 5
_UINT64 = 1 << 64
_MOST_ERRNO = 4095


@dataclass(frozen=True, slots=True)
class Condition:
    """When a rule counts: with these capabilities, on these architectures, from this kernel on."""

    capabilities: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    kernel: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """A comparison of one argument of a system call."""

    index: int
    value: int
    value_two: int
    operator: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to some system calls. All ``arguments`` must match."""

    names: tuple[str, ...]
    action: str
    errno: int | None
    arguments: tuple[Argument, ...]
    includes: Condition
    excludes: Condition


@dataclass(frozen=True, slots=True)
class SeccompDocument:
    """A whole profile. ``architectures`` are libseccomp's names, ``families`` map one of them to those it can run."""

    default_action: str
    default_errno: int | None
    architectures: tuple[str, ...]
    families: tuple[tuple[str, tuple[str, ...]], ...]
    flags: tuple[str, ...]
    rules: tuple[Rule, ...]


def parse_profile(text: str) -> SeccompDocument:
    """Read a profile. Raises InvalidArgument with a sentence that says what is wrong."""
    if len(text) > _MOST_BYTES:
        _refuse("it is larger than 1 MiB")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        _refuse(f"it is not JSON: {error}")
    profile = _mapping(document, "the profile")
    return SeccompDocument(
        default_action=_one_of(_ACTIONS, profile.get("defaultAction"), "defaultAction"),
        default_errno=_errno(profile.get("defaultErrnoRet")),
        architectures=_names(profile.get("architectures"), "architectures"),
        families=tuple(_family(each) for each in _list(profile.get("archMap"), "archMap")),
        flags=_names(profile.get("flags"), "flags"),
        rules=tuple(_rule(each) for each in _list(profile.get("syscalls"), "syscalls")),
    )


def _rule(value: object) -> Rule:
    rule = _mapping(value, "a rule")
    names = _names(rule.get("names"), "names")
    if rule.get("name"):  # the format's first version
        names += _names([rule["name"]], "name")
    if not names:
        _refuse("a rule names no system call")
    return Rule(
        names=tuple(sorted(set(names))),
        action=_one_of(_ACTIONS, rule.get("action"), "action"),
        errno=_errno(rule.get("errnoRet")),
        arguments=tuple(_argument(each) for each in _list(rule.get("args"), "args")),
        includes=_condition(rule.get("includes")),
        excludes=_condition(rule.get("excludes")),
    )


def _argument(value: object) -> Argument:
    argument = _mapping(value, "an argument")
    return Argument(
        index=_number(argument.get("index", 0), _LAST_ARGUMENT, "index"),
        value=_number(argument.get("value", 0), _UINT64 - 1, "value"),
        value_two=_number(argument.get("valueTwo", 0), _UINT64 - 1, "valueTwo"),
        operator=_one_of(_OPERATORS, argument.get("op"), "op"),
    )


def _condition(value: object) -> Condition:
    condition = _mapping(value or {}, "a condition")
    kernel = condition.get("minKernel")
    return Condition(
        capabilities=_names(condition.get("caps"), "caps"),
        architectures=_names(condition.get("arches"), "arches"),
        kernel=_kernel(kernel) if kernel else None,
    )


def _kernel(value: object) -> tuple[int, int]:
    major, _, minor = value.partition(".") if isinstance(value, str) else ("", "", "")
    if not (major.isascii() and major.isdigit() and minor.isascii() and minor.isdigit() and len(major + minor) < 9):  # noqa: PLR2004
        _refuse(f"minKernel is {value!r}, not like 4.8")
    return int(major), int(minor)


def _family(value: object) -> tuple[str, tuple[str, ...]]:
    family = _mapping(value, "an entry of archMap")
    (name,) = _names([family.get("architecture")], "architecture")
    return name, _names(family.get("subArchitectures"), "subArchitectures")


def _errno(value: object) -> int | None:
    return None if value is None else _number(value, _MOST_ERRNO, "errnoRet")


def _number(value: object, most: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        _refuse(f"{what} is {value!r}, not a number from 0 to {most}")
    return value


def _names(value: object, what: str) -> tuple[str, ...]:
    names = _list(value, what)
    if not all(isinstance(name, str) and name.isascii() and name.isprintable() for name in names):
        _refuse(f"{what} is not a list of names")
    return tuple(names)


def _one_of(allowed: frozenset[str], value: object, what: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        _refuse(f"{what} is {value!r}, not one of {', '.join(sorted(allowed))}")
    return value


def _list(value: object, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        _refuse(f"{what} is not a list")
    return value


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(f"{what} is not an object")
    return value


def _refuse(what: str) -> Never:
    raise InvalidArgument(f"invalid seccomp profile: {what}", reason="SECCOMP_PROFILE_INVALID")
