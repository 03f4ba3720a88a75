"""kill -9 of any service, or of all of them at once, costs no container, no output, no exit status, no image."""

from __future__ import annotations

import pytest

from tests.fixtures.suite import SERVICES, Suite

COUNTER = "i=0; while :; do echo $i; i=$((i+1)); usleep 20000; done"


@pytest.mark.parametrize("victims", [("registry",), ("store",), ("runtime",), ("gateway",), ("launcher",), SERVICES])
def test_a_container_survives_kill_9_of(suite: Suite, tiny: str, victims: tuple[str, ...]) -> None:
    suite.strata("run", "-d", "--name", "counter", tiny, "sh", "-c", COUNTER)
    before = suite.inspect("counter")["State"]
    for victim in victims:
        suite.kill(victim)
    suite.up()
    after = suite.inspect("counter")["State"]
    assert (after["Pid"], after["StartedAt"], after["Running"]) == (before["Pid"], before["StartedAt"], True)
    assert suite.strata("exec", "counter", "echo", "here").stdout == "here\n"
    assert suite.run(tiny, "echo", "next") == "next\n"


@pytest.mark.parametrize("victim", [service for service in SERVICES if service != "launcher"])
def test_output_is_whole_after_kill_9_of(suite: Suite, tiny: str, victim: str) -> None:
    suite.strata("run", "-d", "--name", "counter", tiny, "sh", "-c", COUNTER)
    suite.kill(victim)
    suite.up()
    suite.strata("stop", "--time", "0", "counter")
    written = [int(line) for line in suite.strata("logs", "counter").lines]
    assert written == list(range(len(written)))
    assert written


def test_exit_statuses_are_not_lost_when_all_die(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "leaver", tiny, "sh", "-c", "sleep 1; exit 7")
    for victim in ("gateway", "runtime", "store", "registry"):
        suite.kill(victim)
    suite.up()
    assert suite.strata("wait", "leaver").stdout == "7\n"


def test_many_containers_started_while_the_runtime_dies_are_all_or_nothing(suite: Suite, tiny: str) -> None:
    starts = [suite.spawn("run", "-d", "--name", f"many{n}", tiny, "sleep", "1000") for n in range(6)]
    suite.kill("runtime")
    for start in starts:
        start.communicate(timeout=60)
    suite.up()
    listed = suite.strata("ps", "-a", "--format", "{{.Names}} {{.State}}").lines
    states = dict(line.split() for line in listed)
    assert set(states.values()) <= {"running", "created", "exited"}
    for name, state in states.items():
        if state == "running":
            assert suite.strata("exec", name, "echo", "ok").stdout == "ok\n"
