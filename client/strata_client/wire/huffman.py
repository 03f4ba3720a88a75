"""The Huffman code of HPACK. Source: RFC 7541, appendix B.

The code is canonical: within one length codes are handed out in the order of the symbols, shorter ones first. The
lengths alone therefore say all of it.
"""

from strata_client.wire.frames import refuse

_END_OF_STRING = 256
_MAX_PADDING_BITS = 7
# Bits of the code of each symbol, 0 to 255 and the end: a is 1, z is 26, A is 27, D is 30.
_LENGTHS = (
    "mwBBBBBBBxDBBDBBBBBBBBDBBBBBBBBBfjjlmfhkjjhkhfffeeefffffffghofljmfgggggggggggggggggggggghghmsmnfoefefefffeggfffefg"
    "feefgggggoknmBtvttvvvwvwwwwwxwxxvwxwwwwuvwvwwxvutvvwwuwvvxuvwwuuvuwvwwtvvvwvvwzztsvwvyzzzAAzxysuzAAzAxuuzzBAAAtxtu"
    "vuuwvvyyxxzwzAzzAAAAABAAAAAzD"
)


def _codes() -> dict[tuple[int, int], int]:
    """Symbols by the length and the value of their codes."""
    lengths = [ord(letter) - 96 if letter >= "a" else ord(letter) - 38 for letter in _LENGTHS]
    symbols = {}
    code, previous = 0, 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths)):
        code <<= length - previous
        symbols[length, code] = symbol
        code, previous = code + 1, length
    return symbols


_SYMBOLS = _codes()


def decode(raw: bytes) -> bytes:
    """Text of a Huffman-coded literal; refuses the end symbol and any padding but fewer than eight ones."""
    decoded = bytearray()
    code, length = 0, 0
    for byte in raw:
        for shift in range(7, -1, -1):
            code = code << 1 | byte >> shift & 1
            length += 1
            symbol = _SYMBOLS.get((length, code))
            if symbol is None:
                continue
            if symbol == _END_OF_STRING:
                refuse("an end symbol inside a Huffman-coded header")
            decoded.append(symbol)
            code, length = 0, 0
    if length > _MAX_PADDING_BITS or code != (1 << length) - 1:
        refuse("a Huffman-coded header with broken padding")
    return bytes(decoded)
