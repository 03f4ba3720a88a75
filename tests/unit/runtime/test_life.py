"""The life of containers, on a real kernel with a real OCI runtime."""

import signal
import threading
import time

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from strata.runtime.v1 import container_pb2
from strata.runtime.v1 import runtime_pb2 as pb

State = container_pb2.Container


def code_of(error: pytest.ExceptionInfo[grpc.RpcError]) -> grpc.StatusCode:
    return error.value.code()


def test_a_container_runs_and_its_output_and_status_are_kept(node):
    container = node.run("sh", "-c", "echo hello; echo oops >&2; exit 3")
    assert node.wait(container).exit_code == 3
    assert sorted((entry.data, entry.stderr) for entry in node.logs(container)) == [
        (b"hello\n", False),
        (b"oops\n", True),
    ]


@pytest.mark.parametrize("runtime", ["crun", "runc"])
def test_both_oci_runtimes_give_the_same_surroundings(node, runtime):
    script = "id -u; pwd; echo $FROM_IMAGE $HOSTNAME; cat /proc/self/status | head -n 60"
    text = node.output("sh", "-c", script, runtime=runtime, hostname="named", user="user")
    lines = text.splitlines()
    assert lines[:3] == ["1000", "/work/dir", "1 named"]
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["Seccomp"].strip() == "2"
    assert status["CapBnd"].strip() == "00000000a80425fb"
    assert status["Groups"].split() == ["2000"]


@pytest.mark.parametrize("runtime", ["crun", "runc"])
@pytest.mark.parametrize(
    ("command", "reason", "status"),
    [
        ("nonsense", "COMMAND_NOT_FOUND", 127),
        ("/no/such/file", "COMMAND_NOT_FOUND", 127),
        ("/etc", "COMMAND_NOT_EXECUTABLE", 126),
        ("/bin/not-executable", "COMMAND_NOT_EXECUTABLE", 126),
    ],
)
def test_a_command_that_cannot_run_has_dockers_exit_code(node, runtime, command, reason, status):
    container = node.create(command, runtime=runtime)
    with pytest.raises(grpc.RpcError) as error:
        node.start(container)
    assert code_of(error) is grpc.StatusCode.FAILED_PRECONDITION
    assert command in error.value.details()
    found = node.get(container)
    assert (found.state, found.exit_code, found.error) == (State.STATE_CREATED, status, error.value.details())


def test_a_failed_start_ends_attached_streams_and_removes_what_wants_to_be(node, attach):
    container = node.create("nonsense", auto_remove=True)
    session = attach(container)
    with pytest.raises(grpc.RpcError):
        node.start(container)
    assert session.finish() == 127
    assert (session.stdout, session.stderr) == (b"", b"")
    with pytest.raises(grpc.RpcError):
        node.get(container)


def test_a_container_that_failed_to_start_leaves_no_task_and_no_mount(node):
    container = node.create("nonsense")
    with pytest.raises(grpc.RpcError):
        node.start(container)
    assert not (node.run_dir / "launcher" / container).exists()
    assert not (node.run_dir / "containers" / container / "rootfs").is_mount()


def test_an_unknown_container_is_not_found(node):
    with pytest.raises(grpc.RpcError) as error:
        node.get("nobody")
    assert code_of(error) is grpc.StatusCode.NOT_FOUND


def test_an_unknown_image_leaves_nothing(node):
    spec = container_pb2.ContainerSpec(image="unknown", name="of-unknown-image")
    with pytest.raises(grpc.RpcError) as error:
        node.stub.CreateContainer(pb.CreateContainerRequest(spec=spec))
    assert code_of(error) is grpc.StatusCode.NOT_FOUND
    node.remove(node.create("true", name="of-unknown-image"))


def test_a_name_belongs_to_one_container(node):
    container = node.create("true", name="one")
    with pytest.raises(grpc.RpcError) as error:
        node.create("true", name="one")
    assert code_of(error) is grpc.StatusCode.ALREADY_EXISTS
    node.remove(container)
    node.remove(node.create("true", name="one"))


def test_a_repeated_create_request_makes_one_container(node):
    request = pb.CreateContainerRequest(
        request_id="same", spec=container_pb2.ContainerSpec(image="busybox", command=["true"], network_mode="none")
    )
    first, second = node.stub.CreateContainer(request), node.stub.CreateContainer(request)
    assert first.container.id == second.container.id


def test_a_container_can_be_named_by_a_prefix_of_its_id(node):
    container = node.create("true")
    assert node.get(container[:12]).id == container


def test_stop_sends_the_stop_signal(node):
    trap = "trap 'echo got it; exit 7' USR1; echo ready; while :; do sleep 0.05; done"
    container = node.run("sh", "-c", trap, stop_signal="SIGUSR1")
    wait_for_text(node, container, "ready")
    assert node.stub.StopContainer(pb.StopContainerRequest(container=container)).stopped
    assert node.get(container).exit_code == 7
    assert "got it" in node.text(container)


