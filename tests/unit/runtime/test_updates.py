"""Changes of containers that are there, and their health."""

import time

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from strata.runtime.v1 import container_pb2
from strata.runtime.v1 import runtime_pb2 as pb

SHORT = Duration(nanos=100_000_000)


def update(node, container, **change):
    return node.stub.UpdateContainer(pb.UpdateContainerRequest(container=container, **change)).container


def wait_for_health(node, container, status):
    deadline = time.monotonic() + 20
    while (health := node.get(container).health).status != status:
        assert time.monotonic() < deadline, health
        time.sleep(0.02)
    return health


@pytest.mark.parametrize("runtime", ["crun", "runc"])
def test_limits_of_a_running_container_can_be_changed(node, execute, runtime):
    container = node.run("sleep", "1000", runtime=runtime, resources=container_pb2.Resources(memory_bytes=64 << 20))
    update(node, container, resources=container_pb2.Resources(memory_bytes=128 << 20, pids_limit=50))
    path = "/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max"
    session = execute(container, "sh", "-c", f"cat {path} 2>/dev/null")
    session.finish()
    assert int(session.stdout) == 128 << 20
    assert node.get(container).spec.resources.pids_limit == 50
    node.remove(container)


def test_mounts_change_only_while_a_container_is_stopped(node, tmp_path):
    (tmp_path / "file").write_text("new mount")
    mounts = pb.UpdateContainerRequest.MountList(
        mounts=[container_pb2.Mount(type="TYPE_BIND", source=str(tmp_path), target="/later")]
    )
    container = node.run("sh", "-c", "cat /later/file || sleep 1000")
    with pytest.raises(grpc.RpcError) as error:
        update(node, container, mounts=mounts)
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    node.stub.KillContainer(pb.KillContainerRequest(container=container))
    node.wait(container)
    update(node, container, mounts=mounts)
    node.start(container)
    node.wait(container)
    assert node.text(container).endswith("new mount")


def test_a_new_restart_policy_counts_from_now_on(node):
    container = node.create("false")
    update(node, container, restart_policy=container_pb2.RestartPolicy(condition="CONDITION_ON_FAILURE", max_retries=1))
    node.start(container)
    deadline = time.monotonic() + 20
    while node.get(container).restart_count < 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_impossible_update_changes_nothing(node):
    container = node.create("true", resources=container_pb2.Resources(memory_bytes=64 << 20))
    with pytest.raises(grpc.RpcError) as error:
        update(node, container, resources=container_pb2.Resources(memory_bytes=1000))
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert node.get(container).spec.resources.memory_bytes == 64 << 20


def test_a_container_becomes_healthy_and_unhealthy_again(node, execute):
    check = container_pb2.HealthCheck(test=["CMD-SHELL", "echo looking; test -e /well"], interval=SHORT, retries=2)
    container = node.run("sh", "-c", "touch /well; sleep 1000", health_check=check)
    assert wait_for_health(node, container, container_pb2.Health.STATUS_HEALTHY).log[-1].output == "looking\n"
    execute(container, "rm", "/well").finish()
    health = wait_for_health(node, container, container_pb2.Health.STATUS_UNHEALTHY)
    assert health.failing_streak >= 2
    assert health.log[-1].exit_code == 1
    node.remove(container)


def test_a_check_that_hangs_counts_as_failed(node):
    check = container_pb2.HealthCheck(test=["CMD", "sleep", "100"], interval=SHORT, timeout=SHORT, retries=1)
    container = node.run("sleep", "1000", health_check=check)
    health = wait_for_health(node, container, container_pb2.Health.STATUS_UNHEALTHY)
    assert "longer" in health.log[-1].output
    node.remove(container)
