"""Maps of sparse files, in the four forms GNU tar has written them."""

import struct

from strata_store.core.inode import Extent
from strata_store.core.layer_errors import layer_invalid
from strata_store.core.tar.numbers import parse_decimal, parse_number

_OLD_PAIRS = 4
_MORE_PAIRS = 21
_PAIR = struct.Struct("12s12s")
_MAX_EXTENTS = 1 << 18  # what fits into a map of that length: the old format has no other bound
_MAX_MAP_BYTES = 1 << 20  # as in Go's archive/tar: a larger map is an attack


class SparseMap:
    """Collects the extents of one sparse file, and refuses those that no file can have."""

    def __init__(self) -> None:
        self.extents: list[Extent] = []

    def add(self, offset: int, length: int) -> None:
        """Append an extent; extents come in order and do not overlap."""
        end = sum(self.extents[-1]) if self.extents else 0
        if len(self.extents) >= _MAX_EXTENTS:
            raise layer_invalid("the map of a sparse file is too long")
        if offset < end or length < 0:
            raise layer_invalid("the map of a sparse file is not in order")
        self.extents.append((offset, length))

    def checked(self, size: int, stored: int) -> tuple[Extent, ...]:
        """Return the extents, empty ones left out, if they fit a file of ``size`` with ``stored`` bytes of data."""
        end = sum(self.extents[-1]) if self.extents else 0
        if end > size or sum(length for _, length in self.extents) != stored:
            raise layer_invalid("the map of a sparse file does not fit its size")
        return tuple(extent for extent in self.extents if extent[1])

    def add_old(self, block: bytes, *, is_extension: bool) -> bool:
        """Read the pairs of an old GNU header or of a block that extends it; true if another block follows."""
        start, pairs = (0, _MORE_PAIRS) if is_extension else (386, _OLD_PAIRS)
        for offset, length in _PAIR.iter_unpack(block[start : start + pairs * _PAIR.size]):
            if not offset[0] or not length[0]:
                break
            self.add(parse_number(offset), parse_number(length))
        if len(self.extents) * _PAIR.size > _MAX_MAP_BYTES:
            raise layer_invalid("the map of a sparse file is too long")
        return block[504 if is_extension else 482] != 0

    def add_text(self, numbers: list[bytes]) -> None:
        """Read a list of offsets and lengths, as PAX formats 0.0, 0.1 and 1.0 have them."""
        if len(numbers) % 2:
            raise layer_invalid("the map of a sparse file is broken")
        pairs = iter(map(parse_decimal, numbers))
        for offset in pairs:
            self.add(offset, next(pairs))


class TextMap:
    """Collects the map that PAX format 1.0 puts before a file's data: a count, then pairs, one number a line."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._lines = 0
        self._wanted = 1

    def feed(self, block: bytes) -> bool:
        """Take the next block; true once the map is whole."""
        had_count = self._lines > 0
        self._text += block
        self._lines += block.count(b"\n")
        if self._lines and not had_count:
            self._wanted = 1 + 2 * parse_decimal(bytes(self._text[: self._text.index(b"\n")]))
        if len(self._text) > _MAX_MAP_BYTES or self._wanted > _MAX_MAP_BYTES:
            raise layer_invalid("the map of a sparse file is too long")
        return self._lines >= self._wanted

    def numbers(self) -> list[bytes]:
        """Return the offsets and lengths."""
        return bytes(self._text).split(b"\n")[1 : self._wanted]
