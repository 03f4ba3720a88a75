"""Names of file contents: what two layers call the same exactly if it is the same."""

from collections.abc import Iterable
from hashlib import blake2b

from strata_store.core.inode import Extent

OBJECTS = b".obj"
BORROWED = b".ref"
_FANOUT_DIGITS = 2


def object_path(digest: bytes) -> bytes:
    """Path of a content below the root of a layer's index: "/.obj/<aa>/<62 more digits>"."""
    digits = digest.hex().encode()
    return b"/.obj/" + digits[:_FANOUT_DIGITS] + b"/" + digits[_FANOUT_DIGITS:]


def sparse_digest(size: int, extents: Iterable[Extent], data_digest: bytes) -> bytes:
    """Name a sparse file by its map and data: hashing its holes could take for ever.

    Another hash function than that of plain files keeps an attacker from making a plain file with this name.
    """
    text = f"{size}:" + ",".join(f"{offset}+{length}" for offset, length in extents)
    return blake2b(text.encode() + b":" + data_digest, digest_size=32, person=b"strata sparse").digest()
