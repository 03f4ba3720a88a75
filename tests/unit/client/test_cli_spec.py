"""From options to a ContainerSpec."""

from pathlib import Path

import pytest
from strata.runtime.v1.container_pb2 import ContainerSpec, Mount, PortMapping, RestartPolicy

from strata_client.cli.commands.run import COMMANDS
from strata_client.cli.parsing import UsageError, parse
from strata_client.cli.spec.container import container_spec, parse_restart
from strata_client.cli.spec.environment import environment, labels
from strata_client.cli.spec.mounts import parse_mount, parse_tmpfs, parse_volume
from strata_client.cli.spec.ports import parse_publish
from strata_client.cli.spec.resources import parse_ulimit
from strata_client.cli.spec.security import parse_device


def spec_of(*words: str) -> ContainerSpec:
    return container_spec(parse(COMMANDS["run"], words), is_attached=True)


def port(inside: int, outside: int = 0, end: int = 0, address: str = "", protocol: str = "tcp") -> PortMapping:
    return PortMapping(container_port=inside, host_port=outside, host_port_end=end, host_ip=address, protocol=protocol)


@pytest.mark.parametrize(
    ("word", "ports"),
    [
        ("80", [port(80)]),
        ("8080:80", [port(80, 8080)]),
        ("8080:80/udp", [port(80, 8080, protocol="udp")]),
        ("127.0.0.1::8080", [port(8080, address="127.0.0.1")]),
        ("127.0.0.1:1:2", [port(2, 1, address="127.0.0.1")]),
        ("[::1]:8080:80", [port(80, 8080, address="::1")]),
        ("8000-8010:80", [port(80, 8000, 8010)]),
        ("8000-8001:80-81", [port(80, 8000), port(81, 8001)]),
        ("80-81", [port(80), port(81)]),
    ],
)
def test_ports_are_read(word: str, ports: list[PortMapping]) -> None:
    assert parse_publish(word) == ports


@pytest.mark.parametrize("word", ["", "x", "0", "70000", "80:x", "80/icmp", "3-1", "1-2:1-3", "1:2:3:x"])
def test_ports_that_are_none_are_refused(word: str) -> None:
    with pytest.raises(UsageError, match="invalid port"):
        parse_publish(word)


@pytest.mark.parametrize(
    ("word", "mount"),
    [
        ("/host:/in", Mount(type=Mount.TYPE_BIND, source="/host", target="/in", create_source=True)),
        ("/h:/in:ro", Mount(type=Mount.TYPE_BIND, source="/h", target="/in", create_source=True, read_only=True)),
        ("data:/in", Mount(type=Mount.TYPE_VOLUME, source="data", target="/in")),
        ("/in", Mount(type=Mount.TYPE_VOLUME, target="/in")),
        (
            "data:/in:nocopy,ro",
            Mount(type=Mount.TYPE_VOLUME, source="data", target="/in", no_copy=True, read_only=True),
        ),
    ],
)
def test_volumes_are_read(word: str, mount: Mount) -> None:
    assert parse_volume(word) == mount


def test_a_relative_source_is_one_of_this_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_volume("./src:/src").source == str(tmp_path / "src")


@pytest.mark.parametrize("word", ["", ":", "a:b", "/a:b", "/a:/b:bad", "/a:/b:ro:rw", "/a::ro"])
def test_volumes_that_are_none_are_refused(word: str) -> None:
    with pytest.raises(UsageError):
        parse_volume(word)


def test_a_mount_is_read_with_all_its_keys() -> None:
    mount = parse_mount("type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave")
    assert mount == Mount(type=Mount.TYPE_BIND, source="/a", target="/b", read_only=True, propagation="rslave")


def test_a_tmpfs_is_read_with_its_options() -> None:
    mount = parse_tmpfs("/run:size=64m,mode=1770,noexec")
    assert (mount.tmpfs_size_bytes, mount.tmpfs_mode, list(mount.tmpfs_options)) == (64 * 2**20, 0o1770, ["noexec"])


@pytest.mark.parametrize("word", ["type=nfs,target=/a", "type=bind,target=/a", "target=a", "target=/a,what=1"])
def test_mounts_that_are_none_are_refused(word: str) -> None:
    with pytest.raises(UsageError):
        parse_mount(word)


def test_variables_of_files_come_before_single_ones(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("# a remark\nA=1\n\nHOME\nUNSET\n")
    assert environment(["A=2", "B"], [str(file)], {"HOME": "/root", "B": "b"}) == ["A=1", "HOME=/root", "A=2", "B=b"]


def test_a_file_of_variables_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="cannot read /nonexistent"):
        environment([], ["/nonexistent"])


