"""Which processes make up the suite, in which order they depend on each other, and where their files lie."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

UNPRIVILEGED_USER = "strata"

# Without docstrings the suite takes 6 MB less; the cache of such bytecode has a place of its own, which
# `make setup` fills.
INTERPRETER_FLAGS = ("-OO", "-X", f"pycache_prefix={sys.prefix}/pycache")


@dataclass(frozen=True)
class Service:
    """One process of the suite; ``needs`` are the services that must be ready before it is started."""

    name: str
    module: str
    user: str | None = None
    needs: tuple[str, ...] = ()


# The launcher only has to be there before the runtime. All other connections are made when first used, so
# everything else starts at once: the order of stopping is the reverse of this tuple.
SERVICES: tuple[Service, ...] = (
    Service("launcher", "strata_runtime.launcher"),
    Service("registry", "strata_registry", user=UNPRIVILEGED_USER),
    Service("store", "strata_store", user=UNPRIVILEGED_USER),
    Service("runtime", "strata_runtime", needs=("launcher",)),
    Service("gateway", "strata_gateway", user=UNPRIVILEGED_USER),
)


def service_named(name: str) -> Service:
    """The service called ``name``; KeyError when there is none."""
    return {service.name: service for service in SERVICES}[name]


@dataclass(frozen=True)
class Layout:
    """Where one suite keeps its sockets and its state: two directories decide everything."""

    run_dir: Path = Path("/run/strata")
    state_dir: Path = Path("/var/lib/strata")

    @classmethod
    def below(cls, root: Path | None) -> Self:
        """The host's layout, or that of a private suite below ``root``."""
        return cls() if root is None else cls(run_dir=root / "run", state_dir=root / "state")

    @property
    def logs(self) -> Path:
        """Folder of the services' own logs."""
        return self.state_dir / "logs"

    def pid_file(self, service: Service) -> Path:
        """Names the process that was started for ``service``."""
        return self.run_dir / f"{service.name}.pid"

    def log_file(self, service: Service) -> Path:
        """What ``service`` writes to its standard error."""
        return self.logs / f"{service.name}.log"

    def socket(self, service: Service) -> Path:
        """Where ``service`` listens."""
        return self.run_dir / f"{service.name}.sock"

    def state_of(self, service: Service) -> Path:
        """The folder that ``service`` alone writes."""
        return self.state_dir / service.name


def private_settings(layout: Layout) -> dict[str, str]:
    """Environment by which a private suite keeps off the host's one: all of its addresses are below its folder."""
    if layout == Layout():
        return {}
    return {"STRATA_GATEWAY_METRICS_PAGE": f"unix://{layout.run_dir}/metrics.sock"}


def command_line(service: Service, layout: Layout, python: str) -> list[str]:
    """The command that starts ``service``; it takes its other settings from file and environment."""
    command = [
        python,
        *INTERPRETER_FLAGS,
        "-m",
        service.module,
        "--run-dir",
        str(layout.run_dir),
        "--state-dir",
        str(layout.state_dir),
    ]
    return [*command, "--user", service.user] if service.user else command
