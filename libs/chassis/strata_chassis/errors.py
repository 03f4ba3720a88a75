"""The taxonomy of errors: what every part of Strata may raise, and nothing else.

An error carries a sentence for the user, a reason for programs and the variable parts of the sentence once more as
metadata. It does not know its own status code: ``errors_codes``, ``errors_grpc``, ``errors_http`` and ``errors_exit``
map the classes. The command-line client imports this module at every start: it stays free of anything heavy.
"""

from collections.abc import Mapping
from types import MappingProxyType

_REASON_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


class StrataError(Exception):
    """Base of all errors that cross a module's border on purpose."""

    default_reason = "INTERNAL"

    def __init__(self, message: str, *, reason: str | None = None, metadata: Mapping[str, str] | None = None) -> None:
        """Take a sentence for the user, an UPPER_SNAKE ``reason`` and the sentence's variable parts.

        Without a ``reason`` the class's own is used. Raises ValueError for a reason that is not UPPER_SNAKE.
        """
        super().__init__(message)
        self.message = message
        self.reason = self.default_reason if reason is None else reason
        self.metadata: Mapping[str, str] = MappingProxyType(dict(metadata or {}))
        if not _REASON_CHARACTERS.issuperset(self.reason) or not self.reason[:1].isalpha():
            raise ValueError(f"not an UPPER_SNAKE reason: {self.reason!r}")


class InvalidArgument(StrataError):
    """The request can never be right, whatever the state of the system."""

    default_reason = "INVALID_ARGUMENT"


class Unauthenticated(StrataError):
    """No valid credentials came with the request."""

    default_reason = "UNAUTHENTICATED"


class PermissionDenied(StrataError):
    """The credentials are known and do not suffice."""

    default_reason = "PERMISSION_DENIED"


class NotFound(StrataError):
    """What was named does not exist."""

    default_reason = "NOT_FOUND"


class AlreadyExists(StrataError):
    """What was to be created is there already."""

    default_reason = "ALREADY_EXISTS"


class FailedPrecondition(StrataError):
    """The state of the system forbids it; trying again does not help before that state is changed."""

    default_reason = "FAILED_PRECONDITION"


class Conflict(StrataError):
    """Another request was faster; the whole operation can be tried again from its start."""

    default_reason = "CONFLICT"


class OutOfRange(StrataError):
    """An offset, cursor or page lies beyond what there is."""

    default_reason = "OUT_OF_RANGE"


class ResourceExhausted(StrataError):
    """A quota, a disk or a limit is used up."""

    default_reason = "RESOURCE_EXHAUSTED"


class Unimplemented(StrataError):
    """This server, or this host, cannot do it."""

    default_reason = "UNIMPLEMENTED"


class Unavailable(StrataError):
    """A peer cannot be reached now; the same request may be tried again."""

    default_reason = "UNAVAILABLE"


class DataLoss(StrataError):
    """Stored or transferred bytes are not what they must be."""

    default_reason = "DATA_LOSS"


class Internal(StrataError):
    """An invariant of our own does not hold."""

    default_reason = "INTERNAL"


class DeadlineExceeded(StrataError):
    """The caller's time was over before the answer was there; comes from peers."""

    default_reason = "DEADLINE_EXCEEDED"


class Cancelled(StrataError):
    """The caller gave up; comes from peers."""

    default_reason = "CANCELLED"
