"""Detach keys: the sequence by which a user at a terminal leaves a session without ending it.

Source: docker, "Override the detach sequence"; moby/term, EscapeProxy.
"""

from strata_chassis.errors import InvalidArgument

DEFAULT_KEYS = b"\x10\x11"  # Ctrl-P Ctrl-Q
_CONTROL = {chr(0x60 + number): number for number in range(1, 27)} | {
    "@": 0,
    "[": 27,
    "\\": 28,
    "]": 29,
    "^": 30,
    "_": 31,
}


def parse_keys(text: str) -> bytes:
    """Read "ctrl-p,ctrl-q" or "a,b"; the default for an empty text."""
    return bytes(_key(name) for name in text.split(",")) if text else DEFAULT_KEYS


def _key(name: str) -> int:
    if len(name) == 1:
        return ord(name) & 0xFF
    prefix, _, letter = name.lower().partition("-")
    if prefix != "ctrl" or letter not in _CONTROL:
        raise InvalidArgument(f"unknown character: '{name}'", reason="DETACH_KEYS_INVALID", metadata={"key": name})
    return _CONTROL[letter]


class DetachScanner:
    """Finds the sequence in what is typed, however it is cut into pieces.

    A part of the sequence is held back until it is known whether the rest follows.
    """

    def __init__(self, keys: bytes) -> None:
        self.detached = False
        self._keys = keys
        self._matched = 0

    def feed(self, typed: bytes) -> bytes:
        """What is to be passed on; after the whole sequence ``detached`` is set and nothing more passes."""
        passed = bytearray()
        for byte in typed:
            if byte == self._keys[self._matched]:
                self._matched += 1
                if self._matched == len(self._keys):
                    self.detached = True
                    return bytes(passed)
                continue
            passed += self._keys[: self._matched]
            self._matched = int(byte == self._keys[0])
            if not self._matched:
                passed.append(byte)
        return bytes(passed)
