"""Copies that take as long as their clients like keep nobody else waiting."""

import io
import queue
import tarfile
from contextlib import ExitStack, suppress

import grpc
import pytest

from strata.runtime.v1 import runtime_pb2 as pb
from tests.unit.runtime.conftest import wait_for

MOST = 32


class Copy:
    """A copy into a container whose body comes when it is told to."""

    def __init__(self, node, container: str) -> None:
        self._requests: queue.Queue = queue.Queue()
        header = pb.CopyInRequest.Header(container=container, path="/tmp")
        self._requests.put(pb.CopyInRequest(header=header))
        self.result = node.stub.CopyIn.future(iter(self._requests.get, None), timeout=60)

    def send(self, data: bytes) -> None:
        for start in range(0, len(data), 1 << 20):
            self._requests.put(pb.CopyInRequest(data=data[start : start + (1 << 20)]))

    def finish(self) -> None:
        self._requests.put(None)

    def abandon(self) -> None:
        self.result.cancel()
        self.finish()


@pytest.fixture
def container(node):
    container = node.run("sleep", "1000")
    yield container
    node.remove(container)


def tar_of(name: str, size_bytes: int) -> bytes:
    buffer = io.BytesIO()
    info = tarfile.TarInfo(name)
    info.size = size_bytes
    with tarfile.open(fileobj=buffer, mode="w") as writer:
        writer.addfile(info, io.BytesIO(bytes(size_bytes)))
    return buffer.getvalue()


def size_of(node, container: str, name: str) -> int:
    request = pb.StatPathRequest(container=container, path=f"/tmp/{name}")
    return node.stub.StatPath(request, timeout=10).stat.size_bytes


def test_many_large_copies_at_a_time_all_end(node, container):
    copies = {f"file-{number}": Copy(node, container) for number in range(8)}
    for name, copy in copies.items():
        copy.send(tar_of(name, 3 << 20))
        copy.finish()
    for copy in copies.values():
        copy.result.result(timeout=30)
    assert {size_of(node, container, name) for name in copies} == {3 << 20}


def test_clients_that_send_no_body_keep_nobody_waiting(node, container):
    with ExitStack() as stack:
        for _ in range(8):
            stack.callback(Copy(node, container).abandon)
        other = Copy(node, container)
        other.send(tar_of("meanwhile", 100))
        other.finish()
        other.result.result(timeout=10)
        assert size_of(node, container, "meanwhile") == 100
        assert node.output("echo", "runs") == "runs\n"


def test_a_copy_too_many_is_refused_and_an_ended_one_makes_room(node, container):
    with ExitStack() as stack:
        copies = [Copy(node, container) for _ in range(MOST + 1)]
        for copy in copies:
            stack.callback(copy.abandon)
        assert first_to_end(copies).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    wait_for(lambda: is_copied(node, container))


def is_copied(node, container: str) -> bool:
    copy = Copy(node, container)
    copy.send(tar_of("later", 1))
    copy.finish()
    with suppress(grpc.RpcError):
        copy.result.result(timeout=10)
        return size_of(node, container, "later") == 1
    return False


def first_to_end(copies: list[Copy]) -> grpc.Future:
    ended: queue.Queue = queue.Queue()
    for copy in copies:
        copy.result.add_done_callback(ended.put)
    return ended.get(timeout=20)
