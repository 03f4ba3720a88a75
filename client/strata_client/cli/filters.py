"""``--filter key=value``: several values of one key are alternatives, several keys must all hold."""

from collections.abc import Mapping, Sequence

from strata_client.cli.parsing import UsageError

Filters = Mapping[str, Sequence[str]]


def parse_filters(words: Sequence[str], allowed: Sequence[str]) -> Filters:
    """Group filters by their keys; raises UsageError for a key that is not ``allowed``."""
    filters: dict[str, list[str]] = {}
    for word in words:
        key, separator, value = word.partition("=")
        if not separator:
            raise UsageError(f"invalid filter {word!r}: write it as key=value")
        if key not in allowed:
            raise UsageError(f"invalid filter {key!r}: there are {', '.join(sorted(allowed))}")
        filters.setdefault(key, []).append(value)
    return filters


def has_labels(labels: Mapping[str, str], wanted: Sequence[str]) -> bool:
    """Whether all of the labels "key" or "key=value" are there."""
    pairs = (word.partition("=") for word in wanted)
    return all(key in labels and (not separator or labels[key] == value) for key, separator, value in pairs)
