"""Choices of the engine where a container made none."""

from collections.abc import Mapping
from typing import Any

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.container.record import Container
from strata_runtime.core.container.spec import ContainerSpec
from strata_runtime.core.oci_runtime import OciRuntime
from strata_runtime.core.sizes import parse_size
from strata_runtime.engine.parts import Parts


def runtime_of(parts: Parts, spec: ContainerSpec) -> OciRuntime:
    """OCI runtime of a container. Raises InvalidArgument for one this host has not."""
    name = spec.runtime or next(iter(parts.runtimes))
    runtime = parts.runtimes.get(name)
    if runtime is None:
        raise InvalidArgument(
            f"there is no OCI runtime {name!r} on this host: {', '.join(parts.runtimes)}",
            reason="OCI_RUNTIME_UNKNOWN",
            metadata={"runtime": name},
        )
    return runtime


def cgroups_path(parts: Parts, container: Container) -> str:
    """Path of a container's cgroups in each hierarchy."""
    parent = container.spec.cgroup_parent or parts.settings.cgroup_parent
    return f"/{parent.strip('/')}/{container.id}"


def log_request(parts: Parts, container: Container) -> Mapping[str, Any] | None:
    """Where the launcher writes a container's log; None for nowhere."""
    config = container.spec.log_config
    if config.driver == "none":
        return None
    max_bytes = parse_size(config.options["max-size"]) if "max-size" in config.options else parts.settings.log_max_bytes
    return {
        "path": str(parts.paths.log(container.id)),
        "max_bytes": max_bytes,
        "max_files": int(config.options.get("max-file", parts.settings.log_max_files)),
    }
