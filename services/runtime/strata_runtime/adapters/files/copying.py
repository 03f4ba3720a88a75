"""Copies into and out of a container that may run and race: every name is opened below its root (openat2)."""

import contextlib
import errno
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from strata_chassis.errors import InvalidArgument, NotFound
from strata_runtime.adapters import inside
from strata_runtime.adapters.files.archive import ArchiveWriter
from strata_runtime.adapters.files.exporting import tree_entries
from strata_runtime.core.path_status import PathStatus

_NANO = 1_000_000_000
_COPY_BYTES = 1 << 20
_IN_THE_WAY = {
    errno.EEXIST: "something is there already",
    errno.EISDIR: "a directory is in the way",
    errno.ELOOP: "there are too many symbolic links on its way",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ENOENT: "what it is in or links to is not there",
    errno.ENOTDIR: "something that is no directory is in the way",
    errno.ENOTEMPTY: "a directory that is not empty is in the way",
    errno.EPERM: "it is not permitted",
    errno.EXDEV: "it would be a link to another file system",
}


@dataclass(frozen=True, slots=True)
class Unpacking:
    """How an archive is unpacked. ``owner``: user and group of everything, None for the archive's own."""

    owner: tuple[int, int] | None = None
    no_overwrite_dir_non_dir: bool = False


def path_unknown(path: str) -> NotFound:
    """The error for a path that is not there."""
    return NotFound(f"there is no {path} in the container", reason="PATH_UNKNOWN", metadata={"path": path})


def normal_path(path: str) -> str:
    """The path from the root on without "." and "..", as docker reads it: nothing is above the root.

    A path that ends in "/" or "/." means the directory itself, also where it is a link: "/." is kept at its end.
    """
    cleaned = os.path.normpath("/" + path.lstrip("/"))
    return f"{cleaned.rstrip('/')}/." if path.endswith(("/", "/.")) else cleaned


def split_path(path: str) -> tuple[str, str]:
    """Parent and name. The name goes to calls that know no root: it is one plain name, or "." for the parent itself."""
    parent, _, name = normal_path(path).rpartition("/")
    return parent or "/", name or "."


def path_status(root: int, path: str) -> PathStatus:
    """What is at a path, the last symbolic link not followed. Raises NotFound."""
    parent, name = split_path(path)
    try:
        with inside.opened_inside(root, parent, os.O_PATH | os.O_DIRECTORY) as directory:
            status = os.lstat(name, dir_fd=directory)
            target = os.readlink(name, dir_fd=directory) if stat.S_ISLNK(status.st_mode) else ""
    except (FileNotFoundError, NotADirectoryError) as error:
        raise path_unknown(path) from error
    seconds, nanoseconds = divmod(status.st_mtime_ns, _NANO)
    return PathStatus(
        name=os.path.basename(os.path.normpath(path)) or "/",  # noqa: PTH119 -- a path of the container
        size_bytes=status.st_size,
        mode=status.st_mode,
        modify_time=datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanoseconds // 1000),
        link_target=target,
    )


def copy_out(root: int, path: str) -> Iterator[bytes]:
    """A file or tree as a tar whose names begin with the path's last part. Raises NotFound."""
    parent, name = split_path(path)
    writer = ArchiveWriter()
    try:
        with inside.opened_inside(root, parent, os.O_RDONLY | os.O_DIRECTORY) as directory:
            shown = path_status(root, path).name.strip("/")
            top = shown or "."
            yield from writer.entry(directory, name, top)
            if stat.S_ISDIR(os.lstat(name, dir_fd=directory).st_mode):
                with _directory(directory, name) as child:
                    yield from tree_entries(writer, child, f"{top}/", os.fstat(child).st_dev)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise path_unknown(path) from error
    yield writer.end()


@contextlib.contextmanager
def _directory(parent: int, name: str) -> Iterator[int]:
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def copy_in(root: int, path: str, archive: IO[bytes], how: Unpacking) -> None:
    """Unpack a tar (plain or gzip) into a directory. Raises NotFound, InvalidArgument."""
    try:
        with inside.opened_inside(root, path, os.O_PATH | os.O_DIRECTORY):
            base = path
    except (FileNotFoundError, NotADirectoryError) as error:
        raise path_unknown(path) from error
    try:
        with tarfile.open(fileobj=archive, mode="r|*") as reader:
            unpack = _Unpack(root, base.rstrip("/"), how)
            for member in reader:
                unpack.member(reader, member)
            unpack.finish()
    except tarfile.TarError as error:
        raise InvalidArgument(f"the archive cannot be read: {error}", reason="ARCHIVE_INVALID") from error


