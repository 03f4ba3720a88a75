"""Health checks and their results."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A check; unset fields take the defaults of docker's HEALTHCHECK."""

    test: tuple[str, ...] = ()
    interval: timedelta | None = None
    timeout: timedelta | None = None
    start_period: timedelta | None = None
    start_interval: timedelta | None = None
    retries: int = 0


class HealthStatus(IntEnum):
    """What the checks say; the numbers are the contract's."""

    NONE = 0
    STARTING = 1
    HEALTHY = 2
    UNHEALTHY = 3


@dataclass(frozen=True, slots=True)
class HealthResult:
    """Result of one check."""

    start_time: datetime
    end_time: datetime
    exit_code: int = 0
    output: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Health of a container; ``log`` holds the last results, oldest first."""

    status: HealthStatus = HealthStatus.NONE
    failing_streak: int = 0
    log: tuple[HealthResult, ...] = ()
