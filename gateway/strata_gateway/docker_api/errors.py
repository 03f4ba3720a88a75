"""How errors look to docker's clients: a status they act on and one sentence in ``message``."""

from strata_chassis import errors

_STATUS: tuple[tuple[type[errors.StrataError], int], ...] = (
    (errors.InvalidArgument, 400),
    (errors.OutOfRange, 400),
    (errors.Unauthenticated, 401),
    (errors.PermissionDenied, 403),
    (errors.NotFound, 404),
    (errors.AlreadyExists, 409),
    (errors.FailedPrecondition, 409),
    (errors.Conflict, 409),
    (errors.Unimplemented, 501),
    (errors.Unavailable, 503),
)


def status_of(error: errors.StrataError) -> int:
    """HTTP status docker uses for such an error; 500 for all that is no fault of the client's."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def body_of(message: str) -> dict[str, str]:
    """Document of an answer that is an error."""
    return {"message": message}


def progress_of(message: str) -> dict[str, object]:
    """Last document of a progress stream that failed: by then the status was sent."""
    return {"errorDetail": {"message": message}, "error": message}
