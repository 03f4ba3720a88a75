"""Tokens that the service signs for itself, so that docker can pull without a name and push with one.

docker asks ``/v2/`` once and answers only the challenge it gets there; a bearer token, which the anonymous may have as
well, is the one challenge that fits both. A token holds user and time of death; ``key`` never leaves the host.
"""

import base64
import binascii
import hashlib
import hmac
import json

_MAC_BYTES = 32


def sign(user: str, *, dies_at_s: float, key: bytes) -> str:
    """Make a token; an empty ``user`` is the anonymous one."""
    claims = json.dumps({"user": user, "exp": int(dies_at_s)}).encode()
    return base64.urlsafe_b64encode(_mac(claims, key) + claims).decode().rstrip("=")


def verify(token: str, *, now_s: float, key: bytes) -> str | None:
    """Return the user of a token that is ours and alive; None for any other."""
    try:
        signed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (ValueError, binascii.Error):
        return None
    mac, claims = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(claims, key)):
        return None
    document = json.loads(claims)
    return str(document["user"]) if now_s < document["exp"] else None


def _mac(claims: bytes, key: bytes) -> bytes:
    return hmac.digest(key, claims, hashlib.sha256)
