"""Text of a Dockerfile to instructions: parser directives, comments, continuation lines, flags, heredocs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from strata_gateway.core.dockerfile.instruction import DockerfileError, Heredoc, Instruction

MAX_CHARACTERS = 1 << 20
_DIRECTIVE = re.compile(r"#\s*(\w+)\s*=\s*(.+?)\s*")
_HEREDOC = re.compile(r"<<(-?)\s*(?:\"([^\"]+)\"|'([^']+)'|([\w.]+))")
_FLAG = re.compile(r"--([\w.-]+)(?:=(\"[^\"]*\"|'[^']*'|\S*))?(?:\s+|$)")
_WITH_HEREDOCS = {"ADD", "COPY", "RUN"}
_DIRECTIVES = {"syntax", "escape", "check"}

KEYWORDS = {
    *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER"),
    *("ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
}


@dataclass(frozen=True)
class Dockerfile:
    """All instructions in order, and the character that continues and escapes."""

    instructions: tuple[Instruction, ...]
    escape: str = "\\"


def parse(text: str) -> Dockerfile:
    """Take a Dockerfile apart. Raises DockerfileError."""
    if len(text) > MAX_CHARACTERS:
        raise DockerfileError(f"the file is longer than {MAX_CHARACTERS} characters")
    lines = text.removeprefix("\ufeff").splitlines()
    escape = _escape_of(lines)
    return Dockerfile(tuple(_instructions(lines, escape)), escape)


def _escape_of(lines: list[str]) -> str:
    """Value of the ``escape`` directive; directives end with the first line that is none."""
    for number, line in enumerate(lines, 1):
        match = _DIRECTIVE.fullmatch(line.strip())
        if match is None or match[1].lower() not in _DIRECTIVES:
            break
        if match[1].lower() == "escape":
            if match[2] not in {"\\", "`"}:
                raise DockerfileError(f"invalid escape token {match[2]!r} does not match ` or \\", number)
            return match[2]
    return "\\"


def _instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    position = 0
    while position < len(lines):
        start = position
        if _is_blank(lines[position]):
            position += 1
            continue
        text, position = _logical_line(lines, position, escape)
        instruction = parse_instruction(text, start + 1)
        instruction, position = _with_heredocs(instruction, lines, position)
        yield instruction


def _with_heredocs(instruction: Instruction, lines: list[str], position: int) -> tuple[Instruction, int]:
    """The instruction with the documents that follow it, and where the next one begins."""
    if instruction.keyword not in _WITH_HEREDOCS and instruction.keyword != "ONBUILD":
        return instruction, position
    heredocs, position = _heredocs(instruction.rest, lines, position)
    return replace(instruction, heredocs=heredocs), position


def trigger_text(instruction: Instruction) -> str:
    """An ONBUILD as it is kept in an image: the instruction that it holds back, with its documents."""
    return instruction.rest + "".join(f"\n{document.content}{document.name}" for document in instruction.heredocs)


def parse_trigger(text: str) -> Instruction:
    """What ``trigger_text`` made. Raises DockerfileError."""
    lines = text.splitlines()
    instruction, _ = _with_heredocs(parse_instruction("".join(lines[:1])), lines, 1)
    return instruction if instruction.heredocs else parse_instruction(text)


def _is_blank(line: str) -> bool:
    stripped = line.strip()
    return not stripped or stripped.startswith("#")


def _logical_line(lines: list[str], position: int, escape: str) -> tuple[str, int]:
    """Join continuation lines (comments and blank lines among them are left out); returns the next position."""
    parts: list[str] = []
    while position < len(lines):
        line = lines[position]
        position += 1
        if parts and _is_blank(line):
            continue
        stripped = line.rstrip() if parts else line.strip()
        if not stripped.endswith(escape):
            parts.append(stripped)
            break
        parts.append(stripped[:-1])
    return "".join(parts), position


def parse_instruction(text: str, line: int = 0) -> Instruction:
    """One logical line: keyword, flags, rest."""
    if not text.strip():
        raise DockerfileError("an instruction is empty", line)
    keyword, _, rest = text.strip().partition(" ") if " " in text.strip() else _split_at_space(text.strip())
    keyword = keyword.upper()
    if keyword not in KEYWORDS:
        raise DockerfileError(f"unknown instruction: {keyword}", line)
    flags, rest = _flags(rest.strip())
    if not rest and keyword not in {"RUN", "COPY", "ADD"} and not (keyword == "CMD" and flags):
        raise DockerfileError(f"{keyword} requires at least one argument", line)
    return Instruction(keyword, rest, line, flags)


def _split_at_space(text: str) -> tuple[str, str, str]:
    words = text.split(None, 1)
    return words[0], " ", words[1] if len(words) > 1 else ""


def _flags(rest: str) -> tuple[dict[str, tuple[str, ...]], str]:
    flags: dict[str, tuple[str, ...]] = {}
    while match := _FLAG.match(rest):
        value = "true" if match[2] is None else match[2].strip("\"'")
        flags[match[1]] = (*flags.get(match[1], ()), value)
        rest = rest[match.end() :]
    return flags, rest


def _heredocs(rest: str, lines: list[str], position: int) -> tuple[tuple[Heredoc, ...], int]:
    found = []
    for match in _HEREDOC.finditer(_without_quotes(rest)):
        strips_tabs, quoted = bool(match[1]), match[2] or match[3]
        name = quoted or match[4]
        body: list[str] = []
        while True:
            if position >= len(lines):
                raise DockerfileError(f"unterminated heredoc {name}", position)
            line = lines[position].lstrip("\t") if strips_tabs else lines[position]
            position += 1
            if line == name:
                break
            body.append(line)
        found.append(Heredoc(name, "".join(f"{line}\n" for line in body), expands=not quoted))
    return tuple(found), position


def _without_quotes(text: str) -> str:
    """Blank out quoted text that cannot begin a heredoc: a `<<` inside of quotes is no operator."""
    return re.sub(r"(?<!<)(?<!<-)(\"[^\"]*\"|'[^']*')", lambda match: " " * len(match[0]), text)
