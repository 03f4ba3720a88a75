"""kill -9 of the runtime and of the launcher: containers go on, and nothing they wrote or became is lost."""

import queue
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import grpc
import pytest

from strata.runtime.v1 import container_pb2
from strata.runtime.v1 import runtime_pb2 as pb
from strata_chassis.errors import FailedPrecondition
from strata_runtime.core.paths import Paths
from strata_runtime.main import claim_directories

State = container_pb2.Container
COUNT = "i=0; while [ $i -lt 100 ]; do echo $i; i=$((i+1)); sleep 0.01; done; exit 7"


def numbers(node, container) -> list[int]:
    return [int(line) for line in node.text(container).split()]


def wait_for_state(node, container, state) -> container_pb2.Container:
    deadline = time.monotonic() + 30
    while (found := node.get(container)).state != state:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def kill_launcher(node) -> None:
    node.launcher.kill()
    node.launcher.wait()


def test_a_killed_runtime_costs_no_output_and_no_status(own_node):
    container = own_node.run("sh", "-c", COUNT.replace("exit", "until [ -e /go ]; do sleep 0.01; done; exit"))
    own_node.kill_runtime()
    own_node.start_runtime()
    found = own_node.get(container)
    assert found.state == State.STATE_RUNNING
    Path(f"/proc/{found.pid}/root/go").touch()
    assert own_node.wait(container).exit_code == 7
    assert numbers(own_node, container) == list(range(100))


def test_what_ended_while_the_runtime_was_away_is_known_afterwards(own_node):
    container = own_node.run("sh", "-c", "sleep 0.3; echo end; exit 9")
    removed = own_node.create("sleep", "0.3", auto_remove=True)
    own_node.start(removed)
    own_node.kill_runtime()
    exit_record = own_node.run_dir / "launcher" / container / "exit.json"
    deadline = time.monotonic() + 20
    while not exit_record.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)
    own_node.start_runtime()
    found = wait_for_state(own_node, container, State.STATE_EXITED)
    assert (found.exit_code, own_node.text(container)) == (9, "end\n")
    with pytest.raises(grpc.RpcError):
        own_node.wait(removed)


def test_a_killed_launcher_costs_no_output_and_a_new_one_goes_on(own_node):
    container = own_node.run("sh", "-c", COUNT)
    kill_launcher(own_node)
    time.sleep(0.2)  # the container writes on, to nobody yet
    own_node.start_launcher()
    assert own_node.wait(container).exit_code == 7
    assert numbers(own_node, container) == list(range(100))


def test_everything_killed_at_once_costs_no_output_and_no_status(own_node):
    container = own_node.run("sh", "-c", COUNT)
    own_node.kill_runtime()
    kill_launcher(own_node)
    time.sleep(0.1)
    own_node.start_launcher()
    own_node.start_runtime()
    assert own_node.wait(container).exit_code == 7
    assert numbers(own_node, container) == list(range(100))


def test_a_status_that_nobody_saw_is_reported_as_unknown(own_node):
    container = own_node.run("sh", "-c", "sleep 0.2; echo last words; exit 3")
    own_node.kill_runtime()
    kill_launcher(own_node)
    pid = int((own_node.run_dir / "launcher" / container / "pid").read_text())
    while subprocess.run(["kill", "-0", str(pid)], check=False, capture_output=True).returncode == 0:
        time.sleep(0.02)
    own_node.start_launcher()
    own_node.start_runtime()
    found = wait_for_state(own_node, container, State.STATE_EXITED)
    assert found.exit_code == 255
    assert "nobody saw" in found.error


def test_a_status_from_the_time_without_a_launcher_is_known_if_the_runtime_lived(own_node):
    container = own_node.run("sh", "-c", "sleep 0.3; exit 3")
    kill_launcher(own_node)
    time.sleep(0.6)
    own_node.start_launcher()
    assert wait_for_state(own_node, container, State.STATE_EXITED).exit_code == 3


