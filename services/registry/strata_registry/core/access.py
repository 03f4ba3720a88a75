"""Who may do what at the distribution API."""

from dataclasses import dataclass
from enum import Enum

from strata_chassis.errors import PermissionDenied, StrataError, Unauthenticated


class Action(Enum):
    """What a request wants to do to a repository."""

    PULL = "pull"
    PUSH = "push"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """What those may do who do not say who they are; whoever is known may do everything."""

    anonymous_pull: bool = True
    anonymous_push: bool = False

    def allows_anonymous(self, action: Action) -> bool:
        """Tell whether an action needs no name."""
        return self.anonymous_pull if action is Action.PULL else self.anonymous_push


def check(policy: AccessPolicy, action: Action, user: str | None, *, has_users: bool) -> None:
    """Let ``user`` (None: nobody known) do an action or raise.

    Raises Unauthenticated, or PermissionDenied when there is nobody (``has_users``) who could be let in.
    """
    if user is None and not policy.allows_anonymous(action):
        raise _refused(action, has_users=has_users)


def _refused(action: Action, *, has_users: bool) -> StrataError:
    if has_users:
        return Unauthenticated(
            f"authentication is required to {action.value}",
            reason="AUTHENTICATION_REQUIRED",
            metadata={"action": action.value},
        )
    return PermissionDenied(
        f"this registry lets nobody {action.value}: it has no users",
        reason="NOBODY_ALLOWED",
        metadata={"action": action.value},
    )