class _Unpack:
    def __init__(self, root: int, base: str, how: Unpacking) -> None:
        self._root = root
        self._base = base
        self._how = how
        self._directories: list[tuple[str, tarfile.TarInfo]] = []

    def member(self, reader: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Unpack one entry. Names are resolved below the root, wherever they point. Raises InvalidArgument."""
        try:
            self._member(reader, member)
        except OSError as error:
            if error.errno not in _IN_THE_WAY:
                raise
            raise InvalidArgument(
                f"{member.name} cannot be unpacked: {_IN_THE_WAY[error.errno]}",
                reason="ARCHIVE_INVALID",
                metadata={"name": member.name},
            ) from error

    def _member(self, reader: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = os.path.normpath("/" + member.name)
        if name == "/":
            return
        parent, _, last = name.rpartition("/")
        inside.make_directories(self._root, self._base + parent)
        with inside.opened_inside(self._root, (self._base + parent) or "/", os.O_RDONLY | os.O_DIRECTORY) as directory:
            self._place(reader, member, directory, last)
        if member.isdir():
            self._directories.append((name, member))

    def finish(self) -> None:
        """Times of directories, which what was put into them has changed."""
        for name, member in reversed(self._directories):
            with (
                contextlib.suppress(OSError),
                inside.opened_inside(self._root, self._base + name, os.O_RDONLY | os.O_DIRECTORY) as directory,
            ):
                os.utime(directory, ns=_times(member))

    def _place(self, reader: tarfile.TarFile, member: tarfile.TarInfo, directory: int, name: str) -> None:
        self._make_room(member, directory, name)
        if member.isdir():
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=directory)
            self._finish_directory(member, directory, name)
        elif member.issym():
            os.symlink(member.linkname, name, dir_fd=directory)
            os.chown(name, *self._owner(member), dir_fd=directory, follow_symlinks=False)
        elif member.islnk():
            self._link(member, directory, name)
        elif member.isreg():
            self._regular(reader, member, directory, name)
        elif member.isfifo() or member.ischr() or member.isblk():
            self._node(member, directory, name)

    def _make_room(self, member: tarfile.TarInfo, directory: int, name: str) -> None:
        try:
            status = os.lstat(name, dir_fd=directory)
        except FileNotFoundError:
            return
        is_directory = stat.S_ISDIR(status.st_mode)
        if is_directory != member.isdir() and self._how.no_overwrite_dir_non_dir:
            raise InvalidArgument(
                f"{member.name}: a directory would replace something else, or the reverse", reason="ARCHIVE_INVALID"
            )
        if is_directory and not member.isdir():
            os.rmdir(name, dir_fd=directory)
        elif not is_directory:
            os.unlink(name, dir_fd=directory)

    def _finish_directory(self, member: tarfile.TarInfo, directory: int, name: str) -> None:
        with _directory(directory, name) as made:
            os.fchown(made, *self._owner(member))
            os.fchmod(made, member.mode & 0o7777)

    def _link(self, member: tarfile.TarInfo, directory: int, name: str) -> None:
        parent, _, last = os.path.normpath("/" + member.linkname).rpartition("/")
        with inside.opened_inside(self._root, (self._base + parent) or "/", os.O_RDONLY | os.O_DIRECTORY) as source:
            os.link(last, name, src_dir_fd=source, dst_dir_fd=directory, follow_symlinks=False)

    def _regular(self, reader: tarfile.TarFile, member: tarfile.TarInfo, directory: int, name: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o600, dir_fd=directory)
        try:
            source = reader.extractfile(member)
            while source is not None and (chunk := source.read(_COPY_BYTES)):
                _write_all(descriptor, chunk)
            os.fchown(descriptor, *self._owner(member))
            os.fchmod(descriptor, member.mode & 0o7777)
            self._set_attributes(descriptor, member)
            os.utime(descriptor, ns=_times(member))
        finally:
            os.close(descriptor)

    def _set_attributes(self, descriptor: int, member: tarfile.TarInfo) -> None:
        for key, value in member.pax_headers.items():
            name = key.removeprefix("SCHILY.xattr.")
            if name != key and name.startswith(("user.", "security.capability")):
                with contextlib.suppress(OSError):
                    os.setxattr(descriptor, name, value.encode("utf-8", "surrogateescape"))

    def _node(self, member: tarfile.TarInfo, directory: int, name: str) -> None:
        kinds = {tarfile.FIFOTYPE: stat.S_IFIFO, tarfile.CHRTYPE: stat.S_IFCHR, tarfile.BLKTYPE: stat.S_IFBLK}
        mode = kinds[member.type] | (member.mode & 0o7777)
        os.mknod(name, mode, os.makedev(member.devmajor, member.devminor), dir_fd=directory)
        os.chown(name, *self._owner(member), dir_fd=directory, follow_symlinks=False)

    def _owner(self, member: tarfile.TarInfo) -> tuple[int, int]:
        return self._how.owner or (member.uid, member.gid)


def _times(member: tarfile.TarInfo) -> tuple[int, int]:
    time_ns = int(float(member.mtime) * _NANO)
    return time_ns, time_ns


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def is_read_only(error: OSError) -> bool:
    """Whether an error says that the place cannot be written to."""
    return error.errno == errno.EROFS
