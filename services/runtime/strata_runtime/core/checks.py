"""What makes a request one that can be carried out, before anything is done."""

from collections.abc import Iterable

from strata_chassis.errors import InvalidArgument, Unimplemented
from strata_runtime.core.bundle.capabilities import granted
from strata_runtime.core.bundle.host import Host
from strata_runtime.core.bundle.resources import check_resources, parse_device_rule
from strata_runtime.core.container.mount import Mount, MountType
from strata_runtime.core.container.spec import ContainerSpec, RestartCondition
from strata_runtime.core.signals import parse_signal

_PROPAGATIONS = ("", "private", "rprivate", "shared", "rshared", "slave", "rslave")
_LOG_DRIVERS = ("", "file", "json-file", "local", "none")


def check_spec(spec: ContainerSpec, host: Host) -> None:
    """Raises InvalidArgument for what can never be right."""
    check_resources(spec.resources, host)
    granted(spec.security, host.capabilities)
    for rule in spec.security.device_cgroup_rules:
        parse_device_rule(rule)
    if spec.stop_signal:
        parse_signal(spec.stop_signal)
    _check_strings(spec)
    _check_mounts(spec.mounts)
    if spec.auto_remove and spec.restart_policy.condition > RestartCondition.NO:
        raise _invalid("a container cannot be removed on exit and restarted as well")
    if spec.log_config.driver not in _LOG_DRIVERS:
        raise _invalid(f"there is no log driver {spec.log_config.driver!r}: file and none are")
    _check_support(spec)
    if spec.init and not host.init_path:
        raise _invalid("no init program is installed on this host (tini, catatonit or dumb-init)")


def _check_support(spec: ContainerSpec) -> None:
    """Raises Unimplemented for what would otherwise be silently left out."""
    if spec.disk_quota_bytes:
        raise Unimplemented("disk quotas of containers are not supported yet", reason="DISK_QUOTA_UNSUPPORTED")
    if spec.userns_mode not in ("", "host"):
        raise Unimplemented("user namespaces are not supported yet", reason="USERNS_UNSUPPORTED")


def _check_strings(spec: ContainerSpec) -> None:
    """No NUL can be passed to a program, and a name of an environment variable is not empty."""
    for text in (*spec.command, *spec.entrypoint, *spec.env, spec.working_dir, spec.user, spec.hostname):
        if "\0" in text:
            raise _invalid("a NUL byte cannot be part of a command, variable, path or name")
    for entry in spec.env:
        if not entry or entry.startswith("="):
            raise _invalid(f"{entry!r} is not an environment variable: NAME=value")
    if spec.working_dir and not spec.working_dir.startswith("/"):
        raise _invalid(f"the working directory {spec.working_dir!r} must be absolute")


def _check_mounts(mounts: Iterable[Mount]) -> None:
    targets = set()
    for mount in mounts:
        target = mount.target.rstrip("/")
        if not target.startswith("/") or ".." in target.split("/"):
            raise _invalid(f"{mount.target!r} is not a place for a mount: an absolute path other than /")
        if target in targets:
            raise _invalid(f"there are two mounts at {mount.target}")
        targets.add(target)
        if mount.propagation not in _PROPAGATIONS:
            raise _invalid(f"{mount.propagation!r} is not a propagation")
        if mount.type is MountType.BIND and not mount.source.startswith("/"):
            raise _invalid(f"the source of a bind mount must be absolute, {mount.source!r} is not")


def _invalid(message: str) -> InvalidArgument:
    return InvalidArgument(message, reason="SPEC_INVALID")
