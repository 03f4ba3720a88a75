"""The process of a bundle: arguments, environment, user, capabilities, limits."""

from collections.abc import Iterable, Mapping
from typing import Any

from strata_chassis.errors import InvalidArgument
from strata_oci.image_config import Execution
from strata_runtime.core.bundle.host import Host, ProcessUser
from strata_runtime.core.container.resources import Ulimit
from strata_runtime.core.container.spec import ContainerSpec

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INIT_INSIDE = "/sbin/docker-init"
_INFINITY = (1 << 64) - 1


def arguments(spec: ContainerSpec, image: Execution) -> tuple[str, ...]:
    """Entrypoint and command as docker puts them together. Raises InvalidArgument if there is nothing to run."""
    if spec.entrypoint or spec.clear_entrypoint:
        args = (*spec.entrypoint, *spec.command)
    else:
        args = (*image.entrypoint, *(spec.command or image.cmd))
    if not args:
        message = "there is no command to run: neither the request nor the image names one"
        raise InvalidArgument(message, reason="COMMAND_MISSING")
    return args


def environment(spec: ContainerSpec, image: Execution, hostname: str, home: str) -> list[str]:
    """Environment: the engine's, the image's, the request's; a later value of a name replaces an earlier one.

    A name without "=" takes the name away, as docker has it.
    """
    values = {"PATH": DEFAULT_PATH, "HOSTNAME": hostname} | ({"TERM": "xterm"} if spec.tty else {})
    return merged_environment((*(f"{name}={value}" for name, value in values.items()), *image.env), spec.env, home)


def merged_environment(base: Iterable[str], added: Iterable[str], home: str) -> list[str]:
    """``base`` with ``added`` over it, and HOME if nobody gave one."""
    values: dict[str, str] = {}
    for entry in (*base, *added):
        name, equals, value = entry.partition("=")
        if equals:
            values[name] = value
        else:
            values.pop(name, None)
    values.setdefault("HOME", home)
    return [f"{name}={value}" for name, value in values.items()]


def user_value(user: ProcessUser) -> dict[str, Any]:
    """OCI form of a user."""
    return {"uid": user.uid, "gid": user.gid, "additionalGids": sorted(user.additional_gids)}


def capability_sets(capabilities: frozenset[str]) -> dict[str, list[str]]:
    """OCI form of capabilities. Nothing is inheritable or ambient (CVE-2022-24769)."""
    names = sorted(capabilities)
    return {"bounding": names, "effective": names, "permitted": names}


def rlimits(ulimits: Iterable[Ulimit], host: Host) -> list[dict[str, Any]]:
    """OCI form of resource limits; what the host cannot raise is cut to what it has."""
    values = []
    for ulimit in ulimits:
        soft, hard = _limit(ulimit.soft), _limit(ulimit.hard if ulimit.hard or not ulimit.soft else ulimit.soft)
        if ulimit.name == "nofile":
            soft, hard = min(soft, host.nofile_hard), min(hard, host.nofile_hard)
        values.append({"type": f"RLIMIT_{ulimit.name.upper()}", "soft": soft, "hard": hard})
    return values


def process_value(
    spec: ContainerSpec,
    *,
    args: tuple[str, ...],
    env: list[str],
    user: ProcessUser,
    cwd: str,
    capabilities: frozenset[str],
    host: Host,
) -> dict[str, Any]:
    """The ``process`` of a bundle."""
    value: dict[str, Any] = {
        "terminal": spec.tty,
        "user": user_value(user),
        "args": [INIT_INSIDE, "--", *args] if spec.init else list(args),
        "env": env,
        "cwd": cwd,
        "capabilities": capability_sets(capabilities),
        "rlimits": rlimits(spec.resources.ulimits, host),
        "noNewPrivileges": spec.security.no_new_privileges,
    }
    if spec.resources.oom_score_adj is not None:
        value["oomScoreAdj"] = max(spec.resources.oom_score_adj, host.oom_score_adj_least)
    if host.has_apparmor and not spec.security.privileged and spec.security.apparmor_profile:
        value["apparmorProfile"] = spec.security.apparmor_profile
    return value


def with_console_size(process: Mapping[str, Any], columns: int, rows: int) -> dict[str, Any]:
    """A process whose terminal has its size before anything runs in it; 0 leaves it open."""
    if not (process["terminal"] and columns and rows):
        return dict(process)
    return {**process, "consoleSize": {"width": columns, "height": rows}}


def _limit(value: int) -> int:
    return _INFINITY if value < 0 else value
