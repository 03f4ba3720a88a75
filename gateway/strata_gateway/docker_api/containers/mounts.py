"""Mounts: the three ways in which docker's clients ask for them, and how they are shown.

``Binds`` are strings (``source:target[:options]``), ``Mounts`` are objects, ``Tmpfs`` maps paths to options; the
``Volumes`` of a Config ask for anonymous volumes. Source: Docker Engine API, ContainerCreate.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from strata.runtime.v1 import container_pb2 as pb
from strata_chassis.errors import InvalidArgument

_PROPAGATIONS = {"private", "rprivate", "shared", "rshared", "slave", "rslave"}
_IGNORED_OPTIONS = {"z", "Z", "cached", "delegated", "consistent", "rw"}  # labels and hints without a meaning here
_TYPES = {"bind": pb.Mount.TYPE_BIND, "volume": pb.Mount.TYPE_VOLUME, "tmpfs": pb.Mount.TYPE_TMPFS}
_TYPE_NAMES = {number: name for name, number in _TYPES.items()}
_SIZE_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def mounts_of(config: Mapping[str, Any], host: Mapping[str, Any]) -> list[pb.Mount]:
    """All mounts a create request asks for; the first to claim a target has it."""
    asked = [
        *(_from_bind(bind, host.get("VolumeDriver") or "") for bind in host.get("Binds") or ()),
        *(_from_object(mount) for mount in host.get("Mounts") or ()),
        *(_from_tmpfs(target, options) for target, options in (host.get("Tmpfs") or {}).items()),
    ]
    claimed = {mount.target for mount in asked}
    anonymous = [target for target in config.get("Volumes") or {} if target not in claimed]
    return asked + [pb.Mount(type=pb.Mount.TYPE_VOLUME, target=target) for target in anonymous]


def _from_bind(bind: str, driver: str) -> pb.Mount:
    source, target, options = _split_bind(bind)
    mount = pb.Mount(type=pb.Mount.TYPE_VOLUME, source=source, target=target, volume_driver=driver)
    if source.startswith("/"):
        mount = pb.Mount(type=pb.Mount.TYPE_BIND, source=source, target=target, create_source=True)
    for option in filter(None, options.split(",")):
        _apply_option(mount, option, bind)
    return mount


def _split_bind(bind: str) -> tuple[str, str, str]:
    """Source, target and options; a path alone is an anonymous volume."""
    match bind.split(":"):
        case [target]:
            return "", target, ""
        case [source, target]:
            return source, target, ""
        case [source, target, options]:
            return source, target, options
    raise _invalid(bind, "too many colons")


def _apply_option(mount: pb.Mount, option: str, bind: str) -> None:
    if option == "ro":
        mount.read_only = True
    elif option == "nocopy":
        mount.no_copy = True
    elif option in _PROPAGATIONS:
        mount.propagation = option
    elif option not in _IGNORED_OPTIONS:
        raise _invalid(bind, f"invalid mode: {option}")


def _invalid(bind: str, why: str) -> InvalidArgument:
    return InvalidArgument(
        f"invalid volume specification: '{bind}': {why}", reason="SPEC_INVALID", metadata={"mount": bind}
    )


def _from_object(mount: Mapping[str, Any]) -> pb.Mount:
    kind = mount.get("Type", "volume")
    if kind not in _TYPES:
        message = f"invalid mount config for type {kind!r}: mount type unknown"
        raise InvalidArgument(message, reason="SPEC_INVALID", metadata={"type": str(kind)})
    bind, volume, tmpfs = (mount.get(f"{name}Options") or {} for name in ("Bind", "Volume", "Tmpfs"))
    driver = volume.get("DriverConfig") or {}
    return pb.Mount(
        type=_TYPES[kind],
        source=mount.get("Source") or "",
        target=mount.get("Target") or mount.get("Destination") or "",
        read_only=bool(mount.get("ReadOnly")),
        propagation=bind.get("Propagation") or "",
        create_source=bool(bind.get("CreateMountpoint")),
        non_recursive=bool(bind.get("NonRecursive")),
        no_copy=bool(volume.get("NoCopy")),
        volume_driver=driver.get("Name") or "",
        volume_labels=volume.get("Labels") or {},
        volume_subpath=volume.get("Subpath") or "",
        tmpfs_size_bytes=tmpfs.get("SizeBytes") or 0,
        tmpfs_mode=tmpfs.get("Mode") or 0,
        tmpfs_options=["=".join(option) for option in tmpfs.get("Options") or ()],
    )


def _from_tmpfs(target: str, options: str) -> pb.Mount:
    mount = pb.Mount(type=pb.Mount.TYPE_TMPFS, target=target)
    for option in filter(None, options.split(",")):
        key, _, value = option.partition("=")
        if key == "size":
            mount.tmpfs_size_bytes = _size(value)
        elif key == "mode":
            mount.tmpfs_mode = int(value, 8)
        elif option == "ro":
            mount.read_only = True
        elif option != "rw":
            mount.tmpfs_options.append(option)
    return mount


def _size(text: str) -> int:
    """Bytes of a tmpfs size option: "64m"."""
    unit = _SIZE_UNITS.get(text[-1:].lower())
    return int(text[:-1]) * unit if unit else int(text)


def binds_shown(mounts: Iterable[pb.Mount]) -> list[str] | None:
    """``HostConfig.Binds`` of the mounts that can be written so; None when there are none, as docker has it."""
    binds = [
        f"{mount.source}:{mount.target}" + (":ro" if mount.read_only else "")
        for mount in mounts
        if mount.source and mount.type in {pb.Mount.TYPE_BIND, pb.Mount.TYPE_VOLUME}
    ]
    return binds or None


def tmpfs_shown(mounts: Iterable[pb.Mount]) -> dict[str, str]:
    """``HostConfig.Tmpfs``."""
    return {mount.target: ",".join(mount.tmpfs_options) for mount in mounts if mount.type == pb.Mount.TYPE_TMPFS}


def mount_points_shown(points: Iterable[pb.MountPoint]) -> list[dict[str, Any]]:
    """``Mounts`` of an inspected or listed container."""
    return [_point_shown(point) for point in points]


def _point_shown(point: pb.MountPoint) -> dict[str, Any]:
    shown: dict[str, Any] = {"Type": _TYPE_NAMES.get(point.type, "")}
    if point.name:
        shown["Name"] = point.name
    shown |= {"Source": point.source, "Destination": point.destination}
    if point.driver:
        shown["Driver"] = point.driver
    return shown | {"Mode": "", "RW": point.writable, "Propagation": point.propagation}
