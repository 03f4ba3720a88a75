"""WWW-Authenticate headers: what a registry asks for before it answers.

Source: RFC 9110, section 11.6.1 (challenges) and 11.2 (auth-param, token68); distribution's "Token Authentication".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 (a grammar rule)
_LEXEME = re.compile(
    rf"""\s*(?:
        (?P<comma>,)
      | (?P<name>{_TOKEN})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>{_TOKEN})(?=\s*(?:,|$)))
      | (?P<scheme>{_TOKEN})(?=\s|,|$)
      | (?P<token68>[A-Za-z0-9\-._~+/]+=*)(?=\s*(?:,|$))
    )""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate: ``scheme`` is lower case, so are the names of ``parameters``."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Read all challenges of a header, in order; what does not follow the grammar ends the reading."""
    found: list[tuple[str, dict[str, str]]] = []
    for lexeme in _lexemes(header):
        if lexeme["scheme"]:
            found.append((lexeme["scheme"].lower(), {}))
        elif lexeme["name"] and found:
            value = lexeme["bare"] or _ESCAPED.sub(r"\1", lexeme["quoted"] or "")
            found[-1][1].setdefault(lexeme["name"].lower(), value)
    return tuple(Challenge(scheme, MappingProxyType(parameters)) for scheme, parameters in found)


def preferred(challenges: tuple[Challenge, ...]) -> Challenge | None:
    """Pick what we can answer best: a bearer token (scoped, short-lived) before a password on every request."""
    for scheme in ("bearer", "basic"):
        for challenge in challenges:
            if challenge.scheme == scheme and (scheme == "basic" or "realm" in challenge.parameters):
                return challenge
    return None


def _lexemes(header: str) -> Iterator[re.Match[str]]:
    position = 0
    while match := _LEXEME.match(header, position):
        yield match
        position = match.end()
