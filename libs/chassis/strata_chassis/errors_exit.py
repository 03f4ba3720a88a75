"""Errors to exit statuses of processes, without importing grpc.

A command that runs something in a container follows docker: 125 when the engine failed, 126 when the command cannot
be run, 127 when it is not there. A service follows sysexits.h, so that an init system can tell misconfiguration from
a crash.
"""

from strata_chassis import errors

FAILURE = 1
ENGINE_FAILED = 125
COMMAND_NOT_EXECUTABLE = 126
COMMAND_NOT_FOUND = 127

# The reasons by which the runtime says that the container's own command is at fault.
REASON_NOT_EXECUTABLE = "COMMAND_NOT_EXECUTABLE"
REASON_NOT_FOUND = "COMMAND_NOT_FOUND"

_OF_COMMAND = {REASON_NOT_EXECUTABLE: COMMAND_NOT_EXECUTABLE, REASON_NOT_FOUND: COMMAND_NOT_FOUND}

_OF_SERVICE: dict[type[errors.StrataError], int] = {
    errors.InvalidArgument: 78,  # EX_CONFIG
    errors.FailedPrecondition: 69,  # EX_UNAVAILABLE
    errors.Unavailable: 69,
    errors.NotFound: 66,  # EX_NOINPUT
    errors.PermissionDenied: 77,  # EX_NOPERM
    errors.ResourceExhausted: 73,  # EX_CANTCREAT
    errors.DataLoss: 74,  # EX_IOERR
}


def exit_status_of_run(error: errors.StrataError) -> int:
    """Return the status of ``run`` or ``exec`` whose command never got to give one itself."""
    return _OF_COMMAND.get(error.reason, ENGINE_FAILED)


def exit_status_of_service(error: errors.StrataError) -> int:
    """Return the status of a service that could not start or go on; 70 is EX_SOFTWARE."""
    return _OF_SERVICE.get(type(error), 70)
