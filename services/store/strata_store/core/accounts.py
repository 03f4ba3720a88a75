"""Who takes how much space, and who shares it with whom.

Everything on the disk is an item: a stack (a merged index), the part of a layer that it lends to others, and the rest
of the layer (tar, index, aux). An image needs its stack, its layers, and of the layers these borrow from the part that
is lent. What one image needs is its own, what several need is shared, what none needs can be reclaimed unless a lease
holds it: each item is counted once, so that the sums add up to the disk. The database itself is overhead of all.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

Item = tuple[str, str | int]


@dataclass(frozen=True)
class Holding:
    """A stored layer; ``loans`` are the bytes it reads from other layers, ``lent_bytes`` those others read from it."""

    diff_id: str
    is_live: bool
    logical_bytes: int
    stored_bytes: int
    index_bytes: int
    borrowed_bytes: int
    lent_bytes: int = 0
    loans: Mapping[int, int] = field(default_factory=dict)
    is_leased: bool = False
    mount_key: str = ""


@dataclass(frozen=True)
class ImageUse:
    """An image and the layers it has, base first."""

    digest: str
    names: tuple[str, ...]
    stack: str
    layers: tuple[int, ...]


@dataclass(frozen=True)
class Inventory:
    """All that is stored. ``stacks`` are sizes by chainID, ``records_bytes`` what the database takes."""

    images: list[ImageUse]
    layers: Mapping[int, Holding]
    stacks: Mapping[str, int]
    leased_images: frozenset[str] = frozenset()
    records_bytes: int = 0


@dataclass(frozen=True)
class Usage:
    """What one image or layer takes. ``shared_with`` are images by digest, ``layers`` those of an image by diffID."""

    digest: str
    names: tuple[str, ...]
    logical_bytes: int
    unique_bytes: int
    shared_bytes: int
    shared_with: tuple[str, ...]
    reclaimable_bytes: int
    file_shared_bytes: int
    mount_key: str = ""
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The whole account. ``logical_bytes`` is what the images would take if each had its own copy of its tars."""

    images: list[Usage]
    layers: list[Usage]
    logical_bytes: int
    stored_bytes: int
    layer_sharing_saved_bytes: int
    file_sharing_saved_bytes: int
    reclaimable_bytes: int
    overhead_bytes: int
    records_bytes: int


def account(inventory: Inventory) -> Report:
    """Add everything up."""
    ledger = _Ledger(inventory)
    live = [holding for holding in inventory.layers.values() if holding.is_live]
    image_bytes = [ledger.logical(image) for image in inventory.images]
    layer_bytes = sum(
        inventory.layers[layer].logical_bytes for layer in {x for image in inventory.images for x in image.layers}
    )
    return Report(
        images=[ledger.image_usage(image) for image in inventory.images],
        layers=[ledger.layer_usage(layer) for layer, holding in inventory.layers.items() if holding.is_live],
        logical_bytes=sum(image_bytes),
        stored_bytes=sum(ledger.sizes.values()) + inventory.records_bytes,
        layer_sharing_saved_bytes=sum(image_bytes) - layer_bytes,
        file_sharing_saved_bytes=sum(holding.borrowed_bytes for holding in live),
        reclaimable_bytes=sum(size for item, size in ledger.sizes.items() if item not in ledger.held),
        overhead_bytes=sum(inventory.stacks.values())
        + sum(x.index_bytes for x in inventory.layers.values())
        + inventory.records_bytes,
        records_bytes=inventory.records_bytes,
    )


class _Ledger:
    """Sizes of all items, and who needs how much of each."""

    def __init__(self, inventory: Inventory) -> None:
        self._layers = inventory.layers
        self._leased_images = inventory.leased_images
        self.sizes: dict[Item, int] = {("stack", stack): size for stack, size in inventory.stacks.items()}
        for layer, holding in inventory.layers.items():
            lent = min(holding.lent_bytes, holding.stored_bytes)
            self.sizes["lent", layer] = lent
            self.sizes["rest", layer] = holding.stored_bytes - lent
        self._needs = {image.digest: self._needed_by(image) for image in inventory.images}
        self._users: dict[Item, set[str]] = defaultdict(set)
        for digest, items in self._needs.items():
            for item in items:
                self._users[item].add(digest)
        leased = {layer for layer, holding in inventory.layers.items() if holding.is_leased}
        self.held = {*self._users, *self._parts_of(leased)}

    def _needed_by(self, image: ImageUse) -> dict[Item, int]:
        """Return the items an image needs, and how many bytes of each."""
        return {("stack", image.stack): self.sizes["stack", image.stack], **self._parts_of(set(image.layers))}

    def _parts_of(self, layers: set[int]) -> dict[Item, int]:
        parts: dict[Item, int] = {}
        for layer in layers:
            for donor, size in self._layers[layer].loans.items():
                parts["lent", donor] = min(parts.get(("lent", donor), 0) + size, self.sizes["lent", donor])
                if not self._layers[donor].is_live:
                    parts["rest", donor] = self.sizes["rest", donor]
        for layer in layers:
            parts["lent", layer], parts["rest", layer] = self.sizes["lent", layer], self.sizes["rest", layer]
        return parts

    def logical(self, image: ImageUse) -> int:
        return sum(self._layers[layer].logical_bytes for layer in image.layers)

    def image_usage(self, image: ImageUse) -> Usage:
        needs = self._needs[image.digest]
        own = {item for item in needs if len(self._users[item]) == 1}
        unique = sum(self.sizes[item] for item in own)
        sharers = {user for item in needs if self.sizes[item] for user in self._users[item]} - {image.digest}
        return Usage(
            digest=image.digest,
            names=image.names,
            logical_bytes=self.logical(image),
            unique_bytes=unique,
            shared_bytes=sum(size for item, size in needs.items() if item not in own),
            shared_with=tuple(sorted(sharers)),
            reclaimable_bytes=0 if image.digest in self._leased_images else unique,
            file_shared_bytes=sum(self._layers[layer].borrowed_bytes for layer in set(image.layers)),
            layers=tuple(self._layers[layer].diff_id for layer in image.layers),
        )

    def layer_usage(self, layer: int) -> Usage:
        holding = self._layers[layer]
        parts: tuple[Item, Item] = (("rest", layer), ("lent", layer))
        shared = sum(self.sizes[part] for part in parts if len(self._users[part]) > 1)
        return Usage(
            digest=holding.diff_id,
            names=(),
            logical_bytes=holding.logical_bytes,
            unique_bytes=holding.stored_bytes - shared,
            shared_bytes=shared,
            shared_with=tuple(sorted({user for part in parts for user in self._users[part]})),
            reclaimable_bytes=sum(self.sizes[part] for part in parts if part not in self.held),
            file_shared_bytes=holding.borrowed_bytes,
            mount_key=holding.mount_key,
        )
