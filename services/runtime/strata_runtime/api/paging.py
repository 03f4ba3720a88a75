"""Pages of lists (AIP-158): a token is the position after the last item, as opaque text."""

from collections.abc import Sequence
from typing import TypeVar

from strata_chassis.errors import InvalidArgument

T = TypeVar("T")
_USUAL, _MOST = 100, 1000


def page_of(items: Sequence[T], size: int, token: str) -> tuple[Sequence[T], str]:
    """One page and the token of the next one, "" at the end. Raises InvalidArgument."""
    start = _start(token)
    end = start + min(size or _USUAL, _MOST)
    if size < 0:
        raise InvalidArgument("a page cannot have a negative size", reason="PAGE_SIZE_INVALID")
    return items[start:end], f"{end:x}" if end < len(items) else ""


def _start(token: str) -> int:
    try:
        return int(token, 16) if token else 0
    except ValueError as error:
        raise InvalidArgument("the page token is not one of ours", reason="PAGE_TOKEN_INVALID") from error
