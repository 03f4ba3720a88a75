"""Page sizes and tokens, after AIP-158. Tokens are opaque to clients."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from strata_chassis.errors import InvalidArgument

_DEFAULT_SIZE = 100
_MAX_SIZE = 1000


def page_size(asked: int) -> int:
    """Return how many to list: the default for 0, never more than a thousand."""
    if asked < 0:
        raise InvalidArgument("a page cannot have a negative size", reason="PAGE_SIZE_INVALID")
    return min(asked, _MAX_SIZE) or _DEFAULT_SIZE


def make_token(position: str) -> str:
    """Wrap a position in a list."""
    return urlsafe_b64encode(position.encode()).decode().rstrip("=")


def read_token(token: str) -> str:
    """Unwrap a position; empty for the first page. Raises InvalidArgument (PAGE_TOKEN_INVALID)."""
    try:
        return urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except (binascii.Error, UnicodeError) as error:
        raise token_invalid() from error


def token_invalid() -> InvalidArgument:
    """Make the error for a token that is none of ours."""
    return InvalidArgument("the page token is not one that a list gave", reason="PAGE_TOKEN_INVALID")
