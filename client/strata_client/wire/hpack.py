"""Header compression, as little of it as a client may do. Source: RFC 7541.

The client announces a dynamic table of size zero, so that no state is kept between header blocks: an encoder that
honours it can only use the static table and literals.
"""

from strata_client.wire.frames import refuse
from strata_client.wire.metadata import Headers

MAX_HEADER_LIST_BYTES = 64 * 1024

# RFC 7541, appendix A: entries 1 to 61. Entries that have a value are written name=value.
_STATIC_NAMES_AND_VALUES = (
    ":authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|"
    ":status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|accept-encoding=gzip, deflate|"
    "accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control|"
    "content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type|"
    "cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|"
    "last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|"
    "server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate"
)
_STATIC = tuple((name, value) for name, _, value in (e.partition("=") for e in _STATIC_NAMES_AND_VALUES.split("|")))
_INDEX_OF_NAME = {name: index for index, (name, _) in reversed(list(enumerate(_STATIC, 1)))}
_INDEX_OF_PAIR = {pair: index for index, pair in enumerate(_STATIC, 1)}
_MAX_INTEGER_BYTES = 5


def encode_headers(headers: Headers) -> bytes:
    """Header block of static references and plain literals."""
    return b"".join(_encode_header(name, value) for name, value in headers)


def _encode_header(name: str, value: str) -> bytes:
    if index := _INDEX_OF_PAIR.get((name, value)):
        return _encode_integer(index, 7, 0x80)
    if index := _INDEX_OF_NAME.get(name):
        return _encode_integer(index, 4, 0) + _encode_text(value)
    return b"\0" + _encode_text(name) + _encode_text(value)


def _encode_text(text: str) -> bytes:
    raw = text.encode("ascii")
    return _encode_integer(len(raw), 7, 0) + raw


def _encode_integer(value: int, prefix_bits: int, flags: int) -> bytes:
    """Write an integer whose first bits share a byte with ``flags`` (section 5.1)."""
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes((flags | value,))
    encoded = bytearray((flags | limit,))
    value -= limit
    while value > 0x7F:  # noqa: PLR2004
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def decode_headers(block: bytes) -> Headers:
    """Headers of one complete block, in their order."""
    decoder = _Decoder(block)
    headers: Headers = []
    room = MAX_HEADER_LIST_BYTES
    while not decoder.is_at_end:
        header = decoder.header()
        if header is not None:
            headers.append(header)
            room -= len(header[0]) + len(header[1]) + 32
        if room < 0:
            refuse(f"more than {MAX_HEADER_LIST_BYTES} bytes of headers")
    return headers


class _Decoder:
    """A cursor over one header block."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._block)

    def header(self) -> tuple[str, str] | None:
        """Read the next header; None for a change of the table's size, which can only repeat that it is zero."""
        first = self._block[self._at]
        if first & 0x80:
            return self._static(self._integer(7))
        if first & 0xE0 == 0x20:  # noqa: PLR2004
            if self._integer(5):
                refuse("a header table larger than was allowed")
            return None
        index = self._integer(6 if first & 0x40 else 4)
        name = self._static(index)[0] if index else self._text()
        return name, self._text()

    def _static(self, index: int) -> tuple[str, str]:
        if not 1 <= index <= len(_STATIC):
            refuse(f"header index {index} in an empty dynamic table")
        return _STATIC[index - 1]

    def _text(self) -> str:
        if self.is_at_end:
            refuse("a header block that ends too early")
        is_huffman = self._block[self._at] & 0x80
        size = self._integer(7)
        raw = self._block[self._at : self._at + size]
        if len(raw) != size:
            refuse("a header block that ends too early")
        self._at += size
        return (_decode_huffman(raw) if is_huffman else raw).decode("latin-1")

    def _integer(self, prefix_bits: int) -> int:
        limit = (1 << prefix_bits) - 1
        value = self._byte() & limit
        if value < limit:
            return value
        for shift in range(0, 7 * _MAX_INTEGER_BYTES, 7):
            byte = self._byte()
            value += (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004
                return value
        return refuse("a header with an integer that is too large")

    def _byte(self) -> int:
        if self.is_at_end:
            refuse("a header block that ends too early")
        self._at += 1
        return self._block[self._at - 1]


def _decode_huffman(raw: bytes) -> bytes:
    """Decode by a table that most connections never need."""
    from strata_client.wire.huffman import decode

    return decode(raw)
