"""Credentials from docker's configuration files and the helper programs they name."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from strata_registry.adapters.upstream.credential_helper import ask_helper
from strata_registry.core.credentials import Credential, DockerConfig, Helper, parse_config, sources

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Version:
    """Tells whether a file changed."""

    mtime_ns: int
    inode: int
    size: int


class CredentialStore:
    """Looks credentials up in the given files, in order; a file is read again when it changed."""

    def __init__(
        self, files: Sequence[Path], executor: Executor, ask: Callable[[Helper], Credential | None] = ask_helper
    ) -> None:
        self._files = tuple(files)
        self._executor = executor
        self._ask = ask
        self._read: dict[Path, tuple[_Version, DockerConfig]] = {}

    async def find(self, host: str, repository: str) -> Credential | None:
        """Return the credentials for ``repository`` (its path within the registry), or None.

        A helper that fails is logged and passed over, as docker does: the registry may be open to all.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._find, host, repository)

    def _find(self, host: str, repository: str) -> Credential | None:
        for path in self._files:
            config = self._config(path)
            for source in sources(config, host, repository) if config else ():
                credential = source if isinstance(source, Credential) else self._ask(source)
                if credential is not None:
                    return credential
        return None

    def _config(self, path: Path) -> DockerConfig | None:
        try:
            status = path.stat()
            version = _Version(status.st_mtime_ns, status.st_ino, status.st_size)
            if path not in self._read or self._read[path][0] != version:
                self._read[path] = version, parse_config(path.read_bytes(), name=str(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning("credentials in %s are passed over: %s", path, error.strerror)
            return None
        return self._read[path][1]
