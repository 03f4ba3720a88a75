"""What everything that works on stored things shares."""

from dataclasses import dataclass

from strata_chassis.database import Database
from strata_chassis.executors import Threads
from strata_store.adapters.content_root import ContentRoot
from strata_store.engine.image_store import ImageStore
from strata_store.engine.layer_store import LayerStore


@dataclass(frozen=True)
class Stores:
    """Content root, records, threads for files, and the layers and images on top of them."""

    root: ContentRoot
    database: Database
    threads: Threads
    layers: LayerStore
    images: ImageStore
