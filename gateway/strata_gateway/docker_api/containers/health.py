"""Health checks: docker's and the engine's, both ways."""

from collections.abc import Mapping
from typing import Any

from strata.runtime.v1 import container_pb2 as pb
from strata_gateway.docker_api.times import duration_of_ns, ns_of, rfc3339

_STATUS = {
    pb.Health.STATUS_STARTING: "starting",
    pb.Health.STATUS_HEALTHY: "healthy",
    pb.Health.STATUS_UNHEALTHY: "unhealthy",
}


def check_of(check: Mapping[str, Any]) -> pb.HealthCheck:
    """A ``Healthcheck`` of a Config."""
    return pb.HealthCheck(
        test=check.get("Test") or (),
        interval=duration_of_ns(check.get("Interval")),
        timeout=duration_of_ns(check.get("Timeout")),
        start_period=duration_of_ns(check.get("StartPeriod")),
        start_interval=duration_of_ns(check.get("StartInterval")),
        retries=check.get("Retries") or 0,
    )


def check_shown(check: pb.HealthCheck) -> dict[str, Any]:
    """A ``Healthcheck`` of a Config."""
    spans = {
        "Interval": ns_of(check.interval),
        "Timeout": ns_of(check.timeout),
        "StartPeriod": ns_of(check.start_period),
        "StartInterval": ns_of(check.start_interval),
        "Retries": check.retries,
    }
    return {"Test": list(check.test)} | {key: value for key, value in spans.items() if value}


def status_word(health: pb.Health) -> str:
    """The word for a container's health; "none" where nothing is checked."""
    return _STATUS.get(health.status, "none")


def health_shown(health: pb.Health) -> dict[str, Any] | None:
    """``State.Health``; None where nothing is checked."""
    if health.status not in _STATUS:
        return None
    log = [
        {
            "Start": rfc3339(result.start_time),
            "End": rfc3339(result.end_time),
            "ExitCode": result.exit_code,
            "Output": result.output,
        }
        for result in health.log
    ]
    return {"Status": status_word(health), "FailingStreak": health.failing_streak, "Log": log}
