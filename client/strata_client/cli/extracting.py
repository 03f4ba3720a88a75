"""Unpacking a tar that a container filled, on the user's own machine: nothing in it may reach outside.

Every directory on the way to a member is opened without following links, relative to the one above it, so that neither
names nor links nor somebody who swaps a directory meanwhile can lead elsewhere.
"""

import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from strata_chassis.errors import FailedPrecondition, InvalidArgument

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_COPY_BYTES = 1024 * 1024
_PLAIN_MODE = 0o777


def extract(archive: IO[bytes], directory: str, *, renames_first_to: str | None, keeps_owner: bool) -> list[str]:
    """Unpack a tar into a directory that exists; returns the names of what was left out, such as devices.

    ``renames_first_to`` replaces the first part of each member's name; empty, it takes that part away.
    """
    left_out = []
    modes: list[tuple[list[str], tarfile.TarInfo]] = []
    root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with tarfile.open(fileobj=archive, mode="r|") as tar:
            for member in tar:
                parts = _placed(member.name, renames_first_to)
                if member.isdir():
                    modes.append((parts, member))
                    with _opened(root, parts):
                        pass
                elif not parts or not _make(tar, root, parts, member, renames_first_to, keeps_owner=keeps_owner):
                    left_out.append(member.name)
        # Directories last and deepest first: one without write permission could not be filled.
        for parts, member in reversed(modes):
            with _opened(root, parts) as opened:
                _set_attributes(opened, member, keeps_owner=keeps_owner)
    except tarfile.TarError as error:
        raise InvalidArgument(f"the container's archive is damaged: {error}", reason="ARCHIVE_INVALID") from error
    finally:
        os.close(root)
    return left_out


def _placed(name: str, renames_first_to: str | None) -> list[str]:
    """Parts of the path that a member gets; refuses what would climb out."""
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise InvalidArgument(f"the container's archive names {name!r}, which leads outside", reason="PATH_ESCAPES")
    if renames_first_to is None or not parts:
        return parts
    return ([renames_first_to] if renames_first_to else []) + parts[1:]


@contextmanager
def _opened(root: int, parts: list[str]) -> Iterator[int]:
    """The directory at ``parts`` below ``root``, made where it is missing."""
    current = os.dup(root)
    try:
        for part in parts:
            try:
                following = os.open(part, _DIRECTORY, dir_fd=current)
            except FileNotFoundError:
                os.mkdir(part, 0o755, dir_fd=current)
                following = os.open(part, _DIRECTORY, dir_fd=current)
            except OSError as error:
                message = f"{'/'.join(parts)} cannot be made: {part!r} is no directory here"
                raise FailedPrecondition(message, reason="NOT_A_DIRECTORY") from error
            os.close(current)
            current = following
        yield current
    finally:
        os.close(current)


def _make(
    tar: tarfile.TarFile,
    root: int,
    parts: list[str],
    member: tarfile.TarInfo,
    renames_first_to: str | None,
    *,
    keeps_owner: bool,
) -> bool:
    """Make a file, link or pipe; False for what is not copied."""
    name = parts[-1]
    with _opened(root, parts[:-1]) as parent:
        if member.isreg():
            _clear(parent, name)
            _write_file(tar, parent, name, member, keeps_owner=keeps_owner)
        elif member.issym():
            _clear(parent, name)
            os.symlink(member.linkname, name, dir_fd=parent)
        elif member.islnk():
            _clear(parent, name)
            source = _placed(member.linkname, renames_first_to)
            with _opened(root, source[:-1]) as other:
                os.link(source[-1], name, src_dir_fd=other, dst_dir_fd=parent, follow_symlinks=False)
        elif member.isfifo():
            _clear(parent, name)
            os.mkfifo(name, member.mode & _PLAIN_MODE, dir_fd=parent)
        else:
            return False
    return True


def _clear(parent: int, name: str) -> None:
    """Take away a file or link that is in the way; a directory is not."""
    try:
        if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            raise FailedPrecondition(f"{name!r} is a directory here, and a file there", reason="IS_A_DIRECTORY")
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return


def _write_file(tar: tarfile.TarFile, parent: int, name: str, member: tarfile.TarInfo, *, keeps_owner: bool) -> None:
    content = tar.extractfile(member)
    opened = os.open(name, _NEW_FILE, 0o600, dir_fd=parent)
    with os.fdopen(opened, "wb") as file:
        while content is not None and (piece := content.read(_COPY_BYTES)):
            file.write(piece)
        file.flush()
        _set_attributes(opened, member, keeps_owner=keeps_owner)


def _set_attributes(opened: int, member: tarfile.TarInfo, *, keeps_owner: bool) -> None:
    """Mode and time; owner and the set-ID bits only where the user asked for an exact copy."""
    if keeps_owner:
        os.fchown(opened, member.uid, member.gid)
    os.fchmod(opened, member.mode & (0o7777 if keeps_owner else _PLAIN_MODE))
    os.utime(opened, ns=(int(member.mtime * 10**9), int(member.mtime * 10**9)))
