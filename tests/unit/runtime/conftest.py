"""A node of its own for the runtime's tests: launcher and runtime as processes, a store that knows one image."""

import json
import os
import queue
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import grpc
import pytest

from strata.runtime.v1 import container_pb2, runtime_pb2_grpc
from strata.runtime.v1 import runtime_pb2 as pb
from strata.store.v1 import store_pb2, store_pb2_grpc

IMAGE = "busybox"
_APPLETS = (
    "sh true false cat echo sleep id ls env pwd mkdir rm touch head tail wc stty kill ps yes dd test tr ip ln mv chmod "
    "seq tty grep nc wget"
)
_PASSWD = "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n"
_GROUP = "root:x:0:\nuser:x:1000:\nextra:x:2000:user\n"


class FakeStore(store_pb2_grpc.StoreServiceServicer):
    """Knows one image of one layer."""

    def __init__(self, layer: Path, config: dict) -> None:
        self._layer = layer
        self._config = json.dumps(config).encode()
        self.leases: set[str] = set()

    def GetImageMount(self, request, context):
        if request.image not in (IMAGE, "sha256:" + "1" * 64):
            context.abort(grpc.StatusCode.NOT_FOUND, f"no such image: {request.image}")
        self.leases.add(request.lease)
        layer = store_pb2.ErofsMount(key="sha256:" + "2" * 64, index_path=str(self._layer))
        image = store_pb2.Image(id="sha256:" + "3" * 64)
        return store_pb2.GetImageMountResponse(image=image, config=self._config, layers=[layer])

    def DeleteLease(self, request, context):
        self.leases.discard(request.name)
        return store_pb2.DeleteLeaseResponse()

    def ListLeases(self, request, context):
        return store_pb2.ListLeasesResponse(leases=[store_pb2.Lease(name=name) for name in sorted(self.leases)])


def image_config(**execution) -> dict:
    return {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "2" * 64]},
        "config": {"Env": ["FROM_IMAGE=1"], "Cmd": ["sh"], "WorkingDir": "/work/dir", **execution},
    }


def build_layer(directory: Path) -> Path:
    tree = directory / "tree" / "fs"
    for name in ("bin", "etc", "proc", "sys", "dev", "tmp", "root", "data"):
        (tree / name).mkdir(parents=True)
    shutil.copy("/usr/bin/busybox", tree / "bin" / "busybox")
    for applet in _APPLETS.split():
        (tree / "bin" / applet).symlink_to("busybox")
    (tree / "etc" / "passwd").write_text(_PASSWD)
    (tree / "etc" / "group").write_text(_GROUP)
    (tree / "etc" / "resolv.conf").write_text("nameserver 192.0.2.1\n")
    (tree / "bin" / "not-executable").write_text("no program\n")
    (tree / "data" / "file").write_text("from the image\n")
    (tree / "tmp").chmod(0o1777)
    layer = directory / "layer.erofs"
    subprocess.run(["mkfs.erofs", str(layer), str(tree.parent)], check=True, capture_output=True)
    return layer


class Node:
    """One private suite of launcher and runtime."""

    def __init__(self, run_dir: Path, state_dir: Path, store: FakeStore) -> None:
        self.run_dir = run_dir
        self.state_dir = state_dir
        self.store = store
        self._server = grpc.server(ThreadPoolExecutor(2))
        store_pb2_grpc.add_StoreServiceServicer_to_server(store, self._server)
        self._server.add_insecure_port(f"unix:{run_dir}/store.sock")
        self._server.start()
        self.log = (state_dir / "service.log").open("ab")
        self.runtime: subprocess.Popen | None = None

    def open(self) -> None:
        self.launcher = self._spawn("strata_runtime.launcher")
        wait_for((self.run_dir / "launcher.sock").exists)
        self.start_runtime()

    def _spawn(self, module: str) -> subprocess.Popen:
        command = [sys.executable, "-m", module, "--run-dir", str(self.run_dir), "--state-dir", str(self.state_dir)]
        return subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def start_launcher(self) -> None:
        self.launcher = self._spawn("strata_runtime.launcher")

    def start_runtime(self) -> None:
        self.runtime = self._spawn("strata_runtime")
        self.channel = grpc.insecure_channel(f"unix:{self.run_dir}/runtime.sock")
        try:
            grpc.channel_ready_future(self.channel).result(timeout=20)
        except grpc.FutureTimeoutError:
            print((self.state_dir / "service.log").read_text())
            raise
        self.stub = runtime_pb2_grpc.RuntimeServiceStub(self.channel)

    def kill_runtime(self) -> None:
        self.runtime.kill()
        self.runtime.wait()
        self.channel.close()

    def create(self, *command: str, **fields) -> str:
        fields.setdefault("network_mode", "none")
        spec = container_pb2.ContainerSpec(image=IMAGE, command=command, **fields)
        return self.stub.CreateContainer(pb.CreateContainerRequest(spec=spec)).container.id

    def start(self, container: str) -> None:
        self.stub.StartContainer(pb.StartContainerRequest(container=container))

    def run(self, *command: str, **fields) -> str:
        container = self.create(*command, **fields)
        self.start(container)
        return container

    def wait(self, container: str, condition: int = pb.WAIT_CONDITION_NOT_RUNNING) -> pb.WaitContainerResponse:
        request = pb.WaitContainerRequest(container=container, condition=condition)
        return self.stub.WaitContainer(request, timeout=30)

    def get(self, container: str) -> container_pb2.Container:
        return self.stub.GetContainer(pb.GetContainerRequest(container=container)).container

    def logs(self, container: str, **fields) -> list[pb.GetLogsResponse.Entry]:
        stream = self.stub.GetLogs(pb.GetLogsRequest(container=container, **fields), timeout=30)
        return [entry for message in stream for entry in message.entries]

    def text(self, container: str, **fields) -> str:
        return b"".join(entry.data for entry in self.logs(container, **fields)).decode()

    def output(self, *command: str, **fields) -> str:
        container = self.run(*command, **fields)
        self.wait(container)
        return self.text(container)

    def remove(self, container: str) -> None:
        request = pb.DeleteContainerRequest(container=container, force=True, remove_volumes=True)
        self.stub.DeleteContainer(request, timeout=20)

    def remove_all(self) -> None:
        request = pb.ListContainersRequest(all=True, page_size=1000)
        for container in self.stub.ListContainers(request).containers:
            with suppress(grpc.RpcError):
                self.remove(container.id)

    def close(self) -> None:
        if self.runtime is not None:
            with suppress(grpc.RpcError):
                self.remove_all()
                self.stub.Teardown(pb.TeardownRequest(), timeout=20)
            self.channel.close()
            self.runtime.terminate()
            self.runtime.wait(timeout=20)
        self.launcher.terminate()
        self.launcher.wait(timeout=20)
        self._server.stop(None)
        self.log.close()
        for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
            point = line.split(" ")[4]
            if point == str(self.run_dir) or point.startswith(f"{self.run_dir}/"):
                subprocess.run(["umount", "-l", point], check=False)


