"""Random tars, made by Python's own tarfile: nothing of ours has a hand in them."""

from __future__ import annotations

import io
import tarfile

from hypothesis import strategies as st

_PARTS = st.sampled_from(["a", "b", "c", "-x", "!", ".hidden", "sp ace", "ü", "x" * 120, "new\nline", "\udcff"])
_SIZES = st.one_of(st.integers(0, 1100), st.sampled_from([511, 512, 513, 4096, 70_000]))
# ext4, where GNU tar unpacks, has times from 1901 to 2446.
_TIMES = st.one_of(st.integers(0, 2**33 - 1), st.sampled_from([-1, 1000 - 2**31, 15032385000]))
_OWNERS = st.one_of(st.integers(0, 70_000), st.sampled_from([2**21 - 1, 2**21, 2**31, 2**32 - 2]))


class Example:
    """A tar, and what its entries are; a plain class, or its bytes would be printed for every failure."""

    def __init__(self, tar: bytes, entries: list[tuple[str, bytes, str, int]]) -> None:
        self.tar = tar
        self.entries = entries

    def __repr__(self) -> str:
        return "\n".join(f"{name[:40]!r} {kind!r} {link[:20]!r} {size}" for name, kind, link, size in self.entries)

    @property
    def described(self) -> set[str]:
        """Names that entries describe; other directories are only needed by them."""
        return {name for name, *_ in self.entries}


@st.composite
def entries(draw: st.DrawFn, max_entries: int = 25) -> list[tarfile.TarInfo]:
    """Entries that GNU tar unpacks without a complaint: no file over a full directory, nothing below a file."""
    made: list[tarfile.TarInfo] = []
    kinds: dict[str, bytes] = {}
    for _ in range(draw(st.integers(1, max_entries))):
        path = "/".join(draw(st.lists(_PARTS, min_size=1, max_size=4)))
        info = draw(_entry(path, [name for name, kind in kinds.items() if kind in (tarfile.REGTYPE, tarfile.SYMTYPE)]))
        if _fits(path, info.type, kinds):
            made.append(info)
            _remember(path, info.type, kinds)
    return made


def _fits(path: str, kind: bytes, kinds: dict[str, bytes]) -> bool:
    parents = [path.rsplit("/", depth)[0] for depth in range(1, path.count("/") + 1)]
    if any(kinds.get(parent, tarfile.DIRTYPE) != tarfile.DIRTYPE for parent in parents):
        return False
    return path not in kinds or (kinds[path] == tarfile.DIRTYPE) == (kind == tarfile.DIRTYPE)


def _remember(path: str, kind: bytes, kinds: dict[str, bytes]) -> None:
    for depth in range(1, path.count("/") + 1):
        kinds[path.rsplit("/", depth)[0]] = tarfile.DIRTYPE
    kinds[path] = tarfile.REGTYPE if kind == tarfile.LNKTYPE else kind


@st.composite
def _entry(draw: st.DrawFn, path: str, files: list[str]) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    choices = [tarfile.REGTYPE] * 4 + [tarfile.DIRTYPE] * 3 + [tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
    links = [name for name in files if name != path]
    info.type = draw(st.sampled_from(choices + [tarfile.LNKTYPE] * bool(links)))
    info.mode = draw(st.integers(0, 0o7777))
    info.uid, info.gid = draw(_OWNERS), draw(_OWNERS)
    info.mtime = draw(_TIMES)
    if info.type == tarfile.REGTYPE:
        info.size = draw(_SIZES)
    elif info.type == tarfile.SYMTYPE:
        info.linkname = draw(st.sampled_from(["t", "../up", "/abs/olute", "y" * 130, "z" * 700]))
    elif info.type == tarfile.LNKTYPE:
        info.linkname = draw(st.sampled_from(links))
    elif info.type == tarfile.CHRTYPE:
        info.devmajor, info.devminor = draw(st.integers(1, 4095)), draw(st.integers(0, 2**20 - 1))
    return info


@st.composite
def examples(draw: st.DrawFn) -> Example:
    """A tar of random entries in one of the three formats; PAX with nanoseconds and extended attributes."""
    made = draw(entries())
    form = draw(st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
    if form == tarfile.PAX_FORMAT:
        for info in made:
            info.pax_headers = draw(_pax_headers(info))
    return _example(made, form)


def _example(made: list[tarfile.TarInfo], form: int = tarfile.PAX_FORMAT) -> Example:
    return Example(pack(made, form), [(info.name, info.type, info.linkname, info.size) for info in made])


@st.composite
def _pax_headers(draw: st.DrawFn, info: tarfile.TarInfo) -> dict[str, str]:
    headers = {}
    if draw(st.booleans()):
        headers["mtime"] = f"{info.mtime}.{draw(st.integers(0, 999_999_999)):09}"
    if info.type in (tarfile.REGTYPE, tarfile.DIRTYPE) and draw(st.booleans()):
        headers["SCHILY.xattr.user.note"] = draw(st.text("abc=\n ", max_size=300))
        headers["SCHILY.xattr.trusted.mark"] = "of the admin"
    return headers


def content(name: str, size: int) -> bytes:
    """Return bytes of a file; files of one length share them, so that layers have something in common."""
    del name
    return (b"%07d\n" % size * (size // 8 + 1))[:size]


def pack(made: list[tarfile.TarInfo], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Write the entries."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, errors="surrogateescape") as tar:
        for info in made:
            tar.addfile(info, io.BytesIO(content(info.name, info.size)) if info.isreg() else None)
    return buffer.getvalue()


@st.composite
def layer_stacks(draw: st.DrawFn) -> list[Example]:
    """Two to four layers with whiteouts and opaque directories; every directory is described."""
    return [_example(_with_parents(draw(_changes()))) for _ in range(draw(st.integers(2, 4)))]


@st.composite
def _changes(draw: st.DrawFn) -> list[tarfile.TarInfo]:
    made = draw(entries(12))
    directories = ["", *sorted({info.name for info in made if info.isdir()})]
    for _ in range(draw(st.integers(0, 4))):
        parent, name = draw(st.sampled_from(directories)), draw(_PARTS)
        is_opaque = bool(parent) and draw(st.booleans())
        marker = ".wh..wh..opq" if is_opaque else f".wh.{name}"
        made.append(tarfile.TarInfo(f"{parent}/{marker}" if parent else marker))
    return made


def _with_parents(made: list[tarfile.TarInfo]) -> list[tarfile.TarInfo]:
    described = {""}
    complete: list[tarfile.TarInfo] = []
    root = tarfile.TarInfo("./")
    root.type, root.mode, root.mtime = tarfile.DIRTYPE, 0o755, 5
    complete.append(root)
    for info in made:
        parts = info.name.split("/")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            if parent not in described:
                directory = tarfile.TarInfo(parent)
                directory.type, directory.mode, directory.mtime = tarfile.DIRTYPE, 0o750, 7
                complete.append(directory)
                described.add(parent)
        described.add(info.name)
        complete.append(info)
    return complete
