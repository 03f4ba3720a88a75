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


# Docker's words where its clients look at them: the docker command takes exit statuses 126 and 127 out of a message.
_WORDS: dict[str, str] = {
    "CONTAINER_UNKNOWN": "No such container: {container}",
    "IMAGE_UNKNOWN": "No such image: {image}",
    "EXEC_UNKNOWN": "No such exec instance: {exec}",
    "NETWORK_UNKNOWN": "network {network} not found",
    "VOLUME_UNKNOWN": "get {volume}: no such volume",
    "COMMAND_NOT_FOUND": "{message}: executable file not found in $PATH",
    "COMMAND_NOT_EXECUTABLE": "{message}: permission denied",
}


def status_of(error: errors.StrataError) -> int:
    """HTTP status docker uses for such an error; 500 for all that is no fault of the client's."""
    if error.reason in {"COMMAND_NOT_FOUND", "COMMAND_NOT_EXECUTABLE"}:
        return 400
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def message_of(error: errors.StrataError) -> str:
    """The sentence, as docker words it."""
    words = _WORDS.get(error.reason, "{message}")
    try:
        return words.format(message=error.message, **error.metadata)
    except KeyError:
        return error.message


def body_of(message: str) -> dict[str, str]:
    """Document of an answer that is an error."""
    return {"message": message}


def progress_of(error: errors.StrataError) -> dict[str, object]:
    """Last document of a progress stream that failed: by then the status was sent."""
    message = message_of(error)
    return {"errorDetail": {"message": message}, "error": message}
