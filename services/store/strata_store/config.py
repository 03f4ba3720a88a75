"""What the store can be told."""

from dataclasses import dataclass

from strata_chassis.config import ServiceConfig, setting


@dataclass(frozen=True, kw_only=True)
class StoreConfig(ServiceConfig):
    """Settings of the store service."""

    registry: str = setting("", "address of the registry service; default: its socket in run-dir")
    parallel_layers: int = setting(3, "layers that are downloaded and unpacked at the same time")
    max_layer_bytes: int = setting(1 << 36, "longest uncompressed layer that is taken in")
    scrub_bytes_per_s: int = setting(64 << 20, "bytes that a scrub reads per second, unless it is told another rate")
    max_layer_inodes: int = setting(1 << 20, "most files of a layer")
    max_layer_metadata_bytes: int = setting(256 << 20, "memory for a layer's names, links and attributes at most")
