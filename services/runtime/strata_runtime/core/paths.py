"""Where a host keeps what belongs to containers. No part of a path is ever taken from an image."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

_USUAL_RUN_DIR = Path("/run/strata")


@dataclass(frozen=True, slots=True)
class Paths:
    """Directories of the runtime: ``run_dir`` is empty after a reboot, ``state_dir`` is kept."""

    run_dir: Path
    state_dir: Path

    @property
    def layers(self) -> Path:
        """Mount points of layers."""
        return self.run_dir / "layers"

    def layer(self, key: str) -> Path:
        """Mount point of one layer."""
        return self.layers / hashlib.sha256(key.encode()).hexdigest()[:32]

    @property
    def oci_runtime_root(self) -> Path:
        """State directory of the OCI runtime."""
        return self.run_dir / "oci"

    @property
    def bundles(self) -> Path:
        """Bundles of containers."""
        return self.run_dir / "containers"

    def bundle(self, container_id: str) -> Path:
        """Bundle of a container."""
        return self.bundles / container_id

    def rootfs(self, container_id: str) -> Path:
        """Mount point of a container's root."""
        return self.bundle(container_id) / "rootfs"

    @property
    def containers(self) -> Path:
        """What is kept of containers."""
        return self.state_dir / "containers"

    def container(self, container_id: str) -> Path:
        """What is kept of a container."""
        return self.containers / container_id

    def upper(self, container_id: str) -> Path:
        """Private layer of a container."""
        return self.container(container_id) / "upper"

    def work(self, container_id: str) -> Path:
        """Scratch directory that overlayfs wants beside the private layer."""
        return self.container(container_id) / "work"

    def log(self, container_id: str) -> Path:
        """Log of a container."""
        return self.container(container_id) / "container.log"

    def own_directories(self) -> dict[Path, int]:
        """Directories in ``run_dir`` that root alone may write to, and their modes."""
        network, namespaces = self.run_dir / "network", self.run_dir / "netns"
        return {
            self.layers: 0o755,
            self.bundles: 0o755,
            self.oci_runtime_root: 0o700,
            network: 0o711,
            namespaces: 0o711,
        }

    @property
    def volumes(self) -> Path:
        """Volumes."""
        return self.state_dir / "volumes"


def default_cgroup_parent(run_dir: Path) -> str:
    """Cgroup of a suite: suites with run directories of their own do not meet."""
    if run_dir == _USUAL_RUN_DIR:
        return "/strata"
    return f"/strata-{hashlib.sha256(str(run_dir).encode()).hexdigest()[:6]}"
