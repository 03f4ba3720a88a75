"""Mounts that a container asks for become mount points: volumes are found or made, sources checked."""

import os
import shutil
import stat
from functools import partial
from pathlib import Path

from strata_chassis.errors import InvalidArgument
from strata_oci.image_config import Execution
from strata_runtime.adapters import inside
from strata_runtime.adapters.volumes import forget_volume, save_volume
from strata_runtime.core.container.mount import Mount, MountPoint, MountType
from strata_runtime.core.container.spec import ContainerSpec
from strata_runtime.core.names import new_id
from strata_runtime.core.volume import Volume
from strata_runtime.engine.containers import Containers
from strata_runtime.engine.parts import Parts


def resolve_mounts(parts: Parts, spec: ContainerSpec, image: Execution) -> tuple[list[MountPoint], list[Volume]]:
    """Mount points of a container, and the volumes that were made for it. Blocking."""
    made: list[Volume] = []
    try:
        return _points(parts, spec, image, made), made
    except BaseException:
        remove_made(parts, made)
        raise


def remove_made(parts: Parts, made: list[Volume]) -> None:
    """Remove the volumes without a name that were made for a container which there will not be. Blocking."""
    for volume in made:
        if volume.anonymous:
            parts.volumes.delete(volume.name)


def _points(parts: Parts, spec: ContainerSpec, image: Execution, made: list[Volume]) -> list[MountPoint]:
    points = [_resolve(parts, mount, made) for mount in spec.mounts]
    taken = {point.destination for point in points}
    for point in volumes_of_others(parts.containers, spec.volumes_from):
        if point.destination not in taken:
            points.append(point)
            taken.add(point.destination)
    for target in image.volumes:
        place = "/" + target.strip("/")
        if place not in taken and place != "/":
            points.append(_resolve(parts, Mount(MountType.VOLUME, target=place), made))
    return points


def volumes_of_others(containers: Containers, references: tuple[str, ...]) -> list[MountPoint]:
    """Mount points that other containers have, read-only where ``:ro`` is asked for."""
    points = []
    for reference in references:
        name, _, access = reference.partition(":")
        for point in containers.find(name).container.mount_points:
            if point.type is not MountType.TMPFS:
                writable = point.writable and access != "ro"
                points.append(
                    MountPoint(
                        point.type,
                        point.name,
                        point.source,
                        point.destination,
                        writable,
                        point.propagation,
                        point.driver,
                    )
                )
    return points


def _resolve(parts: Parts, mount: Mount, made: list[Volume]) -> MountPoint:
    source, name, driver = mount.source, "", ""
    if mount.type is MountType.BIND:
        _check_source(mount)
    elif mount.type is MountType.VOLUME:
        volume = _volume(parts, mount, made)
        name, driver = volume.name, volume.driver
        source = _subpath(volume, mount.volume_subpath)
    return MountPoint(
        type=mount.type,
        name=name,
        source=source,
        destination=mount.target.rstrip("/"),
        writable=not mount.read_only,
        propagation=mount.propagation,
        driver=driver,
    )


def _check_source(mount: Mount) -> None:
    if Path(mount.source).exists():
        return
    if not mount.create_source:
        raise InvalidArgument(
            f"the source of the bind mount does not exist: {mount.source}",
            reason="MOUNT_SOURCE_MISSING",
            metadata={"source": mount.source},
        )
    Path(mount.source).mkdir(parents=True)


def _volume(parts: Parts, mount: Mount, made: list[Volume]) -> Volume:
    if mount.source and (found := parts.volumes.find(mount.source)) is not None:
        return found
    if mount.volume_driver not in ("", "local"):
        raise InvalidArgument(f"there is no volume driver {mount.volume_driver!r}", reason="VOLUME_INVALID")
    volume = parts.volumes.create(mount.source or new_id(), labels=mount.volume_labels, anonymous=not mount.source)
    made.append(volume)
    return volume


def _subpath(volume: Volume, subpath: str) -> str:
    """A directory of a volume, which must not lead out of it."""
    if not subpath:
        return volume.mountpoint
    with inside.opened_root(volume.mountpoint) as root:
        try:
            with inside.opened_inside(root, subpath, os.O_PATH | os.O_DIRECTORY) as directory:
                return os.readlink(f"/proc/self/fd/{directory}")  # noqa: PTH115
        except OSError as error:
            raise InvalidArgument(
                f"volume {volume.name} has no directory {subpath!r}", reason="VOLUME_INVALID"
            ) from error


def fill_volumes(rootfs: str, points: list[MountPoint], wishes: tuple[Mount, ...], made: list[Volume]) -> None:
    """Copy what the image has at a new volume's place into the volume, as docker does. Blocking."""
    new = {volume.name for volume in made}
    unwanted = {wish.target.rstrip("/") for wish in wishes if wish.no_copy}
    with inside.opened_root(rootfs) as root:
        for point in points:
            if point.name in new and point.destination not in unwanted:
                _fill(root, point)


def _fill(root: int, point: MountPoint) -> None:
    try:
        with inside.opened_inside(root, point.destination, os.O_RDONLY | os.O_DIRECTORY) as directory:
            status = os.fstat(directory)
            os.chown(point.source, status.st_uid, status.st_gid)
            Path(point.source).chmod(stat.S_IMODE(status.st_mode))
            copy_tree(directory, point.source)
    except (FileNotFoundError, NotADirectoryError):
        return


def copy_tree(source: int, target: str) -> None:
    """Copy the content of an open directory: modes, owners and times kept, links never followed."""
    for entry in os.scandir(source):
        place = Path(target, entry.name)
        status = entry.stat(follow_symlinks=False)
        if entry.is_symlink():
            place.symlink_to(os.readlink(entry.name, dir_fd=source))
        elif entry.is_dir(follow_symlinks=False):
            place.mkdir(exist_ok=True)
            child = os.open(entry.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source)
            try:
                copy_tree(child, str(place))
            finally:
                os.close(child)
        elif entry.is_file(follow_symlinks=False):
            _copy_file(source, entry.name, place)
        else:
            os.mknod(place, status.st_mode, status.st_rdev)
        os.chown(place, status.st_uid, status.st_gid, follow_symlinks=False)
        if not entry.is_symlink():
            place.chmod(stat.S_IMODE(status.st_mode))
        os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)


def _copy_file(directory: int, name: str, place: Path) -> None:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    with os.fdopen(descriptor, "rb") as reader, place.open("wb") as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)


def save_volumes(parts: Parts, made: list[Volume]) -> None:
    """Write new volumes down, in the order of other changes."""
    for volume in made:
        parts.journal.apply(partial(save_volume, volume=volume))


def forget_volumes(parts: Parts, made: list[Volume]) -> None:
    """Take back that those without a name were written down."""
    for volume in made:
        if volume.anonymous:
            parts.journal.apply(partial(forget_volume, name=volume.name))
