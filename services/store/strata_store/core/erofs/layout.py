"""The on-disk structures of EROFS, as far as indexes use them.

Source: linux/fs/erofs/erofs_fs.h. Blocks have 512 bytes, so that data can lie anywhere in a tar; the metadata begins
at block 0, so a node's number (nid) is its byte offset divided by 32.
"""

import stat
import struct

BLOCK = 512
BLOCK_BITS = 9
NID_BYTES = 32
NULL_BLOCK = 0xFFFFFFFF

SUPERBLOCK_OFFSET = 1024
SUPERBLOCK = struct.Struct("<IIIBBHQQIIII16s16sIHHHBBIQB23x")
MAGIC = 0xE0F5E1E2
COMPAT_MTIME = 0x2
INCOMPAT_CHUNKED_FILE = 0x4
INCOMPAT_DEVICE_TABLE = 0x8

DEVICE_SLOT = struct.Struct("<64sII56x")
DEVICE_SLOT_BYTES = 128
FIRST_DEVICE_SLOT = (SUPERBLOCK_OFFSET + SUPERBLOCK.size) // DEVICE_SLOT_BYTES

INODE = struct.Struct("<HHHHQIIIIQIIQQ")
LAYOUT_PLAIN = 0
LAYOUT_INLINE = 2
LAYOUT_CHUNKED = 4
EXTENDED = 1
CHUNK_INDEXES = 0x20
CHUNK_INDEX = struct.Struct("<HHI")

DIRENT = struct.Struct("<QHBB")

XATTR_HEADER_BYTES = 12
XATTR_ENTRY = struct.Struct("<BBH")
XATTR_PREFIXES = (  # the exact names come before the prefixes they begin with
    (b"system.posix_acl_access", 2),
    (b"system.posix_acl_default", 3),
    (b"user.", 1),
    (b"trusted.", 4),
    (b"security.", 6),
)

FILE_TYPES = {
    stat.S_IFREG: 1,
    stat.S_IFDIR: 2,
    stat.S_IFCHR: 3,
    stat.S_IFBLK: 4,
    stat.S_IFIFO: 5,
    stat.S_IFSOCK: 6,
    stat.S_IFLNK: 7,
}


def chunk_bits(size: int) -> int:
    """Blocks (log 2) of the smallest chunk that spans a whole file of ``size`` bytes."""
    return max(0, (size - 1).bit_length() - BLOCK_BITS)


def blocks(size: int) -> int:
    """Blocks that ``size`` bytes take."""
    return -(-size // BLOCK)
