"""When an image is fetched before it is used, and whether what is here will do."""

from enum import Enum


class PullPolicy(Enum):
    """What the caller of a create or run asked for."""

    MISSING = "missing"
    ALWAYS = "always"
    NEVER = "never"

    def wants_pull(self, *, is_here: bool) -> bool:
        """Whether the registry is to be asked."""
        return self is PullPolicy.ALWAYS or (self is PullPolicy.MISSING and not is_here)
