"""Token scopes: what a bearer token is to allow.

Source: distribution's "Token Scope Documentation": ``type:name:action[,action]``.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Actions on one resource; equal sets of actions make equal scopes."""

    name: str
    actions: tuple[str, ...]
    type: str = "repository"

    def __str__(self) -> str:
        """Write the scope as a token server reads it."""
        return f"{self.type}:{self.name}:{','.join(self.actions)}"


def pull_scope(repository: str) -> Scope:
    """Name the right to read one repository."""
    return Scope(repository, ("pull",))


def push_scope(repository: str) -> Scope:
    """Name the right to write one repository; pushing always looks first, so it includes pulling."""
    return Scope(repository, ("pull", "push"))


def delete_scope(repository: str) -> Scope:
    """Name the right to delete from one repository."""
    return Scope(repository, ("delete",))


def join(scopes: Iterable[Scope]) -> str:
    """Write several scopes as one key, in a stable order."""
    return " ".join(sorted({str(scope) for scope in scopes}))
