"""The keys that leave a container running: recognised in what is typed, wherever reads cut it."""

from strata_client.cli.parsing import UsageError

DEFAULT = "ctrl-p,ctrl-q"
_CONTROLS = {chr(code + 0x60): code for code in range(1, 27)} | {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


def parse_detach_keys(text: str) -> bytes:
    """Read "ctrl-p,ctrl-q" or "a,b"; an empty text switches detaching off."""
    keys = bytearray()
    for word in text.split(",") if text else ():
        control = word.lower().removeprefix("ctrl-") if word.lower().startswith("ctrl-") else None
        if control is not None and control in _CONTROLS:
            keys.append(_CONTROLS[control])
        elif len(word) == 1 and word.isascii():
            keys += word.encode()
        else:
            raise UsageError(f"invalid detach key {word!r}: write a letter, or ctrl- and a letter")
    return bytes(keys)


class DetachScanner:
    """Watches typed bytes for the keys; what might be their beginning is held back until it is decided."""

    def __init__(self, keys: bytes) -> None:
        """Watch for ``keys``; for nothing when there are none."""
        self._keys = keys
        self._matched = 0

    def feed(self, typed: bytes) -> tuple[bytes, bool]:
        """Give what is to be sent, and whether the keys were pressed (what follows them is dropped)."""
        if not self._keys:
            return typed, False
        passed = bytearray()
        for key in typed:
            if key == self._keys[self._matched]:
                self._matched += 1
                if self._matched == len(self._keys):
                    self._matched = 0
                    return bytes(passed), True
                continue
            passed += self._keys[: self._matched]
            self._matched = 0
            if key == self._keys[0]:
                self._matched = 1
            else:
                passed.append(key)
        return bytes(passed), False
