"""kill -9 at every step of ingest, commit, borrowing, removal, trimming and collection that the disk can see."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_a_store_that_dies_at_any_step_is_sound_when_it_starts_again(tmp_path: Path) -> None:
    """Every sixth of the steps here; `python -m tests.fault.store.crash_points FOLDER 1` tries them all."""
    command = [sys.executable, "-m", "tests.fault.store.crash_points", str(tmp_path / "store"), "6"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    assert json.loads(result.stdout)["steps"] > 100
