"""What a container may do: capabilities, devices, profiles, kernel parameters."""

import os
from pathlib import Path

from strata.runtime.v1.container_pb2 import Device, PathList, Security

from strata_client.cli.parsing import Line, UsageError


def security(line: Line) -> Security:
    """All that a line says about privileges."""
    allowed = Security(
        privileged=line.flag("privileged"),
        cap_add=[_capability(word) for word in line.many("cap-add")],
        cap_drop=[_capability(word) for word in line.many("cap-drop")],
        devices=[parse_device(word) for word in line.many("device")],
        device_cgroup_rules=line.many("device-cgroup-rule"),
        group_add=line.many("group-add"),
        sysctls=dict(_sysctl(word) for word in line.many("sysctl")),
    )
    for word in line.many("security-opt"):
        _apply_option(allowed, word)
    return allowed


def _capability(word: str) -> str:
    return word.upper().removeprefix("CAP_")


def _sysctl(word: str) -> tuple[str, str]:
    key, separator, value = word.partition("=")
    if not key or not separator:
        raise UsageError(f"invalid sysctl {word!r}: write it as net.ipv4.ip_forward=1")
    return key, value


def parse_device(word: str) -> Device:
    """Read one ``--device``: "/dev/fuse", "/dev/sda:/dev/xvda:r"."""
    parts = word.split(":")
    if len(parts) == 2 and not parts[1].startswith("/"):  # noqa: PLR2004
        parts.insert(1, "")
    host, inside, permissions = [*parts, "", ""][:3]
    if not os.path.isabs(host) or len(parts) > 3 or set(permissions) - set("rwm"):  # noqa: PLR2004, PTH117
        raise UsageError(f"invalid device {word!r}: write it as /dev/fuse or /dev/sda:/dev/xvda:rwm")
    return Device(host_path=host, container_path=inside, permissions=permissions)


def _apply_option(allowed: Security, word: str) -> None:
    """One ``--security-opt``; key and value are parted by = or, as of old, by a colon."""
    key, separator, value = word.partition("=")
    if not separator:
        key, _, value = word.partition(":")
    if key == "no-new-privileges":
        allowed.no_new_privileges = value.lower() in {"", "true", "1"}
    elif key == "seccomp" and value:
        allowed.seccomp_profile = value if value == "unconfined" else _profile(value)
    elif key == "apparmor" and value:
        allowed.apparmor_profile = value
    elif word == "systempaths=unconfined":
        allowed.masked_paths.CopyFrom(PathList())
        allowed.readonly_paths.CopyFrom(PathList())
    else:
        raise UsageError(
            f"invalid security option {word!r}: there are no-new-privileges, seccomp=FILE|unconfined, "
            "apparmor=PROFILE and systempaths=unconfined"
        )


def _profile(file: str) -> str:
    """Text of a seccomp profile: the gateway may not see our files."""
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {getattr(error, 'strerror', None) or 'it is no text'}") from None