def test_stop_kills_what_does_not_listen(node):
    container = node.run("sleep", "100")
    begin = time.monotonic()
    node.stub.StopContainer(pb.StopContainerRequest(container=container, timeout=Duration(nanos=100_000_000)))
    assert time.monotonic() - begin < 5
    assert node.get(container).exit_code == 128 + signal.SIGKILL


def test_stopping_twice_is_no_error(node):
    container = node.run("true")
    node.wait(container)
    assert not node.stub.StopContainer(pb.StopContainerRequest(container=container)).stopped


def test_a_killed_container_has_the_signals_status(node):
    container = node.run("sleep", "100")
    node.stub.KillContainer(pb.KillContainerRequest(container=container, signal="KILL"))
    assert node.wait(container).exit_code == 137


def test_a_running_container_is_not_removed_unless_forced(node):
    container = node.run("sleep", "100")
    with pytest.raises(grpc.RpcError) as error:
        node.stub.DeleteContainer(pb.DeleteContainerRequest(container=container))
    assert code_of(error) is grpc.StatusCode.ABORTED
    node.remove(container)
    with pytest.raises(grpc.RpcError):
        node.get(container)


def test_a_removed_container_leaves_nothing(node):
    container = node.run("sh", "-c", "echo x > /x; sleep 100")
    node.remove(container)
    left = [path for root in (node.run_dir, node.state_dir) for path in root.rglob(f"*{container}*")]
    assert left == []
    assert f"container/{container}" not in node.store.leases


def test_auto_remove_removes_after_the_exit(node):
    container = node.create("sh", "-c", "exit 4", auto_remove=True)
    statuses = []
    waiter = threading.Thread(target=lambda: statuses.append(node.wait(container, pb.WAIT_CONDITION_REMOVED).exit_code))
    waiter.start()
    node.start(container)
    waiter.join(timeout=20)
    assert statuses == [4]
    with pytest.raises(grpc.RpcError):
        node.get(container)


def test_a_restart_keeps_what_its_exit_would_remove(node):
    container = node.create("sleep", "1000", auto_remove=True)
    node.start(container)
    removal = node.stub.WaitContainer.future(
        pb.WaitContainerRequest(container=container, condition=pb.WAIT_CONDITION_REMOVED)
    )
    before = node.get(container).pid
    timeout = Duration(seconds=0)
    restarted = node.stub.RestartContainer(pb.RestartContainerRequest(container=container, timeout=timeout)).container
    assert restarted.state == State.STATE_RUNNING
    assert restarted.pid != before
    assert not removal.done()
    node.stub.StopContainer(pb.StopContainerRequest(container=container, timeout=timeout))
    removal.result(timeout=20)


def test_a_restart_starts_what_does_not_run(node):
    container = node.create("sleep", "1000")
    restarted = node.stub.RestartContainer(pb.RestartContainerRequest(container=container)).container
    assert restarted.state == State.STATE_RUNNING


def test_a_paused_container_stands_still_and_can_be_stopped(node):
    container = node.run("sh", "-c", "while :; do echo tick; sleep 0.01; done")
    wait_for_text(node, container, "tick")
    node.stub.PauseContainer(pb.PauseContainerRequest(container=container))
    assert node.get(container).state == State.STATE_PAUSED
    with pytest.raises(grpc.RpcError) as error:
        node.stub.PauseContainer(pb.PauseContainerRequest(container=container))
    assert code_of(error) is grpc.StatusCode.ABORTED
    before = len(node.logs(container))
    assert len(node.logs(container)) == before
    node.stub.ResumeContainer(pb.ResumeContainerRequest(container=container))
    node.stub.PauseContainer(pb.PauseContainerRequest(container=container))
    node.stub.StopContainer(pb.StopContainerRequest(container=container, timeout=Duration(seconds=0)))
    assert node.get(container).state == State.STATE_EXITED


def test_what_a_container_wrote_is_there_when_it_runs_again(node):
    container = node.run("sh", "-c", "cat /mine; echo again > /mine")
    node.wait(container)
    node.start(container)
    node.wait(container)
    assert node.text(container).endswith("again\n")


def test_a_sibling_does_not_see_what_a_container_changed(node):
    changed = node.run("sh", "-c", "echo changed > /data/file; cat /data/file")
    node.wait(changed)
    assert node.text(changed) == "changed\n"
    assert node.output("cat", "/data/file") == "from the image\n"


