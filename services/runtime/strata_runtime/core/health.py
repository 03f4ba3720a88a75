"""How the results of health checks become a container's health. Source: docker, HEALTHCHECK."""

from dataclasses import replace
from datetime import datetime, timedelta

from strata_runtime.core.container.health import Health, HealthCheck, HealthResult, HealthStatus

DEFAULT_INTERVAL = DEFAULT_TIMEOUT = timedelta(seconds=30)
DEFAULT_START_INTERVAL = timedelta(seconds=5)
DEFAULT_RETRIES = 3
KEPT_RESULTS = 5
MOST_OUTPUT_BYTES = 4096


def command_of(check: HealthCheck) -> tuple[str, ...]:
    """The command that a check runs, () for none."""
    match check.test:
        case ("CMD", *command):
            return tuple(command)
        case ("CMD-SHELL", command, *_):
            return ("/bin/sh", "-c", command)
        case _:
            return ()


def begun() -> Health:
    """Health of a container that has just started."""
    return Health(HealthStatus.STARTING)


def after(health: Health, result: HealthResult, check: HealthCheck, started: datetime) -> Health:
    """Health after one more result. Failures in the start period do not count, a success ends it."""
    log = (*health.log, result)[-KEPT_RESULTS:]
    if result.exit_code == 0:
        return Health(HealthStatus.HEALTHY, 0, log)
    if is_starting(health, check, started, result.start_time):
        return replace(health, log=log)
    streak = health.failing_streak + 1
    is_unhealthy = streak >= (check.retries or DEFAULT_RETRIES)
    return Health(HealthStatus.UNHEALTHY if is_unhealthy else health.status, streak, log)


def is_starting(health: Health, check: HealthCheck, started: datetime, now: datetime) -> bool:
    """Whether the start period lasts."""
    period = check.start_period or timedelta()
    return health.status is HealthStatus.STARTING and now - started < period


def next_check_in(health: Health, check: HealthCheck, started: datetime, now: datetime) -> timedelta:
    """Time until the next check."""
    if is_starting(health, check, started, now):
        return check.start_interval or DEFAULT_START_INTERVAL
    return check.interval or DEFAULT_INTERVAL
