"""Command lines of OCI runtimes. crun and runc understand the same ones."""

from dataclasses import dataclass

from strata_runtime.launcher.spec import CONSOLE, ERROR_LOG, PID_FILE


@dataclass(frozen=True, slots=True)
class OciRuntime:
    """An OCI runtime: its name, binary and state directory."""

    name: str
    path: str
    root: str
    version: str = ""

    @property
    def takes_bpf(self) -> bool:
        """Whether it takes a compiled seccomp filter in an annotation."""
        return self.name == "crun"

    def state_directory(self, container_id: str) -> str:
        """Where it keeps what it knows of a container; both runtimes do it alike."""
        return f"{self.root}/{container_id}"

    def run(self, container_id: str, bundle: str, *, tty: bool) -> tuple[str, ...]:
        """Create and start a container in one call."""
        console = ("--console-socket", CONSOLE) if tty else ()
        return (*self._logged(), "run", "--detach", "--pid-file", PID_FILE, "--bundle", bundle, *console, container_id)

    def exec(self, container_id: str, process: str, *, tty: bool) -> tuple[str, ...]:
        """Start a further process, described by an OCI process file."""
        console = ("--console-socket", CONSOLE) if tty else ()
        return (
            *self._logged(),
            "exec",
            "--detach",
            "--pid-file",
            PID_FILE,
            "--process",
            process,
            *console,
            container_id,
        )

    def delete(self, container_id: str) -> tuple[str, ...]:
        """Remove what it keeps of a container, and what still runs in it."""
        return (*self._base(), "delete", "--force", container_id)

    def pause(self, container_id: str) -> tuple[str, ...]:
        """Freeze."""
        return (*self._base(), "pause", container_id)

    def resume(self, container_id: str) -> tuple[str, ...]:
        """Thaw."""
        return (*self._base(), "resume", container_id)

    def update(self, container_id: str, resources_file: str) -> tuple[str, ...]:
        """Change limits."""
        return (*self._base(), "update", "--resources", resources_file, container_id)

    def _base(self) -> tuple[str, ...]:
        return (self.path, "--root", self.root)

    def _logged(self) -> tuple[str, ...]:
        return (*self._base(), "--log", ERROR_LOG, "--log-format", "json")
