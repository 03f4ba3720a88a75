"""Find the handler of a request: path patterns with named parts, most of them one segment long."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from strata_gateway.web.exchange import Exchange

Handler = Callable[[Exchange], Awaitable[None]]


@dataclass(frozen=True)
class Route:
    """``pattern`` is a path with ``{name}`` for one segment and ``{name*}`` for one or more."""

    method: str
    pattern: str
    handler: Handler


class PathUnknown(Exception):
    """No route has this path."""


class Router:
    """A table of routes, tried in order within each method."""

    def __init__(self, routes: list[Route]) -> None:
        self._routes = [(route.method, _compile(route.pattern), route.handler) for route in routes]

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]]:
        """Handler and named parts; raises PathUnknown."""
        wanted = "GET" if method == "HEAD" else method
        for candidate in dict.fromkeys((method, wanted)):
            for route_method, pattern, handler in self._routes:
                match = pattern.fullmatch(path) if route_method == candidate else None
                if match:
                    return handler, match.groupdict()
        raise PathUnknown


def _compile(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+\*?)\}", pattern)
    expression = "".join(_part(text) if index % 2 else re.escape(text) for index, text in enumerate(parts))
    return re.compile(expression)


def _part(name: str) -> str:
    return f"(?P<{name[:-1]}>.+)" if name.endswith("*") else f"(?P<{name}>[^/]+)"
