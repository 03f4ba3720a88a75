"""The host as the gateway sees it."""

import os
from dataclasses import dataclass
from pathlib import Path

# Names of machines as GOARCH writes them. Source: Go, internal/goarch.
_GOARCH = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386", "ppc64le": "ppc64le"}


@dataclass(frozen=True)
class Host:
    """What does not change while the host runs."""

    name: str
    operating_system: str
    kernel: str
    architecture: str
    cpus: int
    memory_bytes: int

    @property
    def platform(self) -> str:
        """Operating system and architecture: "linux/amd64"."""
        return f"linux/{self.architecture}"


def read_host() -> Host:
    """Ask the operating system."""
    system = os.uname()
    return Host(
        name=system.nodename,
        operating_system=_distribution(),
        kernel=system.release,
        architecture=_GOARCH.get(system.machine, system.machine),
        cpus=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    )


def _distribution() -> str:
    """Name of the distribution. Source: os-release(5)."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "Linux"
    names = [line.partition("=")[2].strip("\"'") for line in lines if line.startswith("PRETTY_NAME=")]
    return names[0] if names else "Linux"


def installation_id(folder: Path) -> str:
    """Stable ID of this installation, made when it is first asked for."""
    path = folder / "engine-id"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        fresh = os.urandom(16).hex()
        path.write_text(f"{fresh}\n", encoding="ascii")
        return fresh
