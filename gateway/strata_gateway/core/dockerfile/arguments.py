"""Arguments of instructions: JSON arrays, shell text, and pairs of names and values."""

import json

from strata_gateway.core.dockerfile.expansion import split_words
from strata_gateway.core.dockerfile.instruction import DockerfileError


def json_array(text: str) -> list[str] | None:
    """The exec form: a JSON array of strings; None for what is none, which is shell form then."""
    if not text.lstrip().startswith("["):
        return None
    try:
        words = json.loads(text)
    except ValueError:
        return None
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


def pairs(text: str, keyword: str, escape: str = "\\") -> list[tuple[str, str]]:
    """Names and values, not expanded: ``a=b "c d"=e``, or the old form ``name the whole rest``."""
    words = split_words(text, escape)
    if words and "=" not in words[0]:
        name, _, value = text.strip().partition(" ")
        if not value.strip():
            raise DockerfileError(f"{keyword} must have two arguments")
        return [(name, value.strip())]
    found = []
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            raise DockerfileError(f"Syntax error - can't find = in {word!r}. Must be of the form: name=value")
        found.append((name, value))
    return found
