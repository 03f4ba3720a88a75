"""Checks of passwords: slow on purpose, so they have a thread of their own and a short queue."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bcrypt

from strata_chassis.errors import ResourceExhausted
from strata_registry.core.authorization import Password, parse_htpasswd

_MOST_WAITING = 32
_LONGEST_PASSWORD_BYTES = 72  # bcrypt reads no more


class PasswordChecks:
    """Compares passwords with an htpasswd file, one after another; who guesses in a crowd holds up nobody's blobs."""

    def __init__(self, most_waiting: int = _MOST_WAITING) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        self._most_waiting = most_waiting
        self._waiting = 0

    async def is_right(self, htpasswd: Path, given: Password) -> bool:
        """Tell whether a password is its user's. Raises ResourceExhausted when too many wait to be checked."""
        if self._waiting >= self._most_waiting:
            raise ResourceExhausted("too many logins are under way; try again later", reason="TOO_MANY_LOGINS")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, is_right, htpasswd, given)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the thread; what waits is not checked any more."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def is_right(htpasswd: Path, given: Password) -> bool:
    """Compare a password with its user's hash; for unknown users with another's: the time tells no names."""
    hashes = parse_htpasswd(htpasswd.read_text())
    password = given.password.encode()
    expected = hashes.get(given.username) or next(iter(hashes.values()), None)
    if expected is None or len(password) > _LONGEST_PASSWORD_BYTES:
        return False
    return bcrypt.checkpw(password, expected.encode()) and given.username in hashes
