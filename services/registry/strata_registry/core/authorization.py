"""Authorization headers: a name with a password, or a token."""

import base64
import binascii
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Password:
    """Basic authentication."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """Bearer authentication."""

    value: str = field(repr=False)


def parse_authorization(header: str) -> Password | Token | None:
    """Read an Authorization header; None for other schemes and nonsense. Source: RFC 7617, RFC 6750."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return Token(value.strip())
    if scheme.lower() != "basic":
        return None
    try:
        username, colon, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return Password(username, password) if colon else None


def parse_htpasswd(text: str) -> dict[str, str]:
    """Read an htpasswd file into hashes by user name; only bcrypt counts, as in docker's registry."""
    pairs = (line.strip().partition(":") for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {name: digest for name, _, digest in pairs if name and digest.startswith(("$2a$", "$2b$", "$2y$"))}
