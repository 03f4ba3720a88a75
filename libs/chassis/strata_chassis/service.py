"""The life of a service's process, the same for all: configure, bind, give up root, wire, serve, end.

What a service's ``main.py`` holds is its configuration class and its wiring::

    @asynccontextmanager
    async def wire(config: StoreConfig, server: Server, metrics: Metrics) -> AsyncIterator[None]:
        with Database(config.state_dir / "store" / "store.db", MIGRATIONS) as database:
            server.add(add_StoreServiceServicer_to_server, StoreServicer(Images(database)))
            yield  # until SIGTERM


    def main(argv: Sequence[str] | None = None) -> int:
        return run_service("store", StoreConfig, wire, argv)
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from strata_chassis import config as configuration
from strata_chassis import logs, memory, metrics_endpoint, privilege
from strata_chassis.config import ServiceConfig
from strata_chassis.errors import StrataError
from strata_chassis.errors_exit import exit_status_of_service
from strata_chassis.metrics import Metrics
from strata_chassis.server import Server, ServerConfig
from strata_chassis.tls import tls_files

C = TypeVar("C", bound=ServiceConfig)
Wire = Callable[[C, Server, Metrics], AbstractAsyncContextManager[None]]


def run_service(name: str, config_class: type[C], wire: Wire[C], argv: Sequence[str] | None = None) -> int:
    """Run the service until SIGTERM; returns the process's exit status.

    ``wire`` is entered as the final user, with ``state_dir/<name>`` there and its own; it adds its servicers and yields
    while they serve. What it opened it closes after the last call has ended.
    """
    memory.tune()
    try:
        config = configuration.load(config_class, name, argv=argv)
        logs.setup(name, level=config.log_level, style=config.log_format)
        asyncio.run(_serve(name, config, wire))
    except (StrataError, BaseExceptionGroup) as error:
        return _reported(name, error)
    return 0


async def _serve(name: str, config: C, wire: Wire[C]) -> None:
    metrics = Metrics(name)
    server = Server(_server_config(name, config), metrics)
    try:
        await _serve_on(server, name, config, wire, metrics)
    finally:
        await server.close()


async def _serve_on(server: Server, name: str, config: C, wire: Wire[C], metrics: Metrics) -> None:
    server.bind()
    listener = metrics_endpoint.bind(
        config.metrics_listen or f"unix://{config.run_dir}/{name}-metrics.sock", config.socket_group
    )
    privilege.prepare_dir(config.state_dir / name, config.user)
    privilege.drop_to(config.user)
    async with wire(config, server, metrics), metrics_endpoint.serving(listener, metrics):
        memory.settle()
        await server.run()


def _server_config(name: str, config: ServiceConfig) -> ServerConfig:
    return ServerConfig(
        listen=config.listen or (f"unix://{config.run_dir}/{name}.sock",),
        socket_group=config.socket_group,
        tls=tls_files(config.tls_cert, config.tls_key, config.tls_ca),
        grace_s=config.grace_s,
    )


def _reported(name: str, error: BaseException) -> int:
    """Say in a sentence each what stopped the service, and return the status of the first; else raise it again."""
    leaves = _leaves(error)
    known = [leaf for leaf in leaves if isinstance(leaf, StrataError)]
    if len(known) < len(leaves):
        raise error
    for leaf in known:
        sys.stderr.write(f"strata-{name}: {leaf.message}\n")
    return exit_status_of_service(known[0])


def _leaves(error: BaseException) -> list[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for part in error.exceptions for leaf in _leaves(part)]
