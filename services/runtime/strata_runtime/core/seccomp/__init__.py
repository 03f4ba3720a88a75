"""Which system calls containers may make: profiles in Docker's format, translated to the OCI runtime spec's."""

from strata_runtime.core.seccomp.default import default_profile
from strata_runtime.core.seccomp.document import SeccompDocument, parse_profile
from strata_runtime.core.seccomp.translation import Circumstances, translate

__all__ = ["Circumstances", "SeccompDocument", "default_profile", "parse_profile", "translate"]
