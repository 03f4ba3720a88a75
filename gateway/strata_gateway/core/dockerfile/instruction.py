"""One instruction of a Dockerfile, taken apart but not understood yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Heredoc:
    """A document written into the Dockerfile: ``<<NAME``; ``expands`` unless the name is quoted."""

    name: str
    content: str
    expands: bool = True


@dataclass(frozen=True)
class Instruction:
    """``keyword`` is in capitals; ``rest`` is what follows it and its flags, continuation lines joined."""

    keyword: str
    rest: str
    line: int
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    heredocs: tuple[Heredoc, ...] = ()

    def flag(self, name: str, default: str = "") -> str:
        """Last value of a flag."""
        return self.flags.get(name, (default,))[-1]


class DockerfileError(ValueError):
    """A Dockerfile that cannot be understood; ``line`` is where."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"dockerfile parse error on line {line}: {message}" if line else message)
        self.line = line
