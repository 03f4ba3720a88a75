"""Errors to canonical status code numbers and back, without importing grpc (the command-line client must not)."""

from collections.abc import Mapping

from strata_chassis import errors

OK = 0
UNKNOWN = 2

# google.rpc.Code, https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
_NUMBERS: dict[type[errors.StrataError], int] = {
    errors.Cancelled: 1,
    errors.InvalidArgument: 3,
    errors.DeadlineExceeded: 4,
    errors.NotFound: 5,
    errors.AlreadyExists: 6,
    errors.PermissionDenied: 7,
    errors.ResourceExhausted: 8,
    errors.FailedPrecondition: 9,
    errors.Conflict: 10,
    errors.OutOfRange: 11,
    errors.Unimplemented: 12,
    errors.Internal: 13,
    errors.Unavailable: 14,
    errors.DataLoss: 15,
    errors.Unauthenticated: 16,
}
_CLASSES = {number: kind for kind, number in _NUMBERS.items()}


def code_of(error: errors.StrataError) -> int:
    """Return the number of google.rpc.Code for an error, through its nearest class of the taxonomy."""
    for kind in type(error).__mro__:
        if kind in _NUMBERS:
            return _NUMBERS[kind]
    return UNKNOWN


def error_of(
    code: int, message: str, *, reason: str | None = None, metadata: Mapping[str, str] | None = None
) -> errors.StrataError:
    """Return the error for what a peer said; an unknown code is Internal, an ill-formed reason the class's own."""
    kind = _CLASSES.get(code, errors.Internal)
    try:
        return kind(message, reason=reason or None, metadata=metadata)
    except ValueError:
        return kind(message, metadata=metadata)
