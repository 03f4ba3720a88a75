"""Which things a prune may take: old enough, and labelled as asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Selection:
    """``until_s`` is a time (seconds since 1970) before which a thing was made; None means any time.

    Each of ``labels`` is "key" or "key=value", with "!" in front for what must not be there.
    """

    until_s: float | None = None
    labels: Sequence[str] = ()

    def takes(self, created_s: float, labels: Mapping[str, str]) -> bool:
        """Whether a thing made at ``created_s`` with these labels may go."""
        is_old = self.until_s is None or created_s < self.until_s
        return is_old and all(_agrees(wanted, labels) for wanted in self.labels)

    @property
    def takes_all(self) -> bool:
        """Whether nothing is asked of a thing."""
        return self.until_s is None and not self.labels


def _agrees(wanted: str, labels: Mapping[str, str]) -> bool:
    must_not, pattern = (True, wanted[1:]) if wanted.startswith("!") else (False, wanted)
    key, separator, value = pattern.partition("=")
    has = key in labels and (not separator or labels[key] == value)
    return has != must_not
