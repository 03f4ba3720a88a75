"""Merging the layers of an image into the one tree a container sees.

The result is what overlayfs shows over the same layers stacked, except that directories no entry described take the
attributes of the layer below, as if they had been unpacked there.
"""

from collections.abc import Iterable
from dataclasses import replace

from strata_store.core.inode import Inode, implicit_directory


def merge_layers(layers: Iterable[Inode]) -> Inode:
    """Merge trees, base first; whiteouts and opaque directories are used up.

    The layers' own trees stay as they are, but share their files with the result.
    """
    merged = implicit_directory()
    for layer in layers:
        merged = _apply(merged, layer)
    return merged


def _apply(lower: Inode, upper: Inode) -> Inode:
    """Lay one tree over another; ``lower`` is changed and used up."""
    result = _over(lower, upper)
    pending = [(result, upper)]
    while pending:
        merged, layer = pending.pop()
        entries = merged.entries
        for name, inode in layer.entries.items():
            if inode.is_whiteout:
                entries.pop(name, None)
            elif inode.is_directory:
                below = entries.get(name)
                made = _over(below if below is not None and below.is_directory else None, inode)
                entries[name] = made
                pending.append((made, inode))
            else:
                entries[name] = inode
    return result


def _over(lower: Inode | None, upper: Inode) -> Inode:
    """Make the directory that shows ``upper`` over ``lower``, with what ``lower`` leaves visible inside."""
    if lower is None or upper.opaque:
        return replace(upper, entries={}, opaque=False)
    if upper.implicit:
        return lower
    return replace(upper, entries=lower.entries)
