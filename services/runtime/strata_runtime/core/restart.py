"""When a container is started again, and after how long."""

from strata_runtime.core.container.record import Container
from strata_runtime.core.container.spec import RestartCondition

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 60.0
CALM_AFTER_S = 10.0
"""A container that ran this long has proved itself: its next delay is the first one again."""


def wants_restart(container: Container) -> bool:
    """Whether a container that has exited is to be started again."""
    policy = container.spec.restart_policy
    if container.stopped_by_user:
        return False
    if policy.condition in (RestartCondition.ALWAYS, RestartCondition.UNLESS_STOPPED):
        return True
    if policy.condition is not RestartCondition.ON_FAILURE or container.exit_code == 0:
        return False
    return policy.max_retries == 0 or container.restart_count < policy.max_retries


def wants_start_with_engine(container: Container) -> bool:
    """Whether a container that does not run is to be started when the engine starts."""
    policy = container.spec.restart_policy.condition
    if not container.has_run:
        return False
    return policy is RestartCondition.ALWAYS or (
        policy is RestartCondition.UNLESS_STOPPED and not container.stopped_by_user
    )


def restart_delay_s(failures: int, ran_s: float) -> float:
    """Time to wait: doubled with each failure in a row, from 0.1 s to a minute."""
    if ran_s >= CALM_AFTER_S:
        return FIRST_DELAY_S
    return min(FIRST_DELAY_S * 2.0 ** min(failures, 30), LONGEST_DELAY_S)
