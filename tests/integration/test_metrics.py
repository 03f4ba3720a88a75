"""/metrics is what Prometheus expects, and counts what happened."""

from __future__ import annotations

import re
import subprocess

from tests.fixtures.suite import Suite


def test_promtool_finds_nothing_to_complain_about(suite: Suite, tiny: str) -> None:
    suite.run(tiny, "true")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=suite.metrics(), capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr, checked.stdout) == (0, "", "")


def test_every_name_of_ours_starts_with_strata(suite: Suite) -> None:
    names = {line.split()[2] for line in suite.metrics().splitlines() if line.startswith("# TYPE")}
    assert {name for name in names if not re.match(r"strata_|process_|python_", name)} == set()


def test_pulls_and_runs_are_counted_and_timed(suite: Suite, tiny: str) -> None:
    before = _counts(suite.metrics())
    suite.strata("pull", tiny)
    suite.run(tiny, "true")
    after = _counts(suite.metrics())
    grown = {name for name, value in after.items() if value > before.get(name, 0)}
    assert any("pull" in name and name.endswith("_count") for name in grown), grown
    assert any("run" in name and name.endswith("_count") for name in grown), grown


def _counts(text: str) -> dict[str, float]:
    """Sums of all counting samples, by metric name."""
    sums: dict[str, float] = {}
    for name, value in re.findall(r"^(strata_\w+(?:_count|_total))(?:\{[^}]*\})? (\S+)$", text, re.MULTILINE):
        sums[name] = sums.get(name, 0) + float(value)
    return sums
