"""Help as text: what a command does, what it takes, and examples to start from."""

import shutil

from strata_client.cli.options import MANY, Command, Option

_NARROWEST = 60
_WIDEST = 110


def usage_of(command: Command) -> str:
    """Usage in one line."""
    options = " [OPTIONS]" if command.options else ""
    return f"Usage:  strata {command.name}{options} {command.usage}".rstrip()


def help_of(command: Command) -> str:
    """All there is to say about a command."""
    parts = [usage_of(command), command.summary]
    if command.notes:
        parts.append(command.notes.strip("\n"))
    if command.options:
        parts.append("Options:\n" + table_of_options(command.options))
    if command.examples:
        parts.append("Examples:\n" + _examples(command.examples))
    return "\n\n".join(parts)


def table_of_options(options: tuple[Option, ...]) -> str:
    """Options in the order of their names, with what they mean."""
    ordered = sorted(options, key=lambda option: option.key)
    return _table([(left_of(option), right_of(option)) for option in ordered])


def left_of(option: Option) -> str:
    """Names and value of an option, long names in one column."""
    short = next((name for name in option.names if not name.startswith("--")), "")
    longs = [name for name in option.names if name.startswith("--")]
    names = f"{short}, {longs[-1]}" if short and longs else short or f"    {longs[-1]}"
    return f"{names} {option.value}{' ...' if option.kind == MANY else ''}".rstrip()


def right_of(option: Option) -> str:
    """What an option means, with what holds when it is not given."""
    default = f" (default {option.default!r})".replace("'", '"') if option.default not in {"", "false"} else ""
    return option.help + default


def _examples(examples: str) -> str:
    """Examples are written as ``command  # what it does``; the remarks are lined up."""
    pairs = [line.partition("  # ")[::2] for line in examples.strip().splitlines()]
    return _table([(command.strip(), remark) for command, remark in pairs])


def table_of_commands(groups: list[tuple[str, list[tuple[str, str]]]]) -> str:
    """Commands under their headings, all summaries in one column."""
    width = max(len(name) for _, commands in groups for name, _ in commands)
    return "\n\n".join(f"{title}:\n{_table(commands, width)}" for title, commands in groups)


def _table(rows: list[tuple[str, str]], least: int = 0) -> str:
    """Two columns, the second one wrapped to what the terminal has."""
    columns = min(max(shutil.get_terminal_size((80, 24)).columns, _NARROWEST), _WIDEST)
    left = max([least, *(len(first) for first, _ in rows)])
    left = min(left, columns * 3 // 5)
    lines = []
    for first, second in rows:
        wrapped = _wrap(second, columns - left - 6)
        if len(first) > left:
            lines.append(f"  {first}")
            first = ""  # noqa: PLW2901
        lines.append(f"  {first:<{left}}   {wrapped[0]}".rstrip())
        lines += [f"  {'':<{left}}   {line}" for line in wrapped[1:]]
    return "\n".join(lines)


def _wrap(sentence: str, width: int) -> list[str]:
    """Break between words; textwrap costs a start more than the rest of this module."""
    lines = [""]
    for word in sentence.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    return lines
