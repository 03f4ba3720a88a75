"""Finds out who sends a request: by password (htpasswd), by a token of ours, or by a long-lived access token."""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from strata_chassis.errors import Unauthenticated
from strata_registry.adapters.password_checks import PasswordChecks
from strata_registry.core import access_token
from strata_registry.core.authorization import Password, Token, parse_authorization

_REMEMBERED = 256
_REMEMBERED_S = 300.0
TOKEN_LIFE_S = 300


@dataclass(frozen=True, slots=True)
class UserFiles:
    """Where users stand: htpasswd with bcrypt hashes, and ``NAME:SHA256-OF-TOKEN`` lines for access tokens."""

    htpasswd: Path | None = None
    tokens: Path | None = None


class Gatekeeper:
    """Knows users; files are read again when they change."""

    def __init__(self, files: UserFiles, passwords: PasswordChecks) -> None:
        self._files = files
        self._passwords = passwords
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, float] = OrderedDict()

    @property
    def has_users(self) -> bool:
        """Tell whether anybody could be known."""
        return self._files.htpasswd is not None or self._files.tokens is not None

    async def identify(self, header: str | None) -> str | None:
        """Return the name of who sent an Authorization header; None without one. Raises Unauthenticated."""
        if header is None:
            return None
        given = parse_authorization(header)
        if isinstance(given, Password):
            user = await self._by_password(given)
        elif isinstance(given, Token):
            user = access_token.verify(given.value, now_s=time.time(), key=self._key)
            user = self._by_access_token(given.value) if user is None else user
        else:
            user = None
        if user is None:
            raise Unauthenticated("the credentials are not right", reason="CREDENTIALS_WRONG")
        return user or None

    def token(self, user: str | None) -> str:
        """Sign a token for a user, or for the anonymous one."""
        return access_token.sign(user or "", dies_at_s=time.time() + TOKEN_LIFE_S, key=self._key)

    async def _by_password(self, given: Password) -> str | None:
        """Check a password; access tokens may stand in for it, because docker login knows nothing else.

        bcrypt is slow on purpose, and clients send their password with every layer: what was right is remembered for
        some minutes, as a keyed hash.
        """
        if self._by_access_token(given.password) is not None:
            return self._by_access_token(given.password)
        mark = hmac.digest(self._key, f"{given.username}:{given.password}".encode(), hashlib.sha256)
        if self._right.get(mark, 0.0) > time.monotonic():
            return given.username
        if self._files.htpasswd is None or not await self._passwords.is_right(self._files.htpasswd, given):
            return None
        self._right[mark] = time.monotonic() + _REMEMBERED_S
        while len(self._right) > _REMEMBERED:
            self._right.popitem(last=False)
        return given.username

    def _by_access_token(self, value: str) -> str | None:
        if self._files.tokens is None:
            return None
        digest = hashlib.sha256(value.encode()).hexdigest()
        pairs = (line.strip().partition(":") for line in self._files.tokens.read_text().splitlines())
        return next((name for name, _, known in pairs if hmac.compare_digest(known.strip(), digest)), None)