def test_labels_may_lack_a_value() -> None:
    assert labels(["a=1", "b"], []) == {"a": "1", "b": ""}


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("always", RestartPolicy(condition=RestartPolicy.CONDITION_ALWAYS)),
        ("on-failure:3", RestartPolicy(condition=RestartPolicy.CONDITION_ON_FAILURE, max_retries=3)),
    ],
)
def test_restart_policies_are_read(text: str, policy: RestartPolicy) -> None:
    assert parse_restart(text) == policy


@pytest.mark.parametrize("text", ["sometimes", "always:3", "on-failure:x"])
def test_restart_policies_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_restart(text)


def test_limits_become_numbers() -> None:
    limits = spec_of("-m", "512m", "--cpus", "1.5", "--pids-limit", "100", "--memory-swap", "-1", "x").resources
    assert (limits.memory_bytes, limits.nano_cpus, limits.pids_limit) == (512 * 2**20, 1_500_000_000, 100)
    assert limits.memory_swap_bytes == -1


def test_a_number_that_was_not_given_is_not_set() -> None:
    assert not spec_of("x").resources.HasField("oom_score_adj")
    assert spec_of("--oom-score-adj", "0", "x").resources.HasField("oom_score_adj")


@pytest.mark.parametrize("words", [["--cpus", "many"], ["--cpus", "-1"], ["-m", "big"], ["--pids-limit", "x"]])
def test_limits_that_are_no_numbers_are_refused(words: list[str]) -> None:
    with pytest.raises(UsageError):
        spec_of(*words, "x")


def test_rates_are_gathered_by_device() -> None:
    words = ["--device-read-bps", "/dev/sda:1m", "--device-write-iops", "/dev/sda:100"]
    (throttle,) = spec_of(*words, "x").resources.device_throttles
    assert (throttle.path, throttle.read_bytes_per_second, throttle.write_iops) == ("/dev/sda", 2**20, 100)


def test_ulimits_may_have_one_value_for_both() -> None:
    assert (parse_ulimit("nofile=10").soft, parse_ulimit("nofile=10").hard) == (10, 10)
    assert parse_ulimit("nofile=10:-1").hard == -1


def test_privileges_are_collected() -> None:
    words = ["--cap-add", "net_admin", "--cap-drop", "CAP_CHOWN", "--security-opt", "no-new-privileges"]
    security = spec_of(*words, "--security-opt", "seccomp=unconfined", "x").security
    assert (list(security.cap_add), list(security.cap_drop)) == (["NET_ADMIN"], ["CHOWN"])
    assert (security.no_new_privileges, security.seccomp_profile) == (True, "unconfined")


def test_a_seccomp_profile_is_sent_as_its_text(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text("{}")
    assert spec_of("--security-opt", f"seccomp={tmp_path}/profile.json", "x").security.seccomp_profile == "{}"


def test_devices_are_read() -> None:
    device = parse_device("/dev/sda:/dev/xvda:r")
    assert (device.host_path, device.container_path, device.permissions) == ("/dev/sda", "/dev/xvda", "r")
    assert parse_device("/dev/fuse:rw").permissions == "rw"


@pytest.mark.parametrize("word", ["", "fuse", "/dev/a:/dev/b:x", "/a:/b:r:w"])
def test_devices_that_are_none_are_refused(word: str) -> None:
    with pytest.raises(UsageError):
        parse_device(word)


def test_an_empty_entrypoint_means_none() -> None:
    assert spec_of("--entrypoint", "", "x").clear_entrypoint
    assert list(spec_of("--entrypoint", "sh", "x").entrypoint) == ["sh"]
    assert not spec_of("x").clear_entrypoint


def test_stdin_closes_with_the_client_only_where_one_is_attached() -> None:
    assert spec_of("-i", "x").stdin_once
    assert not container_spec(parse(COMMANDS["run"], ["-id", "x"]), is_attached=False).stdin_once


def test_removing_and_restarting_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="--restart and --rm"):
        spec_of("--rm", "--restart", "always", "x")


def test_a_health_check_is_made_of_its_options() -> None:
    check = spec_of("--health-cmd", "true", "--health-interval", "1m30s", "--health-retries", "2", "x").health_check
    assert (list(check.test), check.interval.seconds, check.retries) == (["CMD-SHELL", "true"], 90, 2)
    assert list(spec_of("--no-healthcheck", "x").health_check.test) == ["NONE"]
