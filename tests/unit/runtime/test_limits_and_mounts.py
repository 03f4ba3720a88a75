"""Limits, devices and mounts of a bundle, and requests that can never be right."""

from datetime import UTC, datetime

import pytest

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.bundle import capabilities, mounts, process, resources
from strata_runtime.core.bundle.host import Host
from strata_runtime.core.checks import check_spec
from strata_runtime.core.container.mount import Mount, MountPoint, MountType
from strata_runtime.core.container.record import Container
from strata_runtime.core.container.resources import Resources, Ulimit
from strata_runtime.core.container.spec import ContainerSpec, RestartCondition, RestartPolicy

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ALL = frozenset(capabilities.BY_NUMBER)
HOST = Host(capabilities=ALL, online_cpus=2)


def container(**fields) -> Container:
    return Container(id="a" * 64, name="name", spec=fields.pop("spec", ContainerSpec()), **fields)


@pytest.mark.parametrize("version", ["v1", "hybrid", "v2"])
def test_limits_of_memory_and_processors(version):
    host = Host(cgroup_version=version, online_cpus=2)
    found = resources.resources_value(Resources(memory_bytes=64 << 20, nano_cpus=1_500_000_000, pids_limit=9), host)
    assert found["memory"] == {"limit": 64 << 20, "swap": 128 << 20}
    assert found["cpu"] == {"quota": 150_000, "period": 100_000}
    assert found["pids"] == {"limit": 9}


def test_no_limit_of_swap_where_the_host_has_none():
    assert resources.memory_value(Resources(memory_bytes=64 << 20), Host(has_swap_limit=False)) == {"limit": 64 << 20}


@pytest.mark.parametrize(
    "wish",
    [
        Resources(memory_bytes=1000),
        Resources(memory_bytes=64 << 20, memory_swap_bytes=32 << 20),
        Resources(nano_cpus=3_000_000_000),
        Resources(nano_cpus=1_000_000_000, cpu_quota_us=1000),
    ],
)
def test_limits_that_cannot_be_kept_are_an_error(wish):
    with pytest.raises(InvalidArgument):
        resources.check_resources(wish, HOST)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("c 1:3 rwm", ("c", 1, 3, "rwm")), ("b 8:* r", ("b", 8, None, "r")), ("a *:* rwm", ("a", None, None, "rwm"))],
)
def test_device_rules(text, expected):
    assert resources.parse_device_rule(text) == expected


@pytest.mark.parametrize("text", ["", "c 1 rwm", "x 1:3 r", "c 1:3 q", "c a:b r"])
def test_device_rules_that_are_none(text):
    with pytest.raises(InvalidArgument):
        resources.parse_device_rule(text)


def test_a_limit_the_host_cannot_raise_is_cut():
    host = Host(nofile_hard=1000)
    limits = process.rlimits((Ulimit("nofile", 500, 5000), Ulimit("core", -1, -1)), host)
    assert limits[0] == {"type": "RLIMIT_NOFILE", "soft": 500, "hard": 1000}
    assert limits[1]["hard"] == (1 << 64) - 1


def test_parents_are_mounted_before_what_lies_in_them():
    points = [
        MountPoint(MountType.VOLUME, source="/v", destination="/a/b/c"),
        MountPoint(MountType.BIND, source="/b", destination="/a", writable=True),
    ]
    assert [mount["destination"] for mount in mounts.user_mounts(points, ())] == ["/a", "/a/b/c"]


def test_options_of_a_tmpfs():
    wish = Mount(MountType.TMPFS, target="/t", tmpfs_size_bytes=4096, tmpfs_mode=0o700, tmpfs_options=("exec",))
    (found,) = mounts.user_mounts([MountPoint(MountType.TMPFS, destination="/t", writable=True)], (wish,))
    assert found["options"] == ["nosuid", "nodev", "size=4096", "mode=700", "rw"]


@pytest.mark.parametrize(
    "spec",
    [
        ContainerSpec(mounts=(Mount(MountType.BIND, "relative", "/x"),)),
        ContainerSpec(mounts=(Mount(MountType.TMPFS, target="/"),)),
        ContainerSpec(mounts=(Mount(MountType.TMPFS, target="/a/../b"),)),
        ContainerSpec(mounts=(Mount(MountType.TMPFS, target="/a"), Mount(MountType.TMPFS, target="/a/"))),
        ContainerSpec(working_dir="relative"),
        ContainerSpec(env=("=x",)),
        ContainerSpec(command=("a\0b",)),
        ContainerSpec(stop_signal="SIGNOTHING"),
        ContainerSpec(auto_remove=True, restart_policy=RestartPolicy(RestartCondition.ALWAYS)),
        ContainerSpec(init=True),
    ],
)
def test_requests_that_can_never_be_right(spec):
    with pytest.raises(InvalidArgument):
        check_spec(spec, HOST)
