"""Which seccomp filter a container gets."""

import platform

from strata_runtime.core.bundle.capabilities import granted
from strata_runtime.core.bundle.host import SeccompFilter
from strata_runtime.core.container.record import Container
from strata_runtime.core.seccomp import Circumstances, default_profile, parse_profile, translate
from strata_runtime.engine.parts import Parts

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def seccomp_filter(parts: Parts, container: Container) -> SeccompFilter:
    """The default profile, the user's, or none. Raises InvalidArgument for a profile that is none."""
    security = container.spec.security
    if security.privileged or security.seccomp_profile == "unconfined":
        return SeccompFilter()
    machine = platform.machine()
    architecture = _ARCHITECTURES.get(machine, machine)
    capabilities = granted(security, parts.host.capabilities)
    if security.seccomp_profile:
        circumstances = Circumstances(architecture=architecture, capabilities=capabilities)
        return parts.seccomp.compile(translate(parse_profile(security.seccomp_profile), circumstances))
    return parts.seccomp.compile(default_profile(architecture, capabilities))
