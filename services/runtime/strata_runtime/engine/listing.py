"""Which containers a list shows, and how much a container holds."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from strata_runtime.core.container.record import Container, State
from strata_runtime.engine.containers import Containers
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts

_BLOCK_BYTES = 512


@dataclass(frozen=True, slots=True)
class Filter:
    """What is wanted; empty fields match everything. ``labels``: "key" or "key=value", all of which must match."""

    all: bool = False
    states: frozenset[int] = frozenset()
    labels: tuple[str, ...] = ()
    name_contains: str = ""
    image: str = ""

    def matches(self, container: Container) -> bool:
        """Whether a container is wanted."""
        shown = self.all or container.state.is_live or container.state is State.RESTARTING
        return (
            (container.state in self.states if self.states else shown)
            and all(_has_label(container, label) for label in self.labels)
            and self.name_contains in container.name
            and self.image in ("", container.spec.image_digest, container.image_id)
        )


def matching(containers: Containers, wish: Filter) -> list[Entry]:
    """Containers that match, newest first."""
    found = [entry for entry in containers if wish.matches(entry.container)]
    return sorted(found, key=lambda entry: (entry.container.create_time, entry.container.id), reverse=True)


def _has_label(container: Container, wanted: str) -> bool:
    key, has_value, value = wanted.partition("=")
    held = container.spec.labels.get(key)
    return held is not None and (not has_value or held == value)


async def upper_bytes(parts: Parts, container: Container) -> int:
    """Bytes on disk of a container's private layer."""
    return await parts.threads.run(disk_bytes, str(parts.paths.upper(container.id)))


def disk_bytes(root: str) -> int:
    """Bytes on disk of a tree, each file counted once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for status in _tree(root):
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            total += status.st_blocks * _BLOCK_BYTES
    return total


def _tree(root: str) -> Iterator[os.stat_result]:
    """Everything below a directory, level by level; what is gone meanwhile or has too long a path is left out."""
    left = [root]
    while left:
        with contextlib.suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    yield entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
