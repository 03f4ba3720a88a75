"""What is mounted, as the kernel tells it."""

from pathlib import Path

_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}


def mount_points_below(directory: Path, mountinfo: str | None = None) -> list[str]:
    """Mount points under ``directory``, the last mounted first."""
    text = Path("/proc/self/mountinfo").read_text() if mountinfo is None else mountinfo
    prefix = f"{directory}/"
    points = (_unescaped(line.split(" ", 5)[4]) for line in text.splitlines())
    return [point for point in points if point.startswith(prefix)][::-1]


def _unescaped(text: str) -> str:
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return text
