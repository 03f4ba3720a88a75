"""From a header block and extended headers to an Inode."""

import stat

from strata_store.core.inode import Inode
from strata_store.core.layer_errors import layer_invalid
from strata_store.core.tar.header import Header
from strata_store.core.tar.numbers import parse_decimal, parse_number, parse_time
from strata_store.core.tar.pax import Records, xattrs_of

HARDLINK = b"1"
OLD_SPARSE = b"S"
_TYPES = {
    b"0": stat.S_IFREG,
    b"\0": stat.S_IFREG,
    b"7": stat.S_IFREG,
    OLD_SPARSE: stat.S_IFREG,
    HARDLINK: 0,
    b"2": stat.S_IFLNK,
    b"3": stat.S_IFCHR,
    b"4": stat.S_IFBLK,
    b"5": stat.S_IFDIR,
    b"6": stat.S_IFIFO,
}
_MAX_ID = (1 << 32) - 2  # 2^32-1 means "nobody" to the kernel
_MAX_MAJOR = (1 << 12) - 1
_MAX_MINOR = (1 << 20) - 1
MAX_FILE_BYTES = 1 << 40  # what one chunk of an EROFS file with blocks of 512 bytes can span
_MAX_LINK_BYTES = 4095
_MAX_XATTR_BYTES = 1 << 16  # of one file, names and values. Source: linux/limits.h, XATTR_SIZE_MAX, XATTR_LIST_MAX
Xattrs = tuple[tuple[bytes, bytes], ...]
_SECONDS = 1 << 63


def make_inode(header: Header, name: bytes) -> Inode:
    """Make the file a header describes; size and contents are the reader's matter. A hardlink has no type bits."""
    try:
        kind = _TYPES[header.kind]
    except KeyError:
        problem = f"entries of type {header.kind!r} are not supported"
        raise layer_invalid(problem, name, type=header.kind.hex()) from None
    if header.kind == b"\0" and name.endswith(b"/"):
        kind = stat.S_IFDIR  # as tars had it before there was a type for directories
    uid, gid = parse_number(header.uid), parse_number(header.gid)
    if not (0 <= uid <= _MAX_ID and 0 <= gid <= _MAX_ID):
        raise layer_invalid("an owner is out of range", name, uid=uid, gid=gid)
    inode = Inode(parse_number(header.mode) & 0o7777 | kind, uid, gid, _checked_time(parse_number(header.mtime)))
    if kind == stat.S_IFDIR:
        inode.entries = {}
    elif kind in {stat.S_IFCHR, stat.S_IFBLK}:
        inode.rdev = device_number(parse_number(header.major), parse_number(header.minor), name)
    return inode


def device_number(major: int, minor: int, name: bytes) -> int:
    """Encode a device number as the kernel and EROFS do. Source: linux/kdev_t.h, new_encode_dev."""
    if not (0 <= major <= _MAX_MAJOR and 0 <= minor <= _MAX_MINOR):
        raise layer_invalid("a device number is out of range", name, major=major, minor=minor)
    return (minor & 0xFF) | (major << 8) | ((minor & ~0xFF) << 12)


def describe(inode: Inode, records: Records, name: bytes) -> None:
    """Let PAX records replace what the header said."""
    if b"uid" in records:
        inode.uid = _checked_id(records[b"uid"], name)
    if b"gid" in records:
        inode.gid = _checked_id(records[b"gid"], name)
    if b"mtime" in records:
        seconds, inode.mtime_ns = parse_time(records[b"mtime"])
        inode.mtime_s = _checked_time(seconds)
    inode.xattrs = _checked_xattrs(xattrs_of(records), name)


def _checked_xattrs(xattrs: Xattrs, name: bytes) -> Xattrs:
    if sum(len(key) + len(value) for key, value in xattrs) > _MAX_XATTR_BYTES:
        raise layer_invalid("its extended attributes are too long", name)
    return xattrs


def set_target(inode: Inode, link: bytes, name: bytes) -> None:
    """Give a symlink its target."""
    if not link or len(link) > _MAX_LINK_BYTES or b"\0" in link:
        raise layer_invalid("a symbolic link has an impossible target", name)
    inode.target, inode.size = link, len(link)
    inode.mode = stat.S_IFLNK | 0o777  # Linux knows no other


def _checked_id(text: bytes, name: bytes) -> int:
    number = parse_decimal(text)
    if number > _MAX_ID:
        raise layer_invalid("an owner is out of range", name, id=number)
    return number


def _checked_time(seconds: int) -> int:
    if not -_SECONDS <= seconds < _SECONDS:
        raise layer_invalid("a time is out of range", seconds=seconds)
    return seconds
