"""The ``filters`` parameter of list calls: parsing, and the matching rules docker's clients count on.

Two encodings are in use: ``{"status": ["running"]}`` and, by older clients, ``{"status": {"running": true}}``.
Source: moby, api/types/filters.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from strata_chassis.errors import InvalidArgument


@dataclass(frozen=True)
class Filters:
    """Values by filter name; a name without values is not filtered by."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None, known: Iterable[str]) -> Self:
        """Read the parameter; InvalidArgument for what is no filter or has a name not in ``known``."""
        if not text:
            return cls()
        try:
            given = {name: _as_values(values) for name, values in json.loads(text).items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise _invalid(text) from error
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise _invalid(unknown[0])
        return cls(given)

    def __contains__(self, name: str) -> bool:
        return bool(self.values.get(name))

    def get(self, name: str) -> Sequence[str]:
        """All values given for ``name``."""
        return self.values.get(name, ())

    def one(self, name: str) -> str | None:
        """The first value given for ``name``."""
        return next(iter(self.get(name)), None)

    def is_true(self, name: str) -> bool | None:
        """Value of a boolean filter, None when it was not given; InvalidArgument when it is no boolean."""
        value = self.one(name)
        if value is None:
            return None
        if value.lower() in {"1", "true", "t"}:
            return True
        if value.lower() in {"0", "false", "f"}:
            return False
        given = f"{name}={value}"
        raise _invalid(given)

    def matches_exactly(self, name: str, candidate: str) -> bool:
        """Whether ``candidate`` is one of the values, or nothing was asked."""
        return name not in self or candidate in self.get(name)

    def matches_any(self, name: str, candidates: Iterable[str]) -> bool:
        """Whether a value is a substring or regular expression of one of ``candidates``, or nothing was asked."""
        if name not in self:
            return True
        texts = list(candidates)
        return any(_is_found(value, text) for value in self.get(name) for text in texts)

    def matches_labels(self, labels: Mapping[str, str], name: str = "label") -> bool:
        """Whether every ``key`` or ``key=value`` asked for is among ``labels``."""
        return all(_has_label(labels, wanted) for wanted in self.get(name))


def _as_values(given: Any) -> list[str]:
    if isinstance(given, dict):
        return [value for value, wanted in given.items() if wanted]
    return [str(value) for value in given]


def _is_found(pattern: str, text: str) -> bool:
    try:
        return pattern in text or re.search(pattern, text) is not None
    except re.error:
        return False


def _has_label(labels: Mapping[str, str], wanted: str) -> bool:
    key, separator, value = wanted.partition("=")
    return key in labels and (not separator or labels[key] == value)


def _invalid(what: str) -> InvalidArgument:
    message = f"invalid filter '{what}'"
    return InvalidArgument(message, reason="FILTER_INVALID", metadata={"filter": what})
