"""Volumes: directories that outlive containers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from strata_chassis.errors import InvalidArgument

_GRAMMAR = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_MOST_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume. Source: strata.runtime.v1.Volume."""

    name: str
    driver: str = "local"
    mountpoint: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    create_time: datetime | None = None
    anonymous: bool = False


def check_volume_name(name: str) -> str:
    """Return a name a user chose: it is a directory's name as well. Raises InvalidArgument."""
    if len(name) > _MOST_CHARACTERS or not _GRAMMAR.fullmatch(name):
        raise InvalidArgument(
            f"{name!r} is not a name for a volume: letters, digits, '_', '.' and '-'",
            reason="VOLUME_INVALID",
            metadata={"volume": name},
        )
    return name
