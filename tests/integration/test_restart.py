"""Services come and go; containers do not notice."""

from __future__ import annotations

import pytest

from tests.fixtures.suite import SERVICES, Suite

COUNTER = "i=0; while :; do echo $i; i=$((i+1)); usleep 20000; done"


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "launcher"])
def test_a_container_outlives_a_restart_of(suite: Suite, tiny: str, service: str) -> None:
    suite.strata("run", "-d", "--name", "counter", tiny, "sh", "-c", COUNTER)
    before = suite.inspect("counter")["State"]
    suite.restart(service)
    after = suite.inspect("counter")["State"]
    assert (after["Pid"], after["StartedAt"], after["Running"]) == (before["Pid"], before["StartedAt"], True)
    assert suite.strata("exec", "counter", "echo", "here").stdout == "here\n"


def test_no_output_is_lost_while_every_service_restarts(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "counter", tiny, "sh", "-c", COUNTER)
    for service in ("runtime", "store", "registry", "gateway"):
        suite.restart(service)
    suite.strata("stop", "--time", "0", "counter")
    written = [int(line) for line in suite.strata("logs", "counter").lines]
    assert written == list(range(len(written)))
    assert len(written) > 20


def test_an_exit_while_the_runtime_is_away_is_not_lost(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "leaver", tiny, "sh", "-c", "sleep 1; echo gone; exit 7")
    suite.kill("runtime")
    suite.up()
    assert suite.strata("wait", "leaver").stdout == "7\n"
    assert suite.strata("logs", "leaver").stdout == "gone\n"


def test_down_and_up_leave_containers_running(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "stays", tiny, "sleep", "1000")
    pid = suite.inspect("stays")["State"]["Pid"]
    suite.strata("down", "--root", str(suite.root))
    suite.up()
    assert suite.inspect("stays")["State"]["Pid"] == pid
    assert suite.strata("exec", "stays", "echo", "here").stdout == "here\n"
