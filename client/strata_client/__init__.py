"""Strata's client: a library for Python, blocking and asynchronous, and the ``strata`` command.

    from strata_client import Client

    with Client() as strata:
        strata.images.pull("debian:12")
        done = strata.containers.run("debian:12", ["cat", "/etc/os-release"])
        print(done.stdout.decode())

``AsyncClient`` has the same methods to be awaited. What they return are the messages of the contract (docs/api.md).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strata_client.aio.client import AsyncClient
    from strata_client.requests import Completed, exec_spec, spec
    from strata_client.sync.client import Client

__all__ = ["AsyncClient", "Client", "Completed", "exec_spec", "spec"]

_HOMES = {
    "AsyncClient": "strata_client.aio.client",
    "Client": "strata_client.sync.client",
    "Completed": "strata_client.requests",
    "exec_spec": "strata_client.requests",
    "spec": "strata_client.requests",
}


def __getattr__(name: str) -> Any:
    """Import on first use: the command lives in this package too, and starts without the library."""
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
