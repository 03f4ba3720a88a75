"""The life of containers as values: states, restarts, health, plans."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from strata_runtime.core import health as rules
from strata_runtime.core.bundle import capabilities
from strata_runtime.core.bundle.host import Host
from strata_runtime.core.container.health import Health, HealthCheck, HealthResult, HealthStatus
from strata_runtime.core.container.record import Container, ImageMount, Layer, State, exited, failed_to_start, started
from strata_runtime.core.container.spec import ContainerSpec, RestartCondition, RestartPolicy
from strata_runtime.core.operations import MountOverlay, ReleaseLayers, Unmount
from strata_runtime.core.paths import Paths
from strata_runtime.core.plan import plan_removal, plan_root
from strata_runtime.core.restart import restart_delay_s, wants_restart

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ALL = frozenset(capabilities.BY_NUMBER)
HOST = Host(capabilities=ALL, online_cpus=2)


def container(**fields) -> Container:
    return Container(id="a" * 64, name="name", spec=fields.pop("spec", ContainerSpec()), **fields)


def test_a_container_lives_and_ends():
    running = started(container(), 42, NOW, "boot")
    assert (running.state, running.pid, running.has_run) == (State.RUNNING, 42, True)
    ended = exited(running, 3, NOW, oom_killed=True)
    assert (ended.state, ended.pid, ended.exit_code, ended.oom_killed) == (State.EXITED, 0, 3, True)


def test_a_container_that_never_ran_stays_created():
    assert failed_to_start(container(), 127, "why", NOW).state is State.CREATED
    assert failed_to_start(container(has_run=True), 127, "why", NOW).state is State.EXITED


@pytest.mark.parametrize(
    ("condition", "fields", "expected"),
    [
        (RestartCondition.NO, {}, False),
        (RestartCondition.ALWAYS, {}, True),
        (RestartCondition.ALWAYS, {"stopped_by_user": True}, False),
        (RestartCondition.ON_FAILURE, {"exit_code": 0}, False),
        (RestartCondition.ON_FAILURE, {"exit_code": 1}, True),
        (RestartCondition.ON_FAILURE, {"exit_code": 1, "restart_count": 3}, False),
    ],
)
def test_when_a_container_is_started_again(condition, fields, expected):
    spec = ContainerSpec(restart_policy=RestartPolicy(condition, max_retries=3))
    assert wants_restart(container(spec=spec, **fields)) is expected


def test_the_delay_doubles_up_to_a_minute_and_forgets_after_a_calm_run():
    assert [restart_delay_s(count, 0.1) for count in (0, 1, 2, 20)] == [0.1, 0.2, 0.4, 60.0]
    assert restart_delay_s(5, 11.0) == 0.1


def test_health_follows_the_results():
    check = HealthCheck(("CMD", "x"), retries=2)
    bad = HealthResult(NOW, NOW, 1)
    health = rules.after(Health(HealthStatus.STARTING), HealthResult(NOW, NOW, 0), check, NOW)
    assert health.status is HealthStatus.HEALTHY
    health = rules.after(health, bad, check, NOW)
    assert (health.status, health.failing_streak) == (HealthStatus.HEALTHY, 1)
    assert rules.after(health, bad, check, NOW).status is HealthStatus.UNHEALTHY


def test_failures_in_the_start_period_do_not_count():
    check = HealthCheck(("CMD", "x"), retries=1, start_period=timedelta(seconds=60))
    assert rules.after(rules.begun(), HealthResult(NOW, NOW, 1), check, NOW).status is HealthStatus.STARTING


def test_a_plan_can_be_read_and_every_step_that_leaves_something_can_be_undone():
    layers = ImageMount((Layer("l1", "/l1"),), (Layer("l1", "/l1"), Layer("old", "/old")), Layer("meta", "/m"))
    paths = Paths(Path("/run/x"), Path("/state"))
    steps = plan_root(container(image_mount=layers), paths)
    overlay = steps[-1]
    assert isinstance(overlay, MountOverlay)
    assert "lowerdir=meta::l1::old" in overlay.describe()
    assert isinstance(overlay.undo(), Unmount)
    assert {type(step.undo()) for step in steps} >= {Unmount, ReleaseLayers}
    assert [step.describe() for step in plan_removal(container(), paths)][-1].startswith("rm -r")
