"""How long a tag's digest is believed."""

from dataclasses import dataclass
from enum import Enum, auto


class Freshness(Enum):
    """How far an answer from the cache will do."""

    CACHED = auto()
    """Believe the cache while its time to live lasts."""
    REVALIDATE = auto()
    """Ask the registry; fall back on the cache if it cannot answer."""
    STRICT = auto()
    """Never answer from the cache."""


@dataclass(frozen=True, slots=True)
class CachedTag:
    """What a tag pointed at, and when (seconds of the epoch) the registry last said so."""

    digest: str
    checked_at_s: float
    etag: str = ""


class TagAction(Enum):
    """What to do to answer for a tag."""

    ANSWER = auto()
    """Answer from the cache at once."""
    ASK_ELSE_STALE = auto()
    """Ask the registry; answer from the cache, marked stale, when it is gone."""
    ASK = auto()
    """Ask the registry; its silence is the answer."""
    REFUSE = auto()
    """Air-gapped, and nothing is known."""


def tag_action(cached: CachedTag | None, wanted: Freshness, *, now_s: float, ttl_s: float, offline: bool) -> TagAction:
    """Decide how to answer for a tag; ``offline`` is the air-gapped mode, in which what is cached is never stale."""
    if offline:
        return TagAction.REFUSE if cached is None else TagAction.ANSWER
    if cached is None or wanted is Freshness.STRICT:
        return TagAction.ASK
    age_s = now_s - cached.checked_at_s
    if wanted is Freshness.CACHED and 0 <= age_s < ttl_s:
        return TagAction.ANSWER
    return TagAction.ASK_ELSE_STALE
