"""What gRPC writes into HTTP/2 headers: timeouts, percent-encoded messages, binary values."""

import binascii

from strata_chassis.errors import InvalidArgument

Headers = list[tuple[str, str]]

# The unit, and how many of it make a second; a value has eight digits at most.
_TIMEOUT_UNITS = (("n", 10**9), ("u", 10**6), ("m", 10**3), ("S", 1))
_MAX_TIMEOUT_VALUE = 99_999_999
_SECONDS_PER_HOUR = 3600


def encode_timeout(seconds: float) -> str:
    """Value of ``grpc-timeout``, in the finest unit that eight digits can hold, at least one."""
    for unit, per_second in _TIMEOUT_UNITS:
        value = int(seconds * per_second)
        if value <= _MAX_TIMEOUT_VALUE:
            return f"{max(value, 1)}{unit}"
    return f"{min(int(seconds / _SECONDS_PER_HOUR), _MAX_TIMEOUT_VALUE)}H"


def request_headers(scheme: str, authority: str, path: str, metadata: Headers, timeout_s: float | None) -> Headers:
    """All headers of a call, in the order that the protocol asks for."""
    headers = [(":method", "POST"), (":scheme", scheme), (":path", path), (":authority", authority), ("te", "trailers")]
    if timeout_s is not None:
        headers.append(("grpc-timeout", encode_timeout(timeout_s)))
    headers += [
        ("content-type", "application/grpc"),
        ("user-agent", "strata-client"),
        ("grpc-accept-encoding", "identity"),
    ]
    headers += [_checked(name, value) for name, value in metadata]
    return headers


def _checked(name: str, value: str) -> tuple[str, str]:
    """Pass metadata that HTTP/2 can carry; a stray line break must not become another header."""
    if not name.islower() or name.startswith((":", "grpc-")) or not (value.isascii() and value.isprintable()):
        message = f"metadata {name!r} cannot be sent as a header"
        raise InvalidArgument(message, reason="BAD_METADATA", metadata={"name": name})
    return name, value


def decode_message(value: str) -> str:
    """Undo the percent encoding of ``grpc-message``; broken escapes are left as they came."""
    pieces = value.encode("latin-1", "replace").split(b"%")
    decoded = bytearray(pieces[0])
    for piece in pieces[1:]:
        try:
            decoded += bytes((int(piece[:2], 16),)) + piece[2:]
        except ValueError:
            decoded += b"%" + piece
    return decoded.decode("utf-8", "replace")


def decode_binary(value: str) -> bytes:
    """Value of a ``-bin`` header: base64, with or without padding. Rubbish counts as nothing."""
    try:
        return binascii.a2b_base64(value + "=" * (-len(value) % 4))
    except binascii.Error:
        return b""
