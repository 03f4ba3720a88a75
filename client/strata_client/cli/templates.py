"""The part of Go's templates that people use with ``--format``.

Supported: ``{{.Path.To.Field}}`` (also through lists by number: ``{{.Mounts.0.Source}}``), ``{{.}}`` for the value
itself and ``$`` for the whole one; ``{{range .X}} … {{else}} … {{end}}``, the same with ``if`` and ``with``; strings in
double quotes and numbers; the functions json, join, index, len, lower, upper, title, truncate, split and println; and
pipes between them: ``{{.Names | upper}}``. A field that is not there is ``<no value>``, as in Go.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from strata_client.cli.parsing import UsageError

_MISSING = "<no value>"
_BLOCKS = {"range", "if", "with"}


class Template:
    """A template that was read; raises UsageError when it cannot be."""

    def __init__(self, text: str) -> None:
        """Read ``text``."""
        self._tokens = _split(text)
        self._at = 0
        self._nodes = self._parse_until(set())[0]

    def render(self, value: Any) -> str:
        """Fill in ``value``, made of mappings, sequences, strings, numbers, booleans and None."""
        return "".join(node.render(value, value) for node in self._nodes)

    def _parse_until(self, ends: set[str]) -> tuple[list["_Node"], str]:
        """Read nodes up to one of the actions in ``ends``, or to the end of the text where there are none."""
        nodes: list[_Node] = []
        while self._at < len(self._tokens):
            is_action, token = self._tokens[self._at]
            self._at += 1
            word = token.split(None, 1)[0] if is_action and token else ""
            if word in ends:
                return nodes, word
            if word in _BLOCKS:
                nodes.append(self._parse_block(word, token.partition(word)[2].strip()))
            elif word in {"end", "else"}:
                raise UsageError(f"template: {{{{{word}}}}} without a block")
            else:
                nodes.append(_Output(_Pipeline(token)) if is_action else _Text(token))
        if ends:
            raise UsageError("template: a block without {{end}}")
        return nodes, ""

    def _parse_block(self, word: str, condition: str) -> "_Node":
        body, end = self._parse_until({"end", "else"})
        otherwise: list[_Node] = []
        if end == "else":
            otherwise, _ = self._parse_until({"end"})
        return _Block(word, _Pipeline(condition), body, otherwise)


def _split(text: str) -> list[tuple[bool, str]]:
    """Cut a template into texts (False) and actions (True); ``{{-`` and ``-}}`` eat the space beside them."""
    pieces: list[tuple[bool, str]] = []
    while text:
        before, opened, rest = text.partition("{{")
        action, closed, text = rest.partition("}}")
        if opened and not closed:
            raise UsageError("template: {{ without }}")
        if action.startswith("- "):
            before = before.rstrip()
        if action.endswith(" -"):
            text = text.lstrip()
        pieces.append((False, before))
        if opened:
            pieces.append((True, action.removeprefix("- ").removesuffix(" -").strip()))
    return pieces


class _Node:
    """A piece of a template. ``whole`` is what the template was given, ``value`` what the dot means here."""

    def render(self, whole: Any, value: Any) -> str:
        raise NotImplementedError


class _Text(_Node):
    def __init__(self, text: str) -> None:
        self._text = text

    def render(self, whole: Any, value: Any) -> str:  # noqa: ARG002
        return self._text


class _Output(_Node):
    def __init__(self, pipeline: "_Pipeline") -> None:
        self._pipeline = pipeline

    def render(self, whole: Any, value: Any) -> str:
        return go_text(self._pipeline.evaluate(whole, value))


class _Block(_Node):
    def __init__(self, word: str, condition: "_Pipeline", body: list[_Node], otherwise: list[_Node]) -> None:
        self._word = word
        self._condition = condition
        self._body = body
        self._otherwise = otherwise

    def render(self, whole: Any, value: Any) -> str:
        result = self._condition.evaluate(whole, value)
        if not result or result == _MISSING:
            return _render_all(self._otherwise, whole, value)
        if self._word == "if":
            return _render_all(self._body, whole, value)
        if self._word == "with":
            return _render_all(self._body, whole, result)
        items = result.values() if isinstance(result, Mapping) else result
        return "".join(_render_all(self._body, whole, item) for item in items)


def _render_all(nodes: list[_Node], whole: Any, value: Any) -> str:
    return "".join(node.render(whole, value) for node in nodes)


class _Pipeline:
    """Functions and fields, each fed with what the one before gave."""

    def __init__(self, text: str) -> None:
        try:
            self._commands = [shlex.split(command, posix=False) for command in text.split("|")]
        except ValueError:
            raise UsageError(f"template: cannot read {{{{{text}}}}}") from None
        if not all(self._commands):
            raise UsageError(f"template: nothing to do in {{{{{text}}}}}")

    def evaluate(self, whole: Any, value: Any) -> Any:
        fed: list[Any] = []
        for name, *words in self._commands:
            arguments = [_term(word, whole, value) for word in words] + fed
            fed = [_call(name, arguments) if name in _FUNCTIONS else _term(name, whole, value)]
        return fed[0]


def _term(word: str, whole: Any, value: Any) -> Any:
    """The value of a field, a string or a number."""
    if word.startswith('"') and word.endswith('"') and len(word) > 1:
        return word[1:-1].replace("\\n", "\n").replace("\\t", "\t")
    if word.lstrip("-").isdigit():
        return int(word)
    root, word = (whole, word[1:]) if word.startswith("$") else (value, word)
    if word in {".", ""}:
        return root
    if not word.startswith("."):
        raise UsageError(f"template: function {word!r} is not supported; there are {', '.join(sorted(_FUNCTIONS))}")
    for step in word[1:].split("."):
        root = _step(root, step)
    return root


def _step(value: Any, step: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(step, _MISSING)
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return _MISSING


def _call(name: str, arguments: list[Any]) -> Any:
    try:
        return _FUNCTIONS[name](*arguments)
    except (TypeError, ValueError, LookupError, AttributeError):
        raise UsageError(f"template: {name} cannot be used like that") from None


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _join(*arguments: Any) -> str:
    """Join in either order: ``join .List ", "`` as docker has it, and ``.List | join ", "``."""
    values, separator = arguments if isinstance(arguments[0], list) else arguments[::-1]
    return str(separator).join(map(go_text, values))


def _index(value: Any, *steps: Any) -> Any:
    for step in steps:
        value = value.get(step, "") if isinstance(value, Mapping) else value[step]
    return value


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "json": _json,
    "join": _join,
    "index": _index,
    "len": len,
    "lower": lambda value: go_text(value).lower(),
    "upper": lambda value: go_text(value).upper(),
    "title": lambda value: go_text(value).title(),
    "println": lambda *values: " ".join(map(go_text, values)) + "\n",
    "split": lambda value, separator: str(value).split(separator),
    "truncate": lambda value, size: go_text(value)[:size],
}


def go_text(value: Any) -> str:
    """Write a value as Go does: true, <no value>, [a b], map[k:v]."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{go_text(item)}" for key, item in sorted(value.items())) + "]"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + " ".join(map(go_text, value)) + "]"
    return str(value)
