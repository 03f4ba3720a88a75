"""Patterns of paths: Go's filepath.Match with ``**`` for any number of folders, matched without backtracking.

Patterns come from whoever sends a build. A regular expression with many stars takes time that grows with their number
as exponent; a set of places in the pattern, moved on letter by letter, takes pattern times path, whatever they are.
Source: moby/patternmatcher.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

Matcher = Callable[[str], bool]
_FEW_STARS = 2  # an expression with so few is fast on every path, and faster than places on usual ones


class _Kind(Enum):
    """What a piece matches: one character, any of a name, anything, or nothing or folders up to a slash."""

    ONE = auto()
    NAME = auto()
    ANYTHING = auto()
    FOLDERS = auto()


@dataclass(frozen=True)
class _Piece:
    kind: _Kind
    expression: str


_WILDCARDS = (
    ("**/", _Piece(_Kind.FOLDERS, "(?:.*/)?")),
    ("**", _Piece(_Kind.ANYTHING, ".*")),
    ("*", _Piece(_Kind.NAME, "[^/]*")),
    ("?", _Piece(_Kind.ONE, "[^/]")),
)


def glob(pattern: str) -> Matcher:
    """Whether a whole path matches."""
    pieces = tuple(_pieces(pattern))
    if sum(piece.kind is not _Kind.ONE for piece in pieces) > _FEW_STARS:
        return _Places(pieces).match
    expression = re.compile("".join(piece.expression for piece in pieces), re.DOTALL)
    return lambda path: expression.fullmatch(path) is not None


class _Places:
    """A pattern as the places one can be at: in front of each piece, within its folders (``~`` of it), at the end."""

    def __init__(self, pieces: Sequence[_Piece]) -> None:
        self._pieces = pieces
        self._ones = [re.compile(piece.expression, re.DOTALL) for piece in pieces]

    def match(self, path: str) -> bool:
        """Whether a path leads from the first place to the end."""
        places = self._reached([0])
        for character in path:
            places = self._reached(after for place in places for after in self._after(place, character))
            if not places:
                return False
        return len(self._pieces) in places

    def _reached(self, places: Iterator[int] | Sequence[int]) -> set[int]:
        """The places, and those behind pieces that match nothing."""
        reached: set[int] = set()
        for place in places:
            at = place
            reached.add(at)
            while 0 <= at < len(self._pieces) and self._pieces[at].kind is not _Kind.ONE:
                at += 1
                reached.add(at)
        return reached

    def _after(self, place: int, character: str) -> Iterator[int]:
        """Places after one more character; out of folders only a slash leads on."""
        if place == len(self._pieces):
            return
        piece = ~place if place < 0 else place
        kind = self._pieces[piece].kind
        if kind is _Kind.FOLDERS:
            yield ~piece
            if character == "/":
                yield piece + 1
        elif kind is _Kind.ANYTHING or (kind is _Kind.NAME and character != "/"):
            yield piece
        elif kind is _Kind.ONE and self._ones[piece].fullmatch(character):
            yield piece + 1


def _pieces(pattern: str) -> Iterator[_Piece]:
    position = 0
    while position < len(pattern):
        piece, position = _piece(pattern, position)
        yield piece


def _piece(pattern: str, position: int) -> tuple[_Piece, int]:
    """The piece that stands at ``position``, and where the next one begins."""
    for wildcard, piece in _WILDCARDS:
        if pattern.startswith(wildcard, position):
            return piece, position + len(wildcard)
    character = pattern[position]
    if character == "\\" and position + 1 < len(pattern):
        return _Piece(_Kind.ONE, re.escape(pattern[position + 1])), position + 2
    end = pattern.find("]", position + 2) if character == "[" else -1
    if end > 0 and (expression := _character_class(pattern[position + 1 : end])):
        return _Piece(_Kind.ONE, expression), end + 1
    return _Piece(_Kind.ONE, re.escape(character)), position + 1


def _character_class(inner: str) -> str:
    """Expression of a class; "" for what is none, whose bracket stands for itself then."""
    negated = inner[:1] in {"^", "!"}
    body = inner[1:] if negated else inner
    safe = body.replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
    expression = f"[{'^' if negated else ''}{safe}]"
    try:
        re.compile(expression)
    except re.error:
        return ""
    return expression
