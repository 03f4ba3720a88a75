"""What a container changed, as paths and kinds."""

from dataclasses import dataclass
from enum import IntEnum


class ChangeKind(IntEnum):
    """What became of a path; the numbers are the contract's."""

    MODIFIED = 1
    ADDED = 2
    DELETED = 3


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A path in the container and what became of it."""

    path: str
    kind: ChangeKind
