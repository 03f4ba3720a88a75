"""Leave the host as it was: no containers, networks, namespaces, mounts, sockets. Images and volumes stay."""

import ctypes
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from strata_gateway.suite.failure import SuiteFailure
from strata_gateway.suite.services import Layout, service_named

_CALL_WITHIN_S = 60.0
_PAGE = 1000
_MNT_DETACH = 2
_TEARDOWN = "/strata.runtime.v1.RuntimeService/Teardown"


def remove_containers(layout: Layout, tell: Callable[[str], None]) -> None:
    """Remove all containers, then have the runtime take down its networks and mounts; the runtime must be up."""
    import grpc

    with grpc.insecure_channel(f"unix:{layout.socket(service_named('runtime'))}") as channel:
        try:
            removed, failures = _delete_all(channel)
            tell(f"containers: {removed} removed")
            teardown: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_TEARDOWN)
            teardown(b"", timeout=_CALL_WITHIN_S)
        except grpc.RpcError as error:
            raise SuiteFailure(f"the runtime could not clean up: {error.details()}") from error
    if failures:
        raise SuiteFailure("\n".join(failures))


def _delete_all(channel: Any) -> tuple[int, list[str]]:
    """How many containers were deleted, and why others were not."""
    import grpc
    from strata.runtime.v1.runtime_pb2_grpc import RuntimeServiceStub

    from strata.runtime.v1 import runtime_pb2 as pb

    runtime = RuntimeServiceStub(channel)
    asked = pb.ListContainersRequest(all=True, page_size=_PAGE)
    removed, failures = 0, []
    while True:
        page = runtime.ListContainers(asked, timeout=_CALL_WITHIN_S)
        for container in page.containers:
            request = pb.DeleteContainerRequest(container=container.id, force=True, remove_volumes=True)
            try:
                runtime.DeleteContainer(request, timeout=_CALL_WITHIN_S)
                removed += 1
            except grpc.RpcError as error:
                failures.append(f"container {container.name} is still there: {error.details()}")
        asked.page_token = page.next_page_token
        if not asked.page_token:
            return removed, failures


def remove_run_folder(layout: Layout) -> None:
    """Unmount what is left below the run folder, newest first, and remove it; the suite must be down."""
    for point in reversed(mount_points_below(layout.run_dir, Path("/proc/self/mountinfo").read_text("utf-8"))):
        _unmount(point)
    shutil.rmtree(layout.run_dir)


def mount_points_below(folder: Path, mountinfo: str) -> list[str]:
    """Mount points at or below ``folder`` in the order they were mounted. Source: proc(5), mountinfo."""
    points = [_unescaped(line.split()[4]) for line in mountinfo.splitlines()]
    return [point for point in points if Path(point).is_relative_to(folder)]


def _unescaped(text: str) -> str:
    return text.encode().decode("unicode_escape") if "\\" in text else text


def _unmount(point: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(point), _MNT_DETACH):
        raise SuiteFailure(f"cannot unmount {point}: {os.strerror(ctypes.get_errno())}")
