"""Errors to HTTP status codes: the one mapping between the taxonomy and HTTP."""

from strata_chassis import errors

# As google.rpc.Code says of each code; 499 is nginx's "client closed request".
_STATUSES: dict[type[errors.StrataError], int] = {
    errors.InvalidArgument: 400,
    errors.Unauthenticated: 401,
    errors.PermissionDenied: 403,
    errors.NotFound: 404,
    errors.AlreadyExists: 409,
    errors.Conflict: 409,
    errors.FailedPrecondition: 409,
    errors.OutOfRange: 416,
    errors.ResourceExhausted: 429,
    errors.Cancelled: 499,
    errors.Internal: 500,
    errors.DataLoss: 500,
    errors.Unimplemented: 501,
    errors.Unavailable: 503,
    errors.DeadlineExceeded: 504,
}


def http_status_of(error: errors.StrataError) -> int:
    """Return the HTTP status of an error, through its nearest class of the taxonomy."""
    for kind in type(error).__mro__:
        if kind in _STATUSES:
            return _STATUSES[kind]
    return 500