def test_memory_is_limited(node):
    limits = container_pb2.Resources(memory_bytes=16 << 20)
    container = node.run("sh", "-c", "dd if=/dev/zero of=/dev/null bs=64M count=1; tail /dev/zero", resources=limits)
    assert node.wait(container).oom_killed
    assert node.get(container).oom_killed


def test_processes_are_limited(node):
    limits = container_pb2.Resources(pids_limit=8)
    script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; echo done"
    assert "can't fork" in node.output("sh", "-c", script, resources=limits)


def test_processors_are_limited_as_seen_from_inside(node):
    limits = container_pb2.Resources(nano_cpus=500_000_000, cpuset_cpus="0")
    script = (
        "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null; grep -c processor /proc/cpuinfo"
    )
    text = node.output("sh", "-c", f"{script}; cat /proc/self/status", resources=limits)
    assert text.split()[0] == "50000"
    assert "Cpus_allowed_list:\t0\n" in text


def test_binds_volumes_and_tmpfs_are_where_they_were_asked_for(node, tmp_path):
    (tmp_path / "file").write_text("of the host\n")
    mounts = [
        container_pb2.Mount(type="TYPE_BIND", source=str(tmp_path), target="/bound", read_only=True),
        container_pb2.Mount(type="TYPE_VOLUME", source="kept", target="/data"),
        container_pb2.Mount(type="TYPE_TMPFS", target="/fast", tmpfs_size_bytes=1 << 20),
    ]
    script = "cat /bound/file; touch /bound/new; cat /data/file; echo new >> /data/file; touch /fast/x && echo fast"
    text = node.output("sh", "-c", script, mounts=mounts)
    assert "of the host" in text
    assert "Read-only file system" in text
    assert "from the image" in text  # a new volume begins with the image's files
    assert "fast" in text
    assert node.output("cat", "/data/file", mounts=mounts) == "from the image\nnew\n"


def test_events_tell_a_containers_life_in_order_and_from_a_cursor(node):
    container = node.run("true", labels={"mark": "events"})
    node.wait(container)
    node.remove(container)
    seen = []
    for message in node.stub.WatchEvents(pb.WatchEventsRequest(since={"seconds": 1}), timeout=20):
        if message.event.actor_id == container:
            seen.append(message.event)
            if message.event.action == "destroy":
                break
    assert [event.action for event in seen] == ["create", "start", "die", "destroy"]
    later = node.stub.WatchEvents(pb.WatchEventsRequest(after_cursor=seen[1].cursor), timeout=20)
    assert next(iter(later)).event.cursor == seen[1].cursor + 1


def test_processes_and_statistics_of_a_container(node):
    container = node.run("sh", "-c", "echo ready; exec sleep 100")
    wait_for_text(node, container, "ready")
    processes = node.stub.ListProcesses(pb.ListProcessesRequest(container=container)).processes
    assert [process.command for process in processes] in (["sleep 100"], ["sh -c echo ready; exec sleep 100"])
    stats = next(iter(node.stub.GetStats(pb.GetStatsRequest(containers=[container])))).stats[0]
    assert stats.pids == 1
    assert stats.memory_bytes > 0


def test_proportional_memory_is_measured_when_it_is_asked_for(node):
    container = node.run("sh", "-c", "sleep 100 & echo ready; wait")
    wait_for_text(node, container, "ready")
    plain, asked = (
        next(iter(node.stub.GetStats(pb.GetStatsRequest(containers=[container], include_pss=wish)))).stats[0]
        for wish in (False, True)
    )
    assert not plain.HasField("pss_bytes")
    assert 10_000 < asked.pss_bytes < 10_000_000


def test_statistics_go_on_until_the_caller_goes_though_containers_come_and_go(node):
    container = node.run("sleep", "100", network_mode="bridge")
    stream = node.stub.GetStats(pb.GetStatsRequest(interval=Duration(nanos=20_000_000)), timeout=20)
    assert container in {item.container_id for item in next(stream).stats}
    node.remove(container)
    for message in stream:
        if container not in {item.container_id for item in message.stats}:
            break
    stream.cancel()


def test_a_restart_policy_starts_a_failed_container_again(node):
    policy = container_pb2.RestartPolicy(condition="CONDITION_ON_FAILURE", max_retries=2)
    container = node.create("sh", "-c", "echo run; exit 1", restart_policy=policy)
    node.start(container)
    while node.get(container).restart_count < 2 or node.get(container).state != State.STATE_EXITED:
        node.wait(container)
    assert node.text(container) == "run\n" * 3


def wait_for_text(node, container: str, text: str) -> None:
    stream = node.stub.GetLogs(pb.GetLogsRequest(container=container, follow=True), timeout=20)
    found = b""
    for message in stream:
        found += b"".join(entry.data for entry in message.entries)
        if text.encode() in found:
            stream.cancel()
            return
    pytest.fail(f"{text!r} was not written: {found!r}")