def test_containers_can_be_used_after_the_launcher_was_replaced(own_node):
    container = own_node.run("sleep", "1000")
    kill_launcher(own_node)
    own_node.start_launcher()
    time.sleep(0.3)
    header = pb.ExecHeader(container=container, spec=pb.ExecSpec(command=["echo", "hello"], stdout=True))
    outputs = list(own_node.stub.Exec(iter([pb.ExecRequest(header=header)]), timeout=20))
    assert b"".join(message.output.stdout for message in outputs) == b"hello\n"
    own_node.stub.KillContainer(pb.KillContainerRequest(container=container))
    assert own_node.wait(container).exit_code == 137


def test_restart_policies_act_after_everything_was_killed(own_node):
    policy = container_pb2.RestartPolicy(condition="CONDITION_ALWAYS")
    container = own_node.create("sleep", "1000", restart_policy=policy)
    own_node.start(container)
    before = own_node.get(container).pid
    own_node.kill_runtime()
    subprocess.run(["kill", "-9", str(before)], check=True)
    time.sleep(0.2)
    own_node.start_runtime()
    deadline = time.monotonic() + 20
    while (found := own_node.get(container)).pid in (before, 0):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    assert found.state == State.STATE_RUNNING


def test_a_stale_state_directory_of_another_boot_is_recovered_from(own_node):
    container = own_node.run("sh", "-c", "echo kept > /kept; sleep 1000")
    deadline = time.monotonic() + 20
    while not (own_node.state_dir / "runtime" / "containers" / container / "upper" / "kept").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    pid = own_node.get(container).pid
    own_node.kill_runtime()
    kill_launcher(own_node)
    subprocess.run(["kill", "-9", str(pid)], check=True)
    for record in own_node.run_dir.glob("launcher/*/task.json"):
        record.write_text(record.read_text().replace('"boot": "', '"boot": "another-'))
    own_node.start_launcher()
    own_node.start_runtime()
    found = wait_for_state(own_node, container, State.STATE_EXITED)
    assert "started anew" in found.error
    own_node.start(container)
    assert own_node.get(container).state == State.STATE_RUNNING


def test_what_an_interrupted_removal_left_is_removed_at_the_next_start(own_node):
    own_node.kill_runtime()
    left = own_node.state_dir / "runtime" / "containers" / ("f" * 64)
    (left / "upper").mkdir(parents=True)
    own_node.store.leases.add("container/" + "f" * 64)
    own_node.start_runtime()
    assert not left.exists()
    assert own_node.store.leases == set()


def test_layer_mounts_are_taken_over_and_unmounted_at_the_end(own_node):
    container = own_node.run("sleep", "1000")
    mounts = list((own_node.run_dir / "layers").iterdir())
    own_node.kill_runtime()
    own_node.start_runtime()
    assert list((own_node.run_dir / "layers").iterdir()) == mounts
    own_node.run("true")
    own_node.remove(container)
    own_node.remove_all()
    own_node.stub.Teardown(pb.TeardownRequest())
    assert str(own_node.run_dir) not in Path("/proc/self/mountinfo").read_text()


def test_a_terminal_outlives_its_launcher(own_node):
    requests = queue.SimpleQueue()
    container = own_node.create("sh", tty=True, open_stdin=True)
    own_node.start(container)
    kill_launcher(own_node)
    own_node.start_launcher()
    time.sleep(0.5)
    header = pb.AttachHeader(container=container, stdin=True, stdout=True)
    requests.put(pb.AttachRequest(header=header))
    stream = own_node.stub.Attach(iter(requests.get, None), timeout=20)
    requests.put(pb.AttachRequest(input=pb.StreamInput(stdin=b"echo still $((40 + 2)); exit 6\n")))
    text = b"".join(message.output.stdout for message in stream)
    requests.put(None)
    assert b"still 42" in text
    assert own_node.wait(container).exit_code == 6


