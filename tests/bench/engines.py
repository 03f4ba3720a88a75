"""The whole pull of one image from one registry, by strata and by this distribution's engines, each by its own CLI.

Every pull goes into an engine that has just been started on an empty folder of its own, which does not count.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench.harness import Report, Sample, interleave, timed
from tests.bench.pull import IMAGE, layout_with_image, pull_by_strata
from tests.fixtures.docker_registry import docker_registry
from tests.fixtures.leaks import take_away

READY_WITHIN_S = 60


def measure(repeat: int) -> Report:
    """Pull ``IMAGE`` with every engine, in turn."""
    layout = layout_with_image()
    with tempfile.TemporaryDirectory(prefix="strata-bench-", dir="/tmp") as folder:
        work = Path(folder)
        work.chmod(0o755)
        with docker_registry(work / "registry") as registry:
            registry.pusher().push_all(layout, [IMAGE.name])
            samples = compare(registry.reference(IMAGE.name), work, repeat)
    return report_of(samples)


def compare(reference: str, work: Path, repeat: int) -> dict[str, Sample]:
    """Seconds of each engine; ``work`` is a folder for what they store, with a short path."""
    contestants = {
        "strata": lambda: pull_by_strata(reference, work / "suite"),
        "docker": lambda: pull_by_docker(reference, work / "docker"),
        "containerd": lambda: pull_by_containerd(reference, work / "containerd"),
    }
    return interleave(contestants, repeat)


def report_of(samples: dict[str, Sample]) -> Report:
    """The medians, and how many times as long the others take."""
    strata = samples["strata"].median
    report = Report("engines")
    report.add("whole pull by strata", strata, "s", note=_spread(samples["strata"]))
    for name, program, mark in (("docker", "dockerd", 5.0), ("containerd", "containerd", 3.0)):
        sample = samples[name]
        report.add(f"whole pull by {name}", sample.median, "s", note=f"{_spread(sample)}; {_version(program)}")
        report.add(f"faster than {name}", sample.median / strata, "x", mark=mark, more_is_better=True)
    return report


def pull_by_docker(reference: str, root: Path) -> float:
    """Seconds of ``docker pull``, with dockerd's own containerd and its default storage driver for this disk."""
    address = f"unix://{root}/docker.sock"
    daemon = [
        *("dockerd", "--data-root", f"{root}/data", "--exec-root", f"{root}/exec", "--pidfile", f"{root}/docker.pid"),
        *("--host", address, "--bridge", "none", "--iptables=false", "--ip6tables=false"),
    ]
    with _running(daemon, root):
        return timed(lambda: _command("docker", "--host", address, "pull", "--quiet", reference))


def pull_by_containerd(reference: str, root: Path) -> float:
    """Seconds of ``ctr images pull``, which also unpacks into a snapshot of overlayfs."""
    address = f"{root}/containerd.sock"
    daemon = ["containerd", "--root", f"{root}/data", "--state", f"{root}/state", "--address", address]
    with _running([*daemon, "--config", str(_containerd_config(root))], root):
        return timed(lambda: _command("ctr", "--address", address, "images", "pull", "--plain-http", reference))


def _containerd_config(root: Path) -> Path:
    """No plugins that a pull does not need."""
    root.mkdir()
    path = root / "config.toml"
    path.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    return path


@contextmanager
def _running(command: Sequence[str], root: Path) -> Iterator[None]:
    """Run a daemon with all it stores below ``root`` from the moment it says that it is ready, as systemd does."""
    root.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications, (root / "log").open("wb") as log:
        notifications.bind(str(root / "notify"))
        notifications.settimeout(READY_WITHIN_S)
        environment = {**os.environ, "NOTIFY_SOCKET": str(root / "notify")}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            while b"READY=1" not in notifications.recv(4096):
                pass
            yield
        except TimeoutError as error:
            error.add_note((root / "log").read_text()[-2000:])
            raise
        finally:
            process.terminate()
            process.wait()
            take_away(root)
            shutil.rmtree(root)


def _command(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _version(program: str) -> str:
    """Name and version of a program, without the commit it was built from."""
    line = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    return f"{program} {next(word for word in line.split() if word[0].isdigit()).rstrip(',')}"


def _spread(sample: Sample) -> str:
    return f"{min(sample.seconds):.2f} to {max(sample.seconds):.2f} s"
