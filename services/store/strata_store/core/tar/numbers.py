"""Numbers in tar headers: octal text, or base-256 where octal is too short."""

from functools import lru_cache

from strata_store.core.layer_errors import layer_invalid

_BINARY = 0x80
_NEGATIVE = 0x40


@lru_cache(maxsize=8192)
def parse_number(field: bytes) -> int:
    """Read a numeric header field. Remembered: modes, owners and times repeat in every layer.

    Source: POSIX ustar (octal, ended by space or NUL) and GNU tar (first bit set: big-endian two's complement).
    """
    if field[0] & _BINARY:
        value = int.from_bytes(field, "big") & ~(_BINARY << 8 * (len(field) - 1))
        return value - (_BINARY << 8 * (len(field) - 1)) if field[0] & _NEGATIVE else value
    digits = field.strip(b" \0").partition(b"\0")[0].rstrip(b" ")
    if not digits:
        return 0
    return _parse(digits, 8)


def parse_decimal(digits: bytes) -> int:
    """Read a decimal number without sign, as PAX records and sparse maps have them."""
    return _parse(digits, 10)


def _parse(digits: bytes, base: int) -> int:
    # int() alone would take "1_0" and "+1", and quadratic time for very long texts.
    if not digits.isdigit() or len(digits) > 24:  # noqa: PLR2004 - more digits than any 64-bit number has
        raise layer_invalid("a header holds something that is no number")
    try:
        return int(digits, base)
    except ValueError:
        raise layer_invalid("a header holds something that is no number") from None


def parse_time(text: bytes) -> tuple[int, int]:
    """Split a PAX time into seconds and nanoseconds; a negative time rounds down, its nanoseconds stay positive."""
    whole, _, fraction = text.partition(b".")
    is_negative = whole.startswith(b"-")
    seconds = parse_decimal(whole.removeprefix(b"-"))
    nanoseconds = parse_decimal(fraction[:9].ljust(9, b"0")) if fraction else 0
    if not is_negative:
        return seconds, nanoseconds
    return (-seconds - 1, 1_000_000_000 - nanoseconds) if nanoseconds else (-seconds, 0)
