"""A connection to a gateway for programs that block."""

import os
from types import TracebackType
from typing import Self

from strata_client.gateway import Gateway
from strata_client.sync.containers import Containers
from strata_client.sync.images import Images
from strata_client.sync.system import System
from strata_client.wire.endpoint import DEFAULT_HOST, Credentials, parse_endpoint


class Client:
    """All calls of a gateway, by what they are about. It belongs to one thread; several may have one each.

    Failures are raised as errors of ``strata_chassis.errors`` (NotFound, Conflict, Unavailable, ...), which carry a
    sentence, a ``reason`` for programs and ``metadata``.
    """

    def __init__(self, host: str | None = None, tls: Credentials | None = None) -> None:
        """Connect to ``host``, else STRATA_HOST, else this host's own gateway; ``tls`` is for ``tcp://`` addresses."""
        endpoint = parse_endpoint(host or os.environ.get("STRATA_HOST") or DEFAULT_HOST)
        self._gateway = Gateway.connect(endpoint, tls)
        self.containers = Containers(self._gateway)
        """Run, list, stop, look into."""
        self.images = Images(self._gateway)
        """Pull, list, tag, remove."""
        self.system = System(self._gateway)
        """Versions, facts, disk use, events."""

    def close(self) -> None:
        """Close the connection."""
        self._gateway.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self.close()
