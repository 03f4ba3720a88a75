"""Which repository a client means: one that is hosted here, or one of an upstream registry.

Three ways lead upstream: ``?ns=ghcr.io`` (containerd says which registry it mirrors), a path that begins with the
registry's name (``/v2/ghcr.io/owner/name``), and names without either, which go to one registry if the operator says
so (docker's ``registry-mirrors``). No other registry is ever asked: the service is no open relay.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strata_chassis.errors import InvalidArgument, PermissionDenied
from strata_registry.core.repository import Repository

HOSTED = "hosted"
"""Stands for a registry in the names of repositories that live here; no real registry can be called so."""
ANY = "*"

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Upstreams:
    """Registries that may be asked, by the name clients use for them; ``mirrored`` is for names without one."""

    registries: Mapping[str, str] = field(default_factory=dict)
    mirrored: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether any registry may be asked."""
        return ANY in self.registries


@dataclass(frozen=True, slots=True)
class Target:
    """Where to look, in order; the first one that has what is wanted answers."""

    repositories: tuple[Repository, ...]

    @property
    def first(self) -> "Target":
        """Return the place that a push would go to."""
        return Target(self.repositories[:1])

    @property
    def hosted(self) -> Repository | None:
        """Return the repository that can be written to, if there is one."""
        first = self.repositories[0]
        return first if first.registry == HOSTED else None


def address(name: str, namespace: str, upstreams: Upstreams) -> Target:
    """Find what ``name`` means; ``namespace`` is the value of ``ns``, or empty.

    Raises InvalidArgument (NAME_INVALID), PermissionDenied (UPSTREAM_NOT_ALLOWED).
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise InvalidArgument(
            f"{name[:_LONGEST_NAME]!r} is not the name of a repository", reason="NAME_INVALID", metadata={"name": name}
        )
    if namespace:
        return Target((Repository(_allowed(namespace, upstreams), _completed(namespace, name)),))
    first, _, rest = name.partition("/")
    if rest and (first in upstreams.registries or (upstreams.is_open and "." in first)):
        return Target((Repository(_allowed(first, upstreams), _completed(first, rest)),))
    hosted = Repository(HOSTED, name)
    if not upstreams.mirrored:
        return Target((hosted,))
    registry = upstreams.registries.get(upstreams.mirrored, upstreams.mirrored)
    return Target((hosted, Repository(registry, _completed(registry, name))))


def parse_upstreams(entries: Sequence[str], mirrored: str) -> Upstreams:
    """Read ``ghcr.io`` or ``alias=host:port`` entries, and the registry for names without one."""
    pairs = [entry.partition("=") for entry in entries]
    return Upstreams({name: registry or name for name, _, registry in pairs}, mirrored)


def _allowed(name: str, upstreams: Upstreams) -> str:
    if name in upstreams.registries and name != ANY:
        return upstreams.registries[name]
    if name in upstreams.registries.values() or upstreams.is_open:
        return name
    raise PermissionDenied(
        f"this proxy does not ask {name}", reason="UPSTREAM_NOT_ALLOWED", metadata={"registry": name}
    )


def _completed(registry: str, path: str) -> str:
    """Complete docker.io's short names, which only clients that speak to a mirror send in full."""
    return f"library/{path}" if registry == "docker.io" and "/" not in path else path
