"""What a container may do: docker's options and the engine's Security, both ways."""

from collections.abc import Iterable, Mapping
from typing import Any

from strata.runtime.v1 import container_pb2 as pb
from strata_chassis.errors import InvalidArgument


def security_of(host: Mapping[str, Any]) -> pb.Security:
    """The powers and limits in a HostConfig."""
    if host.get("DeviceRequests"):
        raise InvalidArgument(
            "could not select device driver: --gpus and other device requests are not served; give --device",
            reason="SPEC_INVALID",
        )
    security = pb.Security(
        privileged=bool(host.get("Privileged")),
        cap_add=host.get("CapAdd") or (),
        cap_drop=host.get("CapDrop") or (),
        devices=[_device(device) for device in host.get("Devices") or ()],
        device_cgroup_rules=host.get("DeviceCgroupRules") or (),
        group_add=host.get("GroupAdd") or (),
        sysctls=host.get("Sysctls") or {},
    )
    for key, field in (("MaskedPaths", "masked_paths"), ("ReadonlyPaths", "readonly_paths")):
        if host.get(key) is not None:
            getattr(security, field).CopyFrom(pb.PathList(paths=host[key]))
    for option in host.get("SecurityOpt") or ():
        _apply_option(security, option)
    return security


def _device(device: Mapping[str, str]) -> pb.Device:
    return pb.Device(
        host_path=device["PathOnHost"],
        container_path=device.get("PathInContainer") or "",
        permissions=device.get("CgroupPermissions") or "",
    )


def _apply_option(security: pb.Security, option: str) -> None:
    key, separator, value = option.partition("=") if "=" in option else option.partition(":")
    if key == "no-new-privileges" and value in {"", "true", "false"}:
        security.no_new_privileges = value != "false"
    elif key == "seccomp" and separator:
        security.seccomp_profile = value
    elif key == "apparmor" and separator:
        security.apparmor_profile = value
    elif key not in {"label", "systempaths"}:  # SELinux is not there to be labelled; systempaths came as MaskedPaths
        raise InvalidArgument(
            f"invalid --security-opt 2: {option!r}", reason="SPEC_INVALID", metadata={"option": option}
        )


def host_security(security: pb.Security) -> dict[str, Any]:
    """The part of a HostConfig that shows powers and limits."""
    return {
        "Privileged": security.privileged,
        "CapAdd": list(security.cap_add) or None,
        "CapDrop": list(security.cap_drop) or None,
        "SecurityOpt": list(_options_shown(security)) or None,
        "Devices": [
            {
                "PathOnHost": device.host_path,
                "PathInContainer": device.container_path or device.host_path,
                "CgroupPermissions": device.permissions or "rwm",
            }
            for device in security.devices
        ],
        "DeviceCgroupRules": list(security.device_cgroup_rules) or None,
        "GroupAdd": list(security.group_add) or None,
        "Sysctls": dict(security.sysctls),
        "MaskedPaths": list(security.masked_paths.paths) if security.HasField("masked_paths") else None,
        "ReadonlyPaths": list(security.readonly_paths.paths) if security.HasField("readonly_paths") else None,
    }


def _options_shown(security: pb.Security) -> Iterable[str]:
    if security.no_new_privileges:
        yield "no-new-privileges"
    if security.seccomp_profile:
        yield f"seccomp={security.seccomp_profile}"
    if security.apparmor_profile:
        yield f"apparmor={security.apparmor_profile}"
