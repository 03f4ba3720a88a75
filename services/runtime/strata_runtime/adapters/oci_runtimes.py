"""Which OCI runtimes this host has."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from strata_chassis.errors import FailedPrecondition
from strata_runtime.core.oci_runtime import OciRuntime

KNOWN = ("crun", "runc")
_TIMEOUT_S = 10


def find_oci_runtimes(root: Path, preferred: str) -> dict[str, OciRuntime]:
    """Runtimes by name, the preferred one first. Raises FailedPrecondition if there is none."""
    found = {}
    for name in dict.fromkeys((preferred, *KNOWN)):
        path = shutil.which(name)
        if path:
            found[name] = OciRuntime(name, path, str(root / name), _version(path))
    if not found:
        raise FailedPrecondition("neither crun nor runc is installed", reason="OCI_RUNTIME_MISSING")
    return found


def _version(path: str) -> str:
    """First line of ``--version``; asked at start, before there are threads."""
    command = [path, "--version"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines: Iterable[str] = said.stdout.splitlines()
    return next(iter(lines), "").rpartition(" ")[2]
