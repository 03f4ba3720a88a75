"""Definitions of networks on disk: they outlive the machine's boots."""

from collections.abc import Iterator
from pathlib import Path

from strata_chassis.durable import write_atomic
from strata_chassis.errors import DataLoss
from strata_runtime.core.network.definition import NetworkDefinition
from strata_runtime.core.network.records import network_from_json, network_to_json


class NetworkFiles:
    """A directory with one file per network, named by its id."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def save(self, network: NetworkDefinition) -> None:
        """Write a definition, durably."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(self._path(network.network_id), network_to_json(network))

    def remove(self, network_id: str) -> None:
        """Remove a definition."""
        self._path(network_id).unlink(missing_ok=True)

    def load(self) -> Iterator[NetworkDefinition]:
        """Yield all definitions. Raises DataLoss for a file that is none."""
        for path in sorted(self._root.glob("*.json")):
            try:
                yield network_from_json(path.read_bytes())
            except (ValueError, KeyError, TypeError) as error:
                message = f"{path} is not a network's definition: {error}"
                raise DataLoss(message, reason="NETWORK_RECORD_BROKEN", metadata={"path": str(path)}) from error

    def _path(self, network_id: str) -> Path:
        return self._root / f"{network_id}.json"
