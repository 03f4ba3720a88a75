"""Namespaces of one container that another one joins."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from strata_runtime.adapters.processes import open_of_process
from strata_runtime.core.container.record import Container
from strata_runtime.engine import networking
from strata_runtime.engine.containers import Containers
from strata_runtime.engine.stopping import not_running

_PREFIX = "container:"


@contextmanager
def joined_namespaces(container: Container, containers: Containers) -> Iterator[dict[str, str]]:
    """OCI type to a path that the OCI runtime can open within the block. Raises NotFound, FailedPrecondition.

    The path is that of a descriptor of ours: the number of the other's process might be another's by the time it is
    looked at, but what is open here stays what it is.
    """
    modes = {"pid": container.spec.pid_mode, "ipc": container.spec.ipc_mode}
    with ExitStack() as held:
        paths = {}
        for kind, mode in modes.items():
            if mode.startswith(_PREFIX):
                descriptor = _open(networking.live_container(containers, mode.removeprefix(_PREFIX)), kind)
                held.callback(os.close, descriptor)
                paths[kind] = f"/proc/{os.getpid()}/fd/{descriptor}"
        yield paths


def _open(other: Container, kind: str) -> int:
    try:
        return open_of_process(other.pid, other.id, f"ns/{kind}", os.O_RDONLY)
    except ProcessLookupError as error:
        raise not_running(other) from error
