"""Starting things: a container, a command in a container, and the command-line tool itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.harness import Report, interleave, timed
from tests.bench.rpc import Engine, connected
from tests.fixtures.suite import Suite

BARE = Path(__file__).with_name("bare_crun.py")


def measure(suite: Suite, image: str, repeat: int) -> Report:
    """Run, exec and ``strata version`` on a running suite that has ``image`` already.

    All take turns, so that bare crun starts at the same cadence as the engine: right after another start it would
    find locks and caches warm that a user's start does not find.
    """
    suite.strata("run", "-d", "--name", "bench", "--network", "none", image, "sleep", "10000")
    bare = BareCrun(suite, "bench")
    with connected(suite) as engine:
        samples = interleave(_contestants(suite, engine, bare, image), repeat)
    suite.strata("rm", "-f", "bench")
    bare.remove()
    crun, crun_exec = samples["crun run"].median, samples["crun exec"].median
    report = Report("start")
    report.add("crun run, bare", crun * 1000, "ms")
    report.add("run --rm true by RPC", samples["rpc run"].median * 1000, "ms")
    report.add("run --rm true by RPC, against bare crun", samples["rpc run"].median / crun, "x", mark=2.0)
    report.add("strata run --rm --network none true", samples["cli run"].median * 1000, "ms")
    report.add("strata run --rm true (bridge)", samples["cli run bridge"].median * 1000, "ms")
    report.add("crun exec, bare", crun_exec * 1000, "ms")
    report.add("exec true by RPC", samples["rpc exec"].median * 1000, "ms")
    report.add("exec true by RPC, against crun exec", samples["rpc exec"].median / crun_exec, "x")
    report.add("strata exec true", samples["cli exec"].median * 1000, "ms")
    report.add("strata version", samples["version"].median * 1000, "ms", mark=100)
    return report


def _contestants(suite: Suite, engine: Engine, bare: BareCrun, image: str) -> dict[str, Callable[[], float]]:
    actions: dict[str, Callable[[], object]] = {
        "rpc run": lambda: engine.run(image, "true"),
        "cli run": lambda: suite.run("--network", "none", image, "true"),
        "cli run bridge": lambda: suite.run(image, "true"),
        "rpc exec": lambda: engine.exec("bench", "true"),
        "cli exec": lambda: suite.strata("exec", "bench", "true"),
        "version": lambda: suite.strata("version"),
    }
    ours = {name: partial(timed, action) for name, action in actions.items()}
    return {"crun run": bare.run, "crun exec": bare.exec, **ours}


class BareCrun:
    """crun by itself, on the bundle of a running container: the same root, the same config, another command."""

    def __init__(self, suite: Suite, container: str) -> None:
        """Copy the bundle of ``container``, with ``true`` for its command."""
        self._suite = suite
        self._id = suite.inspect(container)["Id"]
        source = suite.root / "run" / "containers" / self._id
        self._bundle = suite.root / "bare"
        self._bundle.mkdir()
        config = json.loads((source / "config.json").read_text())
        config["process"]["args"] = ["true"]
        config["process"]["terminal"] = False
        config["root"]["path"] = str((source / config["root"]["path"]).resolve())
        config["linux"].pop("cgroupsPath", None)
        (self._bundle / "config.json").write_text(json.dumps(config))

    def run(self) -> float:
        """Seconds of one ``crun run``, from spawn to exit."""
        state = self._suite.root / "bare" / "state"
        return self._measure("crun", "--root", str(state), "run", "--bundle", str(self._bundle), "strata-bare-{}")

    def exec(self) -> float:
        """Seconds of one ``crun exec`` in the container itself."""
        return self._measure("crun", "--root", str(self._suite.root / "run" / "oci" / "crun"), "exec", self._id, "true")

    def remove(self) -> None:
        """Remove the copied bundle."""
        shutil.rmtree(self._bundle)

    def _measure(self, program: str, *arguments: str) -> float:
        enter = ["nsenter", "--mount", "--target", str(self._suite.pid("launcher"))]
        path = shutil.which(program)
        command = [*enter, sys.executable, str(BARE), "1", str(path), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout)
