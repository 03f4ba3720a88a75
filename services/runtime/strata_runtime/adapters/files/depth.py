"""How deep a container's directories may be where they are read one after the other."""

import os

from strata_chassis.errors import FailedPrecondition

_MOST_LEVELS = 256
_MOST_BYTES = 3500  # a path of PATH_MAX (4,096), less what is above a container's root on the host


def check_depth(path: str) -> None:
    """Raises FailedPrecondition for a directory that is too deep to be read: a container made it to be a nuisance."""
    if path.count("/") > _MOST_LEVELS or len(os.fsencode(path)) > _MOST_BYTES:
        raise FailedPrecondition(
            f"the container has directories more than {_MOST_LEVELS} levels deep, or with names too long to be read: "
            f"{path[:60]}...",
            reason="TREE_TOO_DEEP",
        )
