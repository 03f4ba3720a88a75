"""Mounts that a user asks for, and what they become."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class MountType(IntEnum):
    """Kind of a mount; the numbers are the contract's."""

    UNSPECIFIED = 0
    BIND = 1
    VOLUME = 2
    TMPFS = 3


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount as asked for. Source: strata.runtime.v1.Mount."""

    type: MountType
    source: str = ""
    target: str = ""
    read_only: bool = False
    propagation: str = ""
    create_source: bool = False
    non_recursive: bool = False
    no_copy: bool = False
    tmpfs_size_bytes: int = 0
    tmpfs_mode: int = 0
    volume_driver: str = ""
    volume_labels: Mapping[str, str] = field(default_factory=dict)
    tmpfs_options: tuple[str, ...] = ()
    volume_subpath: str = ""


@dataclass(frozen=True, slots=True)
class MountPoint:
    """A mount as it is: volumes have become directories of the host."""

    type: MountType
    name: str = ""
    source: str = ""
    destination: str = ""
    writable: bool = False
    propagation: str = ""
    driver: str = ""
