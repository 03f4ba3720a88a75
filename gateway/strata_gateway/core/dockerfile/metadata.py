"""What instructions do to the ``config`` of an image; those that make files are not here."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from strata_gateway.core.dockerfile.arguments import json_array, pairs
from strata_gateway.core.dockerfile.expansion import expand, split_expanded
from strata_gateway.core.dockerfile.flags import checked
from strata_gateway.core.dockerfile.instruction import DockerfileError, Instruction
from strata_gateway.core.dockerfile.parser import parse_instruction, trigger_text

Config = dict[str, Any]
Apply = Callable[[Config, Instruction, Mapping[str, str], str], None]

DEFAULT_SHELL = ("/bin/sh", "-c")
_DURATION = re.compile(r"(?:[0-9]*\.?[0-9]+(?:ns|us|µs|ms|s|m|h))+")
_DURATION_PART = re.compile(r"([0-9]*\.?[0-9]+)(ns|us|µs|ms|s|m|h)")
_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def apply(config: Config, instruction: Instruction, variables: Mapping[str, str], escape: str = "\\") -> Config:
    """The config after an instruction; DockerfileError for one that does not change configs, or cannot."""
    changed = {**config}
    try:
        change = _CHANGES[instruction.keyword]
    except KeyError:
        raise DockerfileError(f"{instruction.keyword} is not a valid change command", instruction.line) from None
    change(changed, instruction, variables, escape)
    return changed


def apply_changes(config: Config, changes: list[str]) -> Config:
    """The config after ``--change`` options of a commit or import."""
    for text in changes:
        config = apply(config, parse_instruction(text), environment(config))
    return config


def environment(config: Mapping[str, Any]) -> dict[str, str]:
    """``Env`` as a mapping."""
    return dict(entry.partition("=")[::2] for entry in config.get("Env") or ())


def command_of(instruction: Instruction, config: Mapping[str, Any]) -> list[str]:
    """Command of CMD, ENTRYPOINT or RUN: exec form as it is, shell form for the image's shell."""
    words = json_array(instruction.rest)
    return [*(config.get("Shell") or DEFAULT_SHELL), instruction.rest] if words is None else words


def _env(config: Config, instruction: Instruction, variables: Mapping[str, str], escape: str) -> None:
    env = environment(config)
    for name, value in pairs(instruction.rest, "ENV", escape):
        env[expand(name, variables, escape)] = expand(value, variables, escape)
    config["Env"] = [f"{name}={value}" for name, value in env.items()]


def _label(config: Config, instruction: Instruction, variables: Mapping[str, str], escape: str) -> None:
    labels = dict(config.get("Labels") or {})
    for name, value in pairs(instruction.rest, "LABEL", escape):
        labels[expand(name, variables, escape)] = expand(value, variables, escape)
    config["Labels"] = labels


def _cmd(config: Config, instruction: Instruction, _: Mapping[str, str], __: str) -> None:
    config["Cmd"] = command_of(instruction, config)


def _entrypoint(config: Config, instruction: Instruction, _: Mapping[str, str], __: str) -> None:
    config["Entrypoint"] = command_of(instruction, config)
    config.pop("Cmd", None)  # a Cmd of the base belongs to the base's entrypoint


def _expose(config: Config, instruction: Instruction, variables: Mapping[str, str], escape: str) -> None:
    ports = dict(config.get("ExposedPorts") or {})
    for word in split_expanded(instruction.rest, variables, escape):
        ports |= {port: {} for port in _ports(word, instruction.line)}
    config["ExposedPorts"] = ports


def _ports(word: str, line: int) -> list[str]:
    match = re.fullmatch(r"([0-9]+)(?:-([0-9]+))?(?:/(tcp|udp|sctp))?", word.lower())
    last = int(match[2] or match[1]) if match else 0
    if match is None or not 0 < int(match[1]) <= last < 1 << 16:
        raise DockerfileError(f"invalid containerPort: {word}", line)
    return [f"{port}/{match[3] or 'tcp'}" for port in range(int(match[1]), last + 1)]


def _user(config: Config, instruction: Instruction, variables: Mapping[str, str], escape: str) -> None:
    config["User"] = expand(instruction.rest, variables, escape)


def _workdir(config: Config, instruction: Instruction, variables: Mapping[str, str], escape: str) -> None:
    config["WorkingDir"] = joined_path(config.get("WorkingDir") or "/", expand(instruction.rest, variables, escape))


def joined_path(base: str, path: str) -> str:
    """An absolute path without ``.`` and ``..``; ``path`` counts from ``base`` if it is relative."""
    parts: list[str] = []
    for part in (path if path.startswith("/") else f"{base}/{path}").split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts)


def _volume(config: Config, instruction: Instruction, variables: Mapping[str, str], escape: str) -> None:
    words = json_array(instruction.rest)
    named = split_expanded(instruction.rest, variables, escape) if words is None else words
    if not all(word.strip() for word in named):
        raise DockerfileError("VOLUME specified can not be an empty string", instruction.line)
    config["Volumes"] = {**(config.get("Volumes") or {}), **{word: {} for word in named}}


def _stopsignal(config: Config, instruction: Instruction, variables: Mapping[str, str], escape: str) -> None:
    config["StopSignal"] = expand(instruction.rest, variables, escape)


def _shell(config: Config, instruction: Instruction, _: Mapping[str, str], __: str) -> None:
    words = json_array(instruction.rest)
    if not words:
        raise DockerfileError("SHELL requires the arguments to be in JSON form", instruction.line)
    config["Shell"] = words


def _onbuild(config: Config, instruction: Instruction, _: Mapping[str, str], __: str) -> None:
    (trigger,) = checked([parse_instruction(instruction.rest, instruction.line)])
    if trigger.keyword in {"ONBUILD", "FROM", "MAINTAINER"}:
        raise DockerfileError(f"{trigger.keyword} isn't allowed as an ONBUILD trigger", instruction.line)
    config["OnBuild"] = [*(config.get("OnBuild") or ()), trigger_text(instruction)]


def _healthcheck(config: Config, instruction: Instruction, _: Mapping[str, str], __: str) -> None:
    kind, rest = [*instruction.rest.split(" ", 1), ""][:2]
    if kind.upper() == "NONE":
        config["Healthcheck"] = {"Test": ["NONE"]}
        return
    if kind.upper() != "CMD" or not rest.strip():
        raise DockerfileError(f"Unknown type {kind!r} in HEALTHCHECK (try CMD)", instruction.line)
    words = json_array(rest)
    check: Config = {"Test": ["CMD-SHELL", rest.strip()] if words is None else ["CMD", *words]}
    spans = {"interval": "Interval", "timeout": "Timeout", "start-period": "StartPeriod"}
    for flag, key in (spans | {"start-interval": "StartInterval"}).items():
        if flag in instruction.flags:
            check[key] = _nanoseconds(instruction.flag(flag), instruction.line)
    if "retries" in instruction.flags:
        check["Retries"] = int(instruction.flag("retries"))
    config["Healthcheck"] = check


def _nanoseconds(text: str, line: int) -> int:
    if not _DURATION.fullmatch(text):
        raise DockerfileError(f"invalid duration {text!r}", line)
    return sum(int(float(amount) * _NANOSECONDS[unit]) for amount, unit in _DURATION_PART.findall(text))


_CHANGES: Mapping[str, Apply] = {
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "ONBUILD": _onbuild,
    "SHELL": _shell,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
