"""What a container gets that nobody asked for by name: from the image, then from the engine."""

from dataclasses import replace
from datetime import timedelta

from strata_chassis.errors import InvalidArgument
from strata_oci.errors import MalformedError
from strata_oci.image_config import Execution, Healthcheck, ImageConfig
from strata_runtime.core.container.health import HealthCheck
from strata_runtime.core.container.spec import ContainerSpec

_HOSTNAME_DIGITS = 12


def parse_execution(config: str) -> Execution:
    """How to run an image, from its config. Raises InvalidArgument."""
    try:
        return ImageConfig.parse(config.encode()).execution
    except MalformedError as error:
        raise InvalidArgument(f"the image cannot be run: {error.message}", reason="CONFIG_INVALID") from error


def with_defaults(spec: ContainerSpec, image: Execution, container_id: str) -> ContainerSpec:
    """A spec with what the image and the engine add, as ``inspect`` shows it."""
    return replace(
        spec,
        labels={**image.labels, **spec.labels},
        hostname=spec.hostname or container_id[:_HOSTNAME_DIGITS],
        stop_signal=spec.stop_signal or image.stop_signal or "SIGTERM",
        health_check=_health_check(spec.health_check, image.healthcheck),
        exposed_ports=tuple(dict.fromkeys((*image.exposed_ports, *spec.exposed_ports))),
        network_mode=spec.network_mode or "bridge",
    )


def _health_check(asked: HealthCheck | None, image: Healthcheck | None) -> HealthCheck | None:
    """The request's check, what it leaves open from the image's. A test of NONE means no check."""
    usual = _from_image(image) if image else HealthCheck()
    check = usual if asked is None else _merged(asked, usual)
    return check if check.test and check.test[0] != "NONE" else None


def _merged(asked: HealthCheck, usual: HealthCheck) -> HealthCheck:
    return HealthCheck(
        test=asked.test or usual.test,
        interval=asked.interval or usual.interval,
        timeout=asked.timeout or usual.timeout,
        start_period=asked.start_period or usual.start_period,
        start_interval=asked.start_interval or usual.start_interval,
        retries=asked.retries or usual.retries,
    )


def _from_image(check: Healthcheck) -> HealthCheck:
    return HealthCheck(
        test=check.test,
        interval=_duration(check.interval_ns),
        timeout=_duration(check.timeout_ns),
        start_period=_duration(check.start_period_ns),
        retries=check.retries,
    )


def _duration(nanoseconds: int) -> timedelta | None:
    return timedelta(microseconds=nanoseconds / 1000) if nanoseconds else None