class Conversation:
    """Sends input when told to, and collects what comes back."""

    def __init__(self, call, request_type, header) -> None:
        self._requests: queue.Queue = queue.Queue()
        self._type = request_type
        self._requests.put(request_type(header=header))
        self.stream = call(iter(self._requests.get, None), timeout=60)
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.exit: pb.ExitStatus | None = None
        self.started = next(self.stream).output.started

    def send(self, **fields) -> None:
        self._requests.put(self._type(input=pb.StreamInput(**fields)))

    def outputs(self) -> Iterator[pb.StreamOutput]:
        for message in self.stream:
            output = message.output
            self.stdout += output.stdout
            self.stderr += output.stderr
            if output.HasField("exit"):
                self.exit = output.exit
            yield output

    def read_until(self, text: bytes) -> None:
        if text in self.stdout:
            return
        for _ in self.outputs():
            if text in self.stdout:
                return
        raise AssertionError(f"{text!r} did not come: {self.stdout!r} {self.stderr!r}")

    def finish(self) -> int:
        for _ in self.outputs():
            pass
        self._requests.put(None)
        assert self.exit is not None
        return self.exit.exit_code

    def abandon(self) -> None:
        self.stream.cancel()
        self._requests.put(None)


def wait_for(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Wait until something is so that nobody announces."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_layer(tmp_path_factory.mktemp("layer"))


@pytest.fixture(scope="session")
def node(layer: Path) -> Iterator[Node]:
    """A node for all tests that leave it alone."""
    yield from make_node(layer)


@pytest.fixture
def own_node(layer: Path) -> Iterator[Node]:
    """A node for one test that kills parts of it."""
    yield from make_node(layer)


def make_node(layer: Path) -> Iterator[Node]:
    if os.geteuid() != 0:
        pytest.skip("containers need root")
    name = f"strata-runtime-test-{os.getpid()}-{time.monotonic_ns()}"
    run_dir, state_dir = Path("/dev/shm", name), Path("/tmp", name)
    run_dir.mkdir()
    state_dir.mkdir()
    node = Node(run_dir, state_dir, FakeStore(layer, image_config()))
    try:
        node.open()
        yield node
    finally:
        node.close()
        if log_copy := os.environ.get("STRATA_KEEP_LOG"):
            shutil.copy(state_dir / "service.log", log_copy)
        shutil.rmtree(state_dir)
        shutil.rmtree(run_dir, ignore_errors=True)


@pytest.fixture
def attach(node: Node):
    """Attach to a container of the node."""
    return lambda container, **header: Conversation(
        node.stub.Attach,
        pb.AttachRequest,
        pb.AttachHeader(**{"container": container, "stdin": True, "stdout": True, "stderr": True, **header}),
    )


@pytest.fixture
def execute(node: Node):
    """Run a further process in a container of the node."""
    return lambda container, *command, **spec: Conversation(
        node.stub.Exec,
        pb.ExecRequest,
        pb.ExecHeader(
            container=container,
            spec=pb.ExecSpec(**{"command": command, "stdin": True, "stdout": True, "stderr": True, **spec}),
        ),
    )
