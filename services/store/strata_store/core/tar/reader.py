"""A tar reader that is fed bytes as they come and reports files as they end.

It keeps nothing but the entry it is in: memory does not depend on what the tar claims. Contents pass by once and are
hashed on the way. Source: POSIX pax; GNU tar manual, "Basic Tar Format". Where engines differ, Go's archive/tar
decides, on which docker and containerd rest.
"""

import stat
from collections.abc import Callable
from hashlib import sha256
from typing import Protocol

from strata_store.core.inode import Inode
from strata_store.core.layer_errors import layer_invalid
from strata_store.core.object_names import sparse_digest
from strata_store.core.tar.entry import HARDLINK, MAX_FILE_BYTES, OLD_SPARSE, describe, make_inode, set_target
from strata_store.core.tar.extras import EXTRA_KINDS, Extras
from strata_store.core.tar.header import BLOCK, Header, full_name, parse_header
from strata_store.core.tar.numbers import parse_decimal, parse_number
from strata_store.core.tar.pax import SPARSE_MAP, Records, is_sparse, sparse_size
from strata_store.core.tar.sparse import SparseMap, TextMap

_ZEROS = bytes(BLOCK)
_TAR_DEVICE = 1


class Sink(Protocol):
    """Takes what a tar describes, in the tar's order."""

    def add(self, name: bytes, inode: Inode) -> None:
        """Take a file of any kind; a regular one has its digest."""

    def link(self, name: bytes, target: bytes) -> None:
        """Take one more name of a file that came before."""


