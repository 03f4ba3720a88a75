"""What is at a path of a container."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PathStatus:
    """Source: strata.runtime.v1.PathStat; ``mode`` is st_mode of stat(2)."""

    name: str
    size_bytes: int
    mode: int
    modify_time: datetime
    link_target: str = ""
