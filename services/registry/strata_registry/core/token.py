"""Answers of token servers, and how long they may be used.

Source: distribution's "Token Authentication Specification" and "Oauth2 Token Authentication".
"""

import json
from dataclasses import dataclass, field

from strata_chassis.errors import Unavailable

_SHORTEST_LIFE_S = 60.0
_SAFETY_S = 10.0


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A token and the moment (of the caller's clock) from which it is no longer used.

    ``refresh_token`` can stand for a password from now on; empty where the server gave none.
    """

    value: str = field(repr=False)
    stale_at_s: float
    refresh_token: str = field(default="", repr=False)

    def is_fresh(self, now_s: float) -> bool:
        """Tell whether the token can still be sent."""
        return now_s < self.stale_at_s


def parse_token(document: bytes, *, now_s: float) -> BearerToken:
    """Read a token server's answer; ``issued_at`` is not used, because clocks of hosts differ.

    A life of less than a minute counts as one minute, as the specification has it; ten seconds are left as a margin.
    Raises Unavailable for an answer without a token.
    """
    try:
        answer = json.loads(document)
        value = answer.get("token") or answer.get("access_token")
        life_s = float(answer.get("expires_in") or _SHORTEST_LIFE_S)
        refresh_token = str(answer.get("refresh_token") or "")
    except (ValueError, AttributeError, TypeError):
        value, life_s, refresh_token = None, 0.0, ""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise Unavailable("the token server's answer holds no token", reason="TOKEN_UNREADABLE")
    return BearerToken(value, now_s + max(life_s, _SHORTEST_LIFE_S) - _SAFETY_S, refresh_token)
