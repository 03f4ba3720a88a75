"""Tar streams of container files, PAX format: owners, modes, times to the nanosecond, links, devices, attributes."""

import os
import stat
import tarfile
from collections.abc import Iterator

WHITEOUT_PREFIX = ".wh."
OPAQUE_WHITEOUT = ".wh..wh..opq"
CHUNK_BYTES = 1 << 20
_BLOCK = tarfile.BLOCKSIZE
_NANO = 1_000_000_000
_IGNORED_ATTRIBUTES = ("trusted.overlay.", "system.")


class ArchiveWriter:
    """Turns open directories and names into tar blocks. Names in the archive are given by the caller."""

    def __init__(self) -> None:
        self._links: dict[tuple[int, int], str] = {}

    def entry(self, directory: int, name: str, archive_name: str) -> Iterator[bytes]:
        """One file of any type, symbolic links not followed; sockets are left out.

        The name is looked up once: a container may put a device of the host in a file's place at any time.
        """
        file = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        try:
            status = os.fstat(file)
            if stat.S_ISSOCK(status.st_mode):
                return
            info = _header(status, archive_name)
            if stat.S_ISREG(status.st_mode):
                yield from self._regular(file, info, status)
                return
            if stat.S_ISLNK(status.st_mode):
                info.linkname = os.readlink("", dir_fd=file)
            info.pax_headers = {**info.pax_headers, **_attributes(file, status)}
            yield _encoded(info)
        finally:
            os.close(file)

    def whiteout(self, archive_name: str) -> bytes:
        """The mark of a deleted path."""
        parent, _, name = archive_name.rpartition("/")
        info = tarfile.TarInfo(f"{parent}/{WHITEOUT_PREFIX}{name}" if parent else f"{WHITEOUT_PREFIX}{name}")
        return _encoded(info)

    def opaque(self, archive_name: str) -> bytes:
        """The mark of a directory that hides what lower layers have in it."""
        return _encoded(tarfile.TarInfo(f"{archive_name}/{OPAQUE_WHITEOUT}"))

    def end(self) -> bytes:
        """What ends an archive."""
        return b"\0" * (2 * _BLOCK)

    def _regular(self, file: int, info: tarfile.TarInfo, status: os.stat_result) -> Iterator[bytes]:
        key = (status.st_dev, status.st_ino)
        if status.st_nlink > 1 and key in self._links:
            info.type, info.linkname, info.size = tarfile.LNKTYPE, self._links[key], 0
            yield _encoded(info)
            return
        if status.st_nlink > 1:
            self._links[key] = info.name
        descriptor = os.open(_handle(file), os.O_RDONLY | os.O_CLOEXEC)
        try:
            info.size = os.fstat(descriptor).st_size
            info.pax_headers = {**info.pax_headers, **_attributes(file, status)}
            yield _encoded(info)
            yield from _content(descriptor, info.size)
        finally:
            os.close(descriptor)


def _content(descriptor: int, size: int) -> Iterator[bytes]:
    """Exactly ``size`` bytes and padding, also if the file shrinks or grows meanwhile."""
    left = size
    while left and (chunk := os.read(descriptor, min(left, CHUNK_BYTES))):
        left -= len(chunk)
        yield chunk
    while left:
        step = min(left, CHUNK_BYTES)
        left -= step
        yield bytes(step)
    if size % _BLOCK:
        yield bytes(_BLOCK - size % _BLOCK)


def _header(status: os.stat_result, archive_name: str) -> tarfile.TarInfo:
    types = {
        stat.S_IFDIR: tarfile.DIRTYPE,
        stat.S_IFLNK: tarfile.SYMTYPE,
        stat.S_IFCHR: tarfile.CHRTYPE,
        stat.S_IFBLK: tarfile.BLKTYPE,
        stat.S_IFIFO: tarfile.FIFOTYPE,
        stat.S_IFREG: tarfile.REGTYPE,
    }
    info = tarfile.TarInfo(archive_name)
    info.type = types[stat.S_IFMT(status.st_mode)]
    info.mode = stat.S_IMODE(status.st_mode)
    info.uid, info.gid = status.st_uid, status.st_gid
    info.mtime = status.st_mtime_ns // _NANO
    if status.st_mtime_ns % _NANO:
        mtime = f"{status.st_mtime_ns // _NANO}.{status.st_mtime_ns % _NANO:09d}"
        info.pax_headers = {**info.pax_headers, "mtime": mtime}
    if info.type in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        info.devmajor, info.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
    return info


def _handle(file: int) -> str:
    """A path of a file that is open as a place only (O_PATH)."""
    return f"/proc/self/fd/{file}"


def _attributes(file: int, status: os.stat_result) -> dict[str, str]:
    """Extended attributes as PAX records, capabilities among them."""
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return {}
    try:
        return {
            f"SCHILY.xattr.{attribute}": os.getxattr(_handle(file), attribute).decode("utf-8", "surrogateescape")
            for attribute in os.listxattr(_handle(file))
            if not attribute.startswith(_IGNORED_ATTRIBUTES)
        }
    except OSError:
        return {}


def _encoded(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces put together to messages of up to 1 MiB."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        if size + len(piece) > CHUNK_BYTES and held:
            yield b"".join(held)
            held, size = [], 0
        held.append(piece)
        size += len(piece)
    if held:
        yield b"".join(held)
