"""Lists for people and programs: columns under headings, one value per line, JSON, or a template's text."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from strata_client.cli.context import say

T = TypeVar("T")
Column = tuple[str, str]
"""Heading of a column, and the name of its value."""

_GAP = 3


def print_columns(columns: Sequence[Column], rows: Sequence[Mapping[str, str]]) -> None:
    """Print rows under headings."""
    lines = [[heading for heading, _ in columns], *([row[name] for _, name in columns] for row in rows)]
    print_lines(lines)


def print_lines(lines: Sequence[Sequence[str]]) -> None:
    """Print lines of cells with their columns lined up; cells never bring line breaks or escape sequences along."""
    lines = [[printable(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say((" " * _GAP).join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def printable(text: str) -> str:
    """The text without what would move the cursor or colour the screen."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def print_formatted(
    template: str, columns: Sequence[Column], headings: Mapping[str, str], rows: Iterable[Mapping[str, str]]
) -> None:
    """Print rows as ``--format`` says: "", "table", "table TEMPLATE", "json" or TEMPLATE."""
    if template in {"", "table"}:
        print_columns(columns, list(rows))
        return
    if template == "json":
        import json

        for row in rows:
            say(json.dumps(row))
        return
    from strata_client.cli.templates import Template

    is_table, template = template.startswith("table "), template.removeprefix("table ")
    compiled = Template(template.replace("\\t", "\t").replace("\\n", "\n"))
    texts = [compiled.render(row) for row in rows]
    if is_table:
        print_lines([text.split("\t") for text in [compiled.render(headings), *texts]])
    else:
        sys.stdout.writelines(text + "\n" for text in texts)


def paged(fetch: Callable[[str], tuple[Iterable[T], str]]) -> list[T]:
    """Gather all pages of a list: ``fetch`` takes a page token, and gives the items and the next token."""
    items: list[T] = []
    token = ""
    while True:
        page, token = fetch(token)
        items += page
        if not token:
            return items
