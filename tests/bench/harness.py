"""Measure, compare within one run, show. Ratios travel between machines; times do not."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Sample:
    """Repeated measurements of one thing, in seconds."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Figure:
    """One line of the report: what was measured, what it came to, and the mark it is held against."""

    title: str
    value: float
    unit: str
    mark: float | None = None
    more_is_better: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """Whether the mark was met; empty where there is none."""
        if self.mark is None:
            return ""
        met = self.value >= self.mark if self.more_is_better else self.value <= self.mark
        return "met" if met else "missed"


@dataclass
class Report:
    """What a benchmark found."""

    name: str
    figures: list[Figure] = field(default_factory=list)

    def add(self, title: str, value: float, unit: str, **more: object) -> None:
        """Add a line."""
        self.figures.append(Figure(title, value, unit, **more))  # type: ignore[arg-type]


def interleave(contestants: dict[str, Callable[[], float]], repeat: int) -> dict[str, Sample]:
    """Measure all contestants in turn, ``repeat`` rounds, so that a slow minute slows them all.

    Each returns its own time in seconds: what it prepares and clears away does not count.
    """
    rounds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(repeat):
        for name, contestant in contestants.items():
            os.sync()
            rounds[name].append(contestant())
    return {name: Sample(name, tuple(seconds)) for name, seconds in rounds.items()}


def timed(action: Callable[[], object]) -> float:
    """Seconds that ``action`` takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def peak_mib(pid: int) -> float:
    """The most memory a process had since it began its program."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def table(reports: Iterable[Report]) -> str:
    """The reports as text for a terminal."""
    rows: list[tuple[str, ...]] = [("", "figure", "", "mark", "", "")]
    for report in reports:
        rows += [_row(report.name, figure) for figure in report.figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(name: str, figure: Figure) -> tuple[str, ...]:
    sign = ">=" if figure.more_is_better else "<="
    mark = f"{sign} {figure.mark:g}" if figure.mark is not None else ""
    return f"{name}: {figure.title}", f"{figure.value:.3g}", figure.unit, mark, figure.verdict, figure.note


def save(reports: Iterable[Report], path: Path) -> None:
    """Write the reports as JSON, with what they were measured on."""
    machine = {"kernel": platform.release(), "cpus": os.cpu_count(), "python": platform.python_version()}
    document = {"machine": machine, "reports": [asdict(report) for report in reports]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1))
