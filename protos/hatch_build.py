"""Hatchling's hook: the wheel, editable or not, contains freshly generated stubs."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class StubsBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # the builder's config is of no interest here
    """Generates the stubs into ``gen`` before the files of a wheel are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Generate, and put the stubs under their import path (an editable wheel refers to ``gen`` instead)."""
        sys.path.insert(0, self.root)
        from generate import generate

        stubs = Path(self.root) / "gen"
        generate(stubs)
        if version != "editable":
            build_data["force_include"][str(stubs / "strata")] = "strata"
