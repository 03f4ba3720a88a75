"""Calls that are not served, and why: clients get 501 with the reason. docs/docker-api.md lists the same."""

import re

UNSUPPORTED: tuple[tuple[str, str], ...] = (
    (r"/(swarm|nodes|services|tasks|secrets|configs)(/.*)?", "Strata runs on one host and is not part of a swarm"),
    (r"/plugins(/.*)?", "Strata has no plugins"),
    (r"/images/search", "searching needs an index service, which registries do not have"),
    (r"/(session|grpc)", "BuildKit is not served: use the classic builder (DOCKER_BUILDKIT=0)"),
    (r"/containers/[^/]+/checkpoints(/.*)?", "checkpoints are not made"),
    (r"/containers/[^/]+/attach/ws", "attaching by WebSocket is not served: use POST /containers/{id}/attach"),
)
_COMPILED = tuple((re.compile(pattern), reason) for pattern, reason in UNSUPPORTED)


def reason_for(path: str) -> str | None:
    """Why the path is not served; None for a path docker does not have either."""
    return next((reason for pattern, reason in _COMPILED if pattern.fullmatch(path)), None)
