"""What is written about the command, and how fast it starts."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
HEAVY = {"grpc", "argparse", "asyncio", "ssl", "subprocess", "inspect", "dataclasses", "logging", "json"}


def test_the_reference_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, str(CHECKOUT / "client/reference.py"), "--check"], check=False)
    assert done.returncode == 0


def imported_by(*words: str) -> set[str]:
    """Modules that a command has imported when it ends."""
    script = (
        "import sys; from strata_client.main import main; "
        f"main(['-H', 'unix:///nonexistent', *{list(words)!r}]); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_nothing_heavy_is_imported_to_start() -> None:
    for words in (["version"], ["ps"], ["images"], ["--help"], ["run", "--help"]):
        assert not imported_by(*words) & HEAVY, words


def test_help_needs_no_messages() -> None:
    assert not [name for name in imported_by("--help") if name.startswith("google.protobuf")]
