"""What the suite consists of."""

from pathlib import Path

import pytest

from strata_gateway.suite.failure import SuiteFailure
from strata_gateway.suite.folders import prepare
from strata_gateway.suite.services import SERVICES, Layout, command_line, service_named


def test_what_a_service_needs_comes_before_it():
    seen = set()
    for service in SERVICES:
        assert set(service.needs) <= seen
        seen.add(service.name)


def test_only_runtime_and_launcher_keep_root():
    assert {service.name for service in SERVICES if service.user is None} == {"runtime", "launcher"}


def test_the_command_line_says_where_and_as_whom():
    command = command_line(service_named("store"), Layout.below(Path("/x")), "python")
    assert command[0] == "python"
    assert command[-8:] == [
        *["-m", "strata_store", "--run-dir", "/x/run", "--state-dir", "/x/state", "--user", "strata"]
    ]


def test_without_a_root_the_hosts_folders_are_used():
    assert Layout.below(None) == Layout(Path("/run/strata"), Path("/var/lib/strata"))


def test_a_root_that_others_cannot_enter_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("os.chown", lambda *_: None)
    account = type("Account", (), {"pw_uid": 1, "pw_gid": 1})
    (tmp_path / "closed").mkdir(mode=0o700)
    with pytest.raises(SuiteFailure, match="other users may not enter"):
        prepare(Layout.below(tmp_path / "closed" / "root"), account)
