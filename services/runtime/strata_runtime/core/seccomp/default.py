"""The profile that containers get unless told otherwise."""

from collections.abc import Collection
from functools import cache
from importlib.resources import files
from typing import Any

from strata_runtime.core.seccomp.document import SeccompDocument, parse_profile
from strata_runtime.core.seccomp.translation import Circumstances, translate


def default_profile(architecture: str = "amd64", capabilities: Collection[str] = ()) -> dict[str, Any]:
    """Return the default profile as ``linux.seccomp`` of a bundle, for a container with these capabilities.

    ``architecture`` is one of OCI's (Go's) names; ``capabilities`` are written like CAP_CHOWN.
    """
    return translate(_default_document(), Circumstances(architecture, frozenset(capabilities)))


@cache
def _default_document() -> SeccompDocument:
    return parse_profile(files("strata_runtime").joinpath("data/seccomp/default.json").read_text())
