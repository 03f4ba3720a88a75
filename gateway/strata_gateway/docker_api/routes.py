"""The shape of a handler, and of the tables in which modules list theirs."""

from collections.abc import Awaitable, Callable

from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange

Handler = Callable[[Engine, Exchange], Awaitable[None]]
Routes = tuple[tuple[str, str, Handler], ...]