def test_a_status_is_not_lost_though_the_runtime_dies_before_it_is_on_the_disk(own_node):
    container = own_node.run("sh", "-c", "sleep 0.5; exit 7")
    with closing(sqlite3.connect(own_node.state_dir / "runtime" / "runtime.db", isolation_level=None)) as other:
        while own_node.get(container).state != State.STATE_RUNNING:
            time.sleep(0.01)
        time.sleep(0.1)
        other.execute("BEGIN IMMEDIATE")  # nothing of the runtime gets to the disk from now on
        assert own_node.wait(container).exit_code == 7
        rootfs = own_node.run_dir / "containers" / container / "rootfs"
        while str(rootfs) in Path("/proc/self/mountinfo").read_text():
            time.sleep(0.02)
        time.sleep(0.1)
        own_node.kill_runtime()
        other.execute("ROLLBACK")
    own_node.start_runtime()
    assert wait_for_state(own_node, container, State.STATE_EXITED).exit_code == 7


def test_the_launcher_forgets_a_status_that_is_on_the_disk(own_node):
    container = own_node.run("sh", "-c", "exit 7")
    own_node.wait(container)
    deadline = time.monotonic() + 20
    while (own_node.run_dir / "launcher" / container).exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def break_bundle(node, container) -> Path:
    """Put something in the way of a container's next start that no error of ours has a name for."""
    config = node.run_dir / "containers" / container / "config.json"
    config.unlink()
    config.mkdir()
    return config


def kept_running(node) -> str:
    policy = container_pb2.RestartPolicy(condition="CONDITION_ALWAYS")
    return node.run("sleep", "1000", restart_policy=policy)


def test_a_restart_that_the_host_refuses_is_written_down_and_tried_again(own_node):
    container = kept_running(own_node)
    config = break_bundle(own_node, container)
    subprocess.run(["kill", "-9", str(own_node.get(container).pid)], check=True)
    deadline = time.monotonic() + 20
    while "Is a directory" not in own_node.get(container).error:
        assert time.monotonic() < deadline, own_node.get(container)
        time.sleep(0.02)
    config.rmdir()
    wait_for_state(own_node, container, State.STATE_RUNNING)


def test_a_container_that_cannot_be_started_with_the_engine_keeps_no_other_one_waiting(own_node):
    containers = [kept_running(own_node) for _ in range(4)]
    configs = [break_bundle(own_node, container) for container in containers]
    for container in containers:
        subprocess.run(["kill", "-9", str(own_node.get(container).pid)], check=True)
    for container in containers:
        wait_for_state(own_node, container, State.STATE_RESTARTING)
    time.sleep(0.2)
    own_node.kill_runtime()
    for config in configs[1:]:
        config.rmdir()
    own_node.start_runtime()
    for container in containers[1:]:
        wait_for_state(own_node, container, State.STATE_RUNNING)
    assert "Is a directory" in own_node.get(containers[0]).error


def test_what_is_known_of_a_containers_health_outlives_the_runtime(own_node):
    once = ["CMD-SHELL", "test -e /seen && sleep 100; touch /seen"]
    check = container_pb2.HealthCheck(test=once, start_period={"seconds": 60}, interval={"seconds": 1000})
    check.start_interval.FromMilliseconds(50)
    container = own_node.run("sleep", "1000", health_check=check)
    deadline = time.monotonic() + 20
    while own_node.get(container).health.status != container_pb2.Health.STATUS_HEALTHY:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)
    own_node.kill_runtime()
    own_node.start_runtime()
    assert own_node.get(container).health.status == container_pb2.Health.STATUS_HEALTHY


@pytest.mark.parametrize("name", ["layers", "containers", "oci", "network", "netns"])
def test_the_runtime_refuses_a_directory_that_others_can_write_to(tmp_path, name):
    planted = tmp_path / name
    planted.mkdir()
    planted.chmod(0o777)
    with pytest.raises(FailedPrecondition, match="others could write"):
        claim_directories(Paths(tmp_path, tmp_path / "state"))
