"""Configuration: a frozen dataclass, filled from its defaults, a file, the environment and flags, in this order.

A service called ``store`` reads the top level and the section ``[store]`` of the file (``STRATA_CONFIG``, else
/etc/strata/strata.toml), variables ``STRATA_STORE_<FIELD>`` and flags ``--<field>``.
"""

import dataclasses
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from strata_chassis.config_values import parse_text, parse_toml
from strata_chassis.errors import InvalidArgument

C = TypeVar("C")

DEFAULT_FILE = Path("/etc/strata/strata.toml")


def setting(default: Any, explanation: str) -> Any:
    """Return a field with its default and the sentence that ``--help`` shows."""
    return dataclasses.field(default=default, metadata={"help": explanation})


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """What every service can be told."""

    run_dir: Path = setting(Path("/run/strata"), "where the sockets are")
    state_dir: Path = setting(Path("/var/lib/strata"), "where the state is; each service has a folder in it")
    listen: tuple[str, ...] = setting((), "unix:///path or tcp://host:port, several by comma; default: run-dir")
    metrics_listen: str = setting("", "unix:///path or tcp://host:port of /metrics; default: run-dir")
    user: str = setting("", "user to become after start as root; empty: stay")
    socket_group: str = setting("strata", "group that may use the unix sockets, if it exists")
    tls_cert: Path | None = setting(None, "PEM certificate chain, for tcp:// and for calls over it")
    tls_key: Path | None = setting(None, "PEM private key of tls-cert")
    tls_ca: Path | None = setting(None, "PEM certificates that sign the peers'")
    grace_s: float = setting(10.0, "seconds that running calls are given after SIGTERM")
    log_level: str = setting("info", "debug, info, warning or error")
    log_format: str = setting("text", "text or json")


def load(
    config_class: type[C],
    section: str,
    *,
    argv: Sequence[str] | None = None,
    env: Mapping[str, str] | None = None,
) -> C:
    """Return the configuration of one service.

    Raises InvalidArgument, naming the source, for an unknown key or a value that does not fit. ``argv`` is without the
    program's name, by default the process's; ``--help`` exits.
    """
    variables = os.environ if env is None else env
    kinds = get_type_hints(config_class)
    values = _from_file(kinds, section, variables)
    values |= _from_env(kinds, section, variables)
    values |= _from_flags(config_class, kinds, section, sys.argv[1:] if argv is None else argv)
    return config_class(**values)


def _from_file(kinds: Mapping[str, Any], section: str, env: Mapping[str, str]) -> dict[str, Any]:
    path = Path(env.get("STRATA_CONFIG", DEFAULT_FILE))
    if not path.exists() and "STRATA_CONFIG" not in env:
        return {}
    document = _read(path)
    shared = {key: value for key, value in document.items() if not isinstance(value, dict)}
    own = document.get(section, {})
    values = {}
    for key, value in (shared | own).items():
        source = f"{path}, [{section}] {key}" if key in own else f"{path}, {key}"
        if key not in kinds:
            raise InvalidArgument(
                f"{source}: there is no such setting",
                reason="CONFIG_UNKNOWN_KEY",
                metadata={"file": str(path), "key": key},
            )
        values[key] = parse_toml(kinds[key], value, source)
    return values


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidArgument(
            f"the configuration {path} cannot be read: {error}",
            reason="CONFIG_UNREADABLE",
            metadata={"file": str(path)},
        ) from error


def _from_env(kinds: Mapping[str, Any], section: str, env: Mapping[str, str]) -> dict[str, Any]:
    prefix = f"STRATA_{section.upper()}_"
    names = {f"{prefix}{name.upper()}": name for name in kinds}
    return {name: parse_text(kinds[name], env[key], key) for key, name in names.items() if key in env}


def _from_flags(config_class: type[Any], kinds: Mapping[str, Any], section: str, argv: Sequence[str]) -> dict[str, Any]:
    """Read ``--name VALUE`` and ``--name=VALUE``; argparse would stay in memory for as long as the service lives."""
    names = {_flag(name): name for name in kinds}
    values = {}
    rest = iter(argv)
    for argument in rest:
        if argument in ("-h", "--help"):
            sys.stdout.write(_help(config_class, section))
            raise SystemExit(0)
        flag, has_value, text = argument.partition("=")
        value = text if has_value else next(rest, None)
        if flag not in names or value is None:
            what = f"there is no flag {flag!r}" if flag not in names else f"{flag} needs a value"
            raise InvalidArgument(f"{what}; see --help", reason="FLAG_INVALID", metadata={"flag": flag})
        values[names[flag]] = parse_text(kinds[names[flag]], value, flag)
    return values


def _help(config_class: type[Any], section: str) -> str:
    lines = [f"Usage: strata-{section} [--FLAG VALUE]...", ""]
    for field in dataclasses.fields(config_class):
        default = "" if field.default in (None, (), "") else f" ({field.default})"
        lines.append(f"  {_flag(field.name):<24} {field.metadata.get('help', '')}{default}")
    return "\n".join(lines) + "\n"


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
