"""What leaves the cache when it is full: whole images, the least recently used first.

An image is a root manifest with all it refers to; half an image is of no use to anyone. A blob that several images
share leaves with the last of them. What belongs to no image (a blob whose manifest never came) is an image of its own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """A blob in the cache, manifests included.

    ``is_kept`` keeps its whole image, because somebody is pulling that; ``is_pinned`` keeps the blob alone, because it
    is pinned or hosted here, whatever else of the cache happens to share it.
    """

    digest: str
    size_bytes: int
    used_at_s: float
    is_kept: bool = False
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """What leaves together: an image's blobs."""

    digests: frozenset[str]
    is_kept: bool


def choose_victims(held: Iterable[Held], references: Mapping[str, Iterable[str]], budget_bytes: int) -> list[str]:
    """Name the digests to evict so that at most ``budget_bytes`` stay, if that is possible.

    ``references`` maps a manifest's digest to what it names directly (the children of an index, config and layers);
    digests that are not held are passed over.
    """
    blobs = {blob.digest: blob for blob in held}
    excess = sum(blob.size_bytes for blob in blobs.values()) - budget_bytes
    if excess <= 0:
        return []
    groups = _groups(blobs, references)
    users = _users(groups)
    victims: list[str] = []
    last_use = {group: _last_use_s(group, users, blobs) for group in groups if not group.is_kept}
    for group in sorted(last_use, key=last_use.__getitem__):
        if excess <= 0:
            break
        users.subtract(group.digests)
        gone = sorted(digest for digest in group.digests if users[digest] == 0 and not blobs[digest].is_pinned)
        victims += gone
        excess -= sum(blobs[digest].size_bytes for digest in gone)
    return victims


def _groups(blobs: Mapping[str, Held], references: Mapping[str, Iterable[str]]) -> list[Group]:
    children = {child for parent in references if parent in blobs for child in references[parent]}
    roots = [digest for digest in blobs if digest not in children]
    return [_group(blobs, frozenset(_reachable(root, blobs, references))) for root in roots]


def _group(blobs: Mapping[str, Held], digests: frozenset[str]) -> Group:
    return Group(digests, any(blobs[digest].is_kept for digest in digests))


def _users(groups: Iterable[Group]) -> Counter[str]:
    """Count the images that each blob belongs to."""
    return Counter(digest for group in groups for digest in group.digests)


def _last_use_s(group: Group, users: Mapping[str, int], blobs: Mapping[str, Held]) -> float:
    """Say when an image was last used, by what no other image has: a base layer says nothing of who is built on it."""
    own = [digest for digest in group.digests if users[digest] == 1]
    return max(blobs[digest].used_at_s for digest in own or group.digests)


def _reachable(root: str, blobs: Mapping[str, Held], references: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Walk from a root; a cycle (which no honest digest can make) ends."""
    seen: set[str] = set()
    pending = [root]
    while pending:
        digest = pending.pop()
        if digest in seen or digest not in blobs:
            continue
        seen.add(digest)
        yield digest
        pending.extend(references.get(digest, ()))
