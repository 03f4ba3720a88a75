"""What is opened of a process belongs to a container, or is not opened."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from strata_runtime.adapters.processes import open_of_process
from strata_runtime.core.container.record import Container, State
from strata_runtime.core.container.spec import ContainerSpec
from strata_runtime.engine.joining import joined_namespaces


class _Others:
    """An index of one container, whose process number belongs to somebody else by now."""

    def __init__(self, pid: int) -> None:
        self.container = Container(id="f" * 64, name="other", spec=ContainerSpec(), state=State.RUNNING, pid=pid)

    def find(self, _reference: str) -> "_Others":
        return self


@pytest.fixture
def stranger():
    with subprocess.Popen(["sleep", "100"]) as process:
        yield process.pid
        process.kill()


def test_the_root_of_a_process_that_is_another_containers_is_not_opened(stranger):
    with pytest.raises(ProcessLookupError):
        open_of_process(stranger, "f" * 64, "root", os.O_PATH)


def test_the_root_of_a_process_that_is_gone_is_not_opened():
    with subprocess.Popen(["true"]) as process:
        pass
    with pytest.raises(ProcessLookupError):
        open_of_process(process.pid, "", "root", os.O_PATH)


def test_the_namespace_of_a_process_that_is_another_containers_is_not_joined(stranger):
    container = Container(id="a" * 64, name="one", spec=ContainerSpec(pid_mode="container:other"))
    with pytest.raises(Exception, match="does not run"), joined_namespaces(container, _Others(stranger)):
        pass


def test_the_namespaces_of_another_container_are_joined(node):
    other = node.run("sleep", "4321")
    assert "sleep 4321" in node.output("ps", "-o", "args", pid_mode=f"container:{other}")
    joined = node.output("ls", "-l", "/proc/self/ns/ipc", ipc_mode=f"container:{other}")
    assert joined.strip().endswith(str(Path(f"/proc/{node.get(other).pid}/ns/ipc").readlink()))
    node.remove(other)


def test_a_container_cannot_overwrite_the_oci_runtime_that_enters_it(node, execute):
    binary = Path(shutil.which("crun") or "/usr/bin/crun")
    before = binary.read_bytes()
    script = (
        "touch /ready; while true; do for process in /proc/[0-9]*; do echo x > $process/exe; done; done 2>/dev/null"
    )
    container = node.run("sh", "-c", script)
    for _ in range(5):
        assert execute(container, "/proc/self/exe", "true").finish() != -1
    node.remove(container)
    assert binary.read_bytes() == before
