"""Tars in spooled files: an index of what is in them, and new tars made of chosen members.

Nothing is ever unpacked: member names are only keys, and what is written are tars again.
"""

import copy
import hashlib
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from strata_chassis.errors import InvalidArgument
from strata_gateway.adapters.spool import Spool, SpoolFolder
from strata_gateway.core.build.copying import plain_path

_READ_BYTES = 1 << 20
_TIMES = ("mtime", "atime", "ctime")


@dataclass(frozen=True)
class Rewriting:
    """How members change on their way into a layer; None leaves a property as it is."""

    owner: tuple[int, int] | None = (0, 0)
    mode: int | None = None
    latest_mtime_s: int | None = None


class TarIndex:
    """Members of a tar by their plain names; the last of several with one name counts, as in every unpacker.

    ``below`` is put in front of every name.
    """

    def __init__(self, file: IO[bytes], below: str = "") -> None:
        self._file = file
        self._below = below
        self._file.seek(0)
        try:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                self.members: dict[str, tarfile.TarInfo] = {
                    plain_path(f"{below}/{member.name}"): member for member in archive
                }
        except (tarfile.TarError, OverflowError, ValueError) as error:
            raise InvalidArgument(f"no valid tar: {error}", reason="ARCHIVE_INVALID") from error
        self.members.pop("", None)

    def kinds(self) -> dict[str, bool]:
        """Whether each path is a folder; folders that have no member of their own are there too."""
        kinds = {path: member.isdir() for path, member in self.members.items()}
        for path in list(kinds):
            parts = path.split("/")[:-1]
            for count in range(len(parts), 0, -1):
                kinds.setdefault("/".join(parts[:count]), True)
        return dict(sorted(kinds.items()))

    def read(self, path: str, limit_bytes: int = 1 << 20) -> bytes:
        """Content of a small file, following links within the tar; KeyError when there is none."""
        member = self.members[path]
        for _ in range(8):
            if not member.issym() and not member.islnk():
                break
            path = self.linked(path, member)
            member = self.members[path]
        self._file.seek(member.offset_data)
        return self._file.read(min(member.size, limit_bytes)) if member.isreg() else b""

    def linked(self, path: str, member: tarfile.TarInfo) -> str:
        """Path a link leads to: a hard link counts from the tar's root, a symbolic one from where it is."""
        if member.islnk():
            return plain_path(f"{self._below}/{member.linkname}")
        base = "" if member.linkname.startswith("/") else path.rpartition("/")[0]
        return plain_path(f"{base}/{member.linkname}")

    def data(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        """Content of a regular file in pieces."""
        self._file.seek(member.offset_data)
        left = member.size
        while left > 0:
            piece = self._file.read(min(left, _READ_BYTES))
            if not piece:
                raise InvalidArgument("the tar ends in the middle of a file", reason="ARCHIVE_INVALID")
            left -= len(piece)
            yield piece

    def digest(self, targets: Mapping[str, str], rewriting: Rewriting) -> str:
        """Digest of chosen members as they are written: of all about them but their times."""
        digest = hashlib.sha256()
        for path, target in sorted(targets.items(), key=lambda item: item[1]):
            member = self.members.get(path)
            if member is None:
                continue
            member = without_link(self, member, targets)
            changed = rewritten(member, target, rewriting)
            facts = (target, changed.type, changed.mode, changed.uid, changed.gid, changed.linkname, changed.size)
            device = (changed.devmajor, changed.devminor)
            digest.update(repr((facts, device, sorted(changed.pax_headers.items()))).encode("utf-8", "surrogateescape"))
            if member.isreg():
                for piece in self.data(member):
                    digest.update(piece)
        return digest.hexdigest()


def rewritten(member: tarfile.TarInfo, name: str, rewriting: Rewriting) -> tarfile.TarInfo:
    """A member under another name."""
    changed = copy.copy(member)
    changed.name = name
    changed.uname = changed.gname = ""
    if rewriting.owner is not None:
        changed.uid, changed.gid = rewriting.owner
    if rewriting.mode is not None and not member.issym():
        changed.mode = rewriting.mode
    changed.pax_headers = {key: value for key, value in member.pax_headers.items() if key.startswith("SCHILY.xattr.")}
    changed.mtime = int(member.mtime)
    if rewriting.latest_mtime_s is not None:
        changed.mtime = min(changed.mtime, rewriting.latest_mtime_s)
    return changed


def write_members(index: TarIndex, targets: Mapping[str, str], rewriting: Rewriting, folder: SpoolFolder) -> Spool:
    """A new tar of chosen members under new names, in the order of those; the caller closes it.

    A hard link whose target is not among them becomes a file of its own.
    """
    spool = Spool(folder)
    with tarfile.open(fileobj=spool.file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, target in sorted(targets.items(), key=lambda item: item[1]):
            member = index.members.get(path)
            if member is not None:
                changed = without_link(index, member, targets)
                spool.reserve(changed.size)
                _write(archive, index, changed, target.lstrip("/"), rewriting)
    return spool


def without_link(index: TarIndex, member: tarfile.TarInfo, targets: Mapping[str, str]) -> tarfile.TarInfo:
    """What a member is among chosen ones: a hard link to one that is not chosen is the file itself."""
    if not member.islnk():
        return member
    linked = index.linked("", member)
    original = index.members.get(linked)
    if linked in targets or original is None:
        changed = copy.copy(member)
        changed.linkname = targets.get(linked, member.linkname).lstrip("/")
        return changed
    return original


def _write(archive: tarfile.TarFile, index: TarIndex, member: tarfile.TarInfo, name: str, rewriting: Rewriting) -> None:
    changed = rewritten(member, name, rewriting)
    if member.isreg():
        archive.addfile(changed, _Pieces(index.data(member)))  # type: ignore[arg-type] # it reads, which is all it must
    else:
        archive.addfile(changed)


class _Pieces:
    """A file object over pieces, as far as tarfile needs one."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def read(self, size: int) -> bytes:
        while len(self._left) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._left += piece
        taken, self._left = self._left[:size], self._left[size:]
        return taken


def clamp_times(source: Spool, latest_mtime_s: int, folder: SpoolFolder) -> Spool:
    """The same tar with no time later than ``latest_mtime_s``, owners and all else unchanged."""
    source.file.seek(0)
    spool = Spool(folder)
    with (
        tarfile.open(fileobj=source.file, mode="r:") as original,
        tarfile.open(fileobj=spool.file, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for member in sorted(original, key=_links_last):
            content = original.extractfile(member) if member.isreg() else None
            member.pax_headers = {key: text for key, text in member.pax_headers.items() if key not in _TIMES}
            member.mtime = min(int(member.mtime), latest_mtime_s)
            archive.addfile(member, content)
    return spool


def _links_last(member: tarfile.TarInfo) -> tuple[bool, str]:
    return member.islnk(), member.name
