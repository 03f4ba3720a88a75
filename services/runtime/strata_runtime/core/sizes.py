"""Sizes as people write them."""

import re

from strata_chassis.errors import InvalidArgument

_GRAMMAR = re.compile(r"(\d+)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def parse_size(text: str) -> int:
    """Bytes of "10m", "1G" or "4096"; factors are powers of 1024. Raises InvalidArgument."""
    match = _GRAMMAR.fullmatch(text.strip())
    if match is None:
        raise InvalidArgument(f"{text!r} is not a size such as 10m", reason="SIZE_INVALID", metadata={"size": text})
    return int(match[1]) * _FACTORS[match[2].lower()]
