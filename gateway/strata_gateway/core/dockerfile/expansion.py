"""Variables in a Dockerfile: ``$name``, ``${name}`` and its modifiers, quotes and escapes.

Source: the Dockerfile reference, "Environment replacement"; moby/buildkit, frontend/dockerfile/shell.
"""

import fnmatch
import re
from collections.abc import Callable, Mapping

from strata_gateway.core.dockerfile.instruction import DockerfileError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_MAX_DEPTH = 20


def expand(text: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """One word: quotes are taken off, variables put in."""
    return _Expander(text, variables, escape).word(stop="")


def expand_document(text: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """A heredoc: variables are put in, quotes are text."""
    return _Expander(text, variables, escape).document()


def split_expanded(text: str, variables: Mapping[str, str], escape: str = "\\") -> list[str]:
    """Words at unquoted white space, each expanded; what a variable holds is not split again."""
    return [expand(word, variables, escape) for word in split_words(text, escape)]


def split_words(text: str, escape: str = "\\") -> list[str]:
    """Words at unquoted white space, quotes kept."""
    words, word, quote, position = [], "", "", 0
    while position < len(text):
        character = text[position]
        if character == escape and quote != "'" and position + 1 < len(text):
            word += text[position : position + 2]
            position += 2
            continue
        if character.isspace() and not quote:
            words.append(word)
            word = ""
        else:
            word += character
            if character in "\"'" and quote in {"", character}:
                quote = "" if quote else character
        position += 1
    return [found for found in [*words, word] if found]


class _Expander:
    """Reads one word from left to right."""

    def __init__(self, text: str, variables: Mapping[str, str], escape: str, depth: int = 0) -> None:
        if depth > _MAX_DEPTH:
            raise DockerfileError("variables are nested too deeply")
        self._text = text
        self._variables = variables
        self._escape = escape
        self._depth = depth
        self._at = 0

    def word(self, stop: str) -> str:
        """Up to an unquoted ``stop``, which is consumed, or to the end."""
        result = ""
        while self._at < len(self._text):
            character = self._text[self._at]
            if stop and character == stop:
                self._at += 1
                return result
            result += self._piece(character)
        if stop:
            raise DockerfileError(f"unexpected end of statement while looking for matching {stop}")
        return result

    def document(self) -> str:
        """All of it; an escape counts only in front of what it can escape."""
        result = ""
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == "$":
                result += self._variable()
            else:
                result += self._escaped_in_quotes() if character == self._escape else self._plain()
        return result

    def _piece(self, character: str) -> str:
        readers: dict[str, Callable[[], str]] = {
            "'": self._single_quoted,
            '"': self._double_quoted,
            "$": self._variable,
            self._escape: self._escaped,
        }
        return readers.get(character, self._plain)()

    def _plain(self) -> str:
        self._at += 1
        return self._text[self._at - 1]

    def _escaped(self) -> str:
        self._at += 2
        return self._text[self._at - 1 : self._at]

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise DockerfileError("unexpected end of statement while looking for matching single-quote")
        inner, self._at = self._text[self._at + 1 : end], end + 1
        return inner

    def _double_quoted(self) -> str:
        self._at += 1
        result = ""
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == '"':
                self._at += 1
                return result
            if character == self._escape:
                result += self._escaped_in_quotes()
            else:
                result += self._variable() if character == "$" else self._plain()
        raise DockerfileError("unexpected end of statement while looking for matching double-quote")

    def _escaped_in_quotes(self) -> str:
        following = self._text[self._at + 1 : self._at + 2]
        self._at += 2
        return following if following in {'"', "$", self._escape} else self._escape + following

    def _variable(self) -> str:
        self._at += 1
        if self._text[self._at : self._at + 1] == "{":
            self._at += 1
            return self._braced()
        match = _NAME.match(self._text, self._at)
        if match is None:
            return "$"
        self._at = match.end()
        return self._variables.get(match[0], "")

    def _braced(self) -> str:
        match = _NAME.match(self._text, self._at)
        if match is None:
            raise DockerfileError("bad substitution")
        name, self._at = match[0], match.end()
        modifier = re.compile(r"}|:?[-+?]|##?|%%?|//?").match(self._text, self._at)
        if modifier is None:
            raise DockerfileError(f"unsupported modifier in ${{{name}}}")
        self._at = modifier.end()
        if modifier[0] == "}":
            return self._variables.get(name, "")
        return self._modified(name, modifier[0])

    def _modified(self, name: str, modifier: str) -> str:
        value = self._variables.get(name)
        if modifier in {"/", "//"}:
            pattern = self.word(stop="/")
            return _replaced(value or "", pattern, self.word(stop="}"), count=0 if modifier == "//" else 1)
        word = self.word(stop="}")
        if modifier[0] in "#%":
            return _trimmed(value or "", word, modifier)
        is_set = bool(value) if modifier.startswith(":") else value is not None
        kind = modifier[-1]
        if kind == "+":
            return word if is_set else ""
        if kind == "?" and not is_set:
            raise DockerfileError(f"{name}: {word or 'not set'}")
        return (value or "") if is_set else word


def _trimmed(value: str, pattern: str, modifier: str) -> str:
    """``#`` and ``##`` cut the shortest and longest match off the front, ``%`` and ``%%`` off the end."""
    cuts = range(len(value) + 1) if len(modifier) == 1 else range(len(value), -1, -1)
    for cut in cuts:
        if modifier[0] == "#" and fnmatch.fnmatchcase(value[:cut], pattern):
            return value[cut:]
        if modifier[0] == "%" and fnmatch.fnmatchcase(value[len(value) - cut :], pattern):
            return value[: len(value) - cut]
    return value


def _replaced(value: str, pattern: str, replacement: str, count: int) -> str:
    glob = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.sub(glob, lambda _: replacement, value, count=count) if pattern else value
