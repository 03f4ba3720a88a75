"""Volumes on disk: ``<state_dir>/volumes/<name>/_data`` and a record each."""

import json
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from strata_chassis.errors import NotFound
from strata_runtime.adapters.removal import remove_tree
from strata_runtime.core import codec
from strata_runtime.core.volume import Volume, check_volume_name

_log = logging.getLogger(__name__)


class Volumes:
    """The volumes of this host. Directories are made and removed here, in the caller's thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._volumes: dict[str, Volume] = {}

    def load(self, volumes: Iterable[Volume]) -> None:
        """Remember what was written down."""
        self._volumes = {volume.name: volume for volume in volumes}

    def all(self) -> list[Volume]:
        """All volumes by name."""
        return [self._volumes[name] for name in sorted(self._volumes)]

    def get(self, name: str) -> Volume:
        """One volume. Raises NotFound."""
        volume = self._volumes.get(name)
        if volume is None:
            raise NotFound(f"no such volume: {name}", reason="VOLUME_UNKNOWN", metadata={"volume": name})
        return volume

    def find(self, name: str) -> Volume | None:
        """One volume, if it is there."""
        return self._volumes.get(name)

    def create(
        self, name: str, *, labels: Mapping[str, str], options: Mapping[str, str] | None = None, anonymous: bool = False
    ) -> Volume:
        """Make a volume's directory and remember it; the caller writes the record down."""
        directory = self._root / check_volume_name(name) / "_data"
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o755)
        volume = Volume(
            name=name,
            mountpoint=str(directory),
            labels=dict(labels),
            options=dict(options or {}),
            create_time=datetime.now(UTC),
            anonymous=anonymous,
        )
        self._volumes[name] = volume
        return volume

    def delete(self, name: str) -> None:
        """Remove a volume and what is in it; the caller forgets the record."""
        volume = self._volumes.pop(name, None)
        if volume is not None:
            try:
                remove_tree(str(Path(volume.mountpoint).parent))
            except OSError as error:
                _log.warning("what is in volume %s cannot be removed: %s", name, error)


def save_volume(connection: sqlite3.Connection, volume: Volume) -> None:
    """Write a volume's record."""
    record = json.dumps(codec.to_json(volume))
    connection.execute("INSERT OR REPLACE INTO volumes VALUES (?, ?)", (volume.name, record))


def forget_volume(connection: sqlite3.Connection, name: str) -> None:
    """Delete a volume's record."""
    connection.execute("DELETE FROM volumes WHERE name = ?", (name,))


def load_volumes(connection: sqlite3.Connection) -> list[Volume]:
    """All volumes' records."""
    rows = connection.execute("SELECT record FROM volumes")
    return [codec.from_json(Volume, json.loads(row["record"])) for row in rows]