class TarReader:
    """State machine over the bytes of one tar: ``feed`` them in order, then ``finish``.

    Raises InvalidArgument (LAYER_INVALID) for what no engine would unpack.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.offset = 0
        self._state: Callable[[memoryview], int] = self._read_header
        self._gathered = bytearray()
        self._extras = Extras()
        self._is_ended = False
        self._name = b""
        self._inode = Inode(0)
        self._remaining = 0
        self._padding = 0
        self._hash = sha256()
        self._sparse: SparseMap | None = None
        self._text_map = TextMap()

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes, any number of them."""
        view = memoryview(data)
        position, end = 0, len(view)
        while position < end:
            used = self._state(view[position:])
            position += used
            self.offset += used

    def finish(self) -> None:
        """Say that the stream is over. Raises InvalidArgument if it ended inside an entry."""
        is_between_entries = self._state == self._read_header and not self._gathered and not self._extras
        if not (self._is_ended or is_between_entries or self._state == self._read_end_mark):
            raise layer_invalid("it ends in the middle of an entry", offset=self.offset)

    # Each state takes a view that is not empty, uses a part of it, and returns how much.

    def _read_header(self, view: memoryview) -> int:
        block, used = self._gather(view, BLOCK)
        if block is not None:
            if block[0] == 0 and block == _ZEROS:
                self._state = self._read_end_mark
            else:
                self._start_entry(block, self.offset + used)
        return used

    def _read_end_mark(self, view: memoryview) -> int:
        block, used = self._gather(view, BLOCK)
        if block is not None:
            if block != _ZEROS:
                raise layer_invalid("something follows half of an end mark", offset=self.offset)
            self._is_ended = True
            self._state = len  # whatever follows the end mark is no part of the archive
        return used

    def _read_extra(self, view: memoryview) -> int:
        payload, used = self._gather(view, self._extras.padded_size)
        if payload is not None:
            self._extras.take(payload)
            self._state = self._read_header
        return used

    def _read_old_map(self, view: memoryview) -> int:
        block, used = self._gather(view, BLOCK)
        if block is not None and self._sparse is not None and not self._sparse.add_old(block, is_extension=True):
            self._start_data(self.offset + used)
        return used

    def _read_text_map(self, view: memoryview) -> int:
        block, used = self._gather(view, BLOCK)
        if block is not None and self._sparse is not None:
            self._remaining -= BLOCK
            if self._remaining < 0:
                raise layer_invalid("the map of a sparse file is broken", self._name)
            if self._text_map.feed(block):
                self._sparse.add_text(self._text_map.numbers())
                self._start_data(self.offset + used)
        return used

    def _read_data(self, view: memoryview) -> int:
        remaining = self._remaining
        if len(view) < remaining:
            self._hash.update(view)
            self._remaining = remaining - len(view)
            return len(view)
        self._hash.update(view[:remaining])
        self._finish_data()
        return remaining

    def _read_padding(self, view: memoryview) -> int:
        used = min(self._padding, len(view))
        self._padding -= used
        if not self._padding:
            self._state = self._read_header
        return used

    def _gather(self, view: memoryview, wanted: int) -> tuple[bytes | None, int]:
        """Collect ``wanted`` bytes, across feeds if need be: (bytes, used), or (None, used) as long as some lack."""
        if not self._gathered and len(view) >= wanted:
            return bytes(view[:wanted]), wanted
        used = min(wanted - len(self._gathered), len(view))
        self._gathered += view[:used]
        if len(self._gathered) < wanted:
            return None, used
        block = bytes(self._gathered)
        self._gathered.clear()
        return block, used

    # From a header to the state that reads what follows it.

    def _start_entry(self, block: bytes, data_offset: int) -> None:
        header = parse_header(block)
        size = parse_number(header.size)
        if size < 0:
            raise layer_invalid("a size is negative", offset=self.offset)
        if header.kind in EXTRA_KINDS:
            self._extras.start(header.kind, size)
            self._state = self._read_extra
            return
        name, link, records = self._extras.apply(full_name(header), header.link.partition(b"\0")[0])
        inode = make_inode(header, name)
        if records:
            describe(inode, records, name)
            size = parse_decimal(records[b"size"]) if b"size" in records else size
        self._name, self._inode = name, inode
        if stat.S_ISREG(inode.mode):
            self._start_regular(block, records, size, data_offset)
        else:
            self._report(header, link)

    def _report(self, header: Header, link: bytes) -> None:
        """Hand on an entry without data; a size in its header means nothing. Source: Go, isHeaderOnlyType."""
        self._state = self._read_header
        if header.kind == HARDLINK:
            self._sink.link(self._name, link)
            return
        if stat.S_ISLNK(self._inode.mode):
            set_target(self._inode, link, self._name)
        self._sink.add(self._name, self._inode)

    def _start_regular(self, block: bytes, records: Records, size: int, data_offset: int) -> None:
        self._inode.size = self._remaining = size
        self._padding = -size % BLOCK
        if block[156:157] == OLD_SPARSE or (records and is_sparse(records)):
            self._start_sparse(block, records, data_offset)
        else:
            self._start_data(data_offset)

    def _start_sparse(self, block: bytes, records: Records, data_offset: int) -> None:
        """Read the file's map: from the header and blocks after it, from records, or from lines before the data."""
        self._sparse = SparseMap()
        self._state = self._read_header
        if not is_sparse(records):
            self._inode.size = parse_number(block[483:495])
            if self._sparse.add_old(block, is_extension=False):
                self._state = self._read_old_map
                return
        else:
            self._name = records.get(b"GNU.sparse.name") or self._name
            self._inode.size = parse_decimal(sparse_size(records))
            if SPARSE_MAP not in records:
                self._text_map = TextMap()
                self._state = self._read_text_map
                return
            self._sparse.add_text(records[SPARSE_MAP].split(b",") if records[SPARSE_MAP] else [])
        self._start_data(data_offset)

    def _start_data(self, data_offset: int) -> None:
        inode = self._inode
        if inode.size > MAX_FILE_BYTES:
            raise layer_invalid("a file is too large", self._name, size=inode.size)
        if self._sparse is not None:
            inode.extents = self._sparse.checked(inode.size, self._remaining)
        inode.data_offset, inode.device = data_offset, _TAR_DEVICE
        self._hash = sha256()
        if self._remaining:
            self._state = self._read_data
        else:
            self._finish_data()

    def _finish_data(self) -> None:
        inode = self._inode
        self._sparse = None
        if not inode.size:
            inode.device = 0
        elif inode.extents is None:
            inode.digest = self._hash.digest()
        else:
            inode.digest = sparse_digest(inode.size, inode.extents, self._hash.digest())
        self._state = self._read_padding if self._padding else self._read_header
        self._sink.add(self._name, inode)
