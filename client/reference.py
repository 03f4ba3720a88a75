"""Writes the reference of the ``strata`` command into docs/cli.md, from the same tables that parsing and help use.

python client/reference.py          # rewrite what follows the marker
python client/reference.py --check  # only say whether that would change anything
"""

import sys
from pathlib import Path

from strata_client.cli import registry
from strata_client.cli.helping import left_of, right_of, usage_of
from strata_client.cli.options import Command, Option

DOCUMENT = Path(__file__).parents[1] / "docs" / "cli.md"
MARKER = "<!-- What follows is made by client/reference.py: do not edit it here. -->"


def main(argv: list[str]) -> int:
    """Rewrite the document, or compare it."""
    before = DOCUMENT.read_text(encoding="utf-8")
    after = before.partition(MARKER)[0] + MARKER + "\n\n" + reference()
    if argv == ["--check"]:
        if before != after:
            sys.stderr.write("docs/cli.md is out of date: run python client/reference.py\n")
        return int(before != after)
    DOCUMENT.write_text(after, encoding="utf-8")
    return 0


def reference() -> str:
    """All commands under their headings."""
    sections = []
    for title, commands in registry.summaries():
        sections.append(f"## {title}")
        sections += [_command(registry.load(name)) for name, _ in commands]
    return "\n\n".join(sections) + "\n"


def _command(command: Command) -> str:
    parts = [f"### strata {command.name}", command.summary + ".", f"```\n{usage_of(command)}\n```"]
    if command.notes:
        parts.append(" ".join(command.notes.split()))
    if command.options:
        rows = [_row(option) for option in sorted(command.options, key=lambda option: option.key)]
        parts.append("\n".join(["| option | what it does |", "| --- | --- |", *rows]))
    if command.examples:
        lines = (line.strip() for line in command.examples.strip().splitlines())
        parts.append("```sh\n" + "\n".join(lines) + "\n```")
    return "\n\n".join(parts)


def _row(option: Option) -> str:
    name, meaning = left_of(option).strip().replace("|", "\\|"), right_of(option).replace("|", "\\|")
    return f"| `{name}` | {meaning} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
