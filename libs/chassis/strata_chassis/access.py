"""What is remembered of every call: one line in the log, one observation in the latency histogram."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from strata_chassis.errors import StrataError
from strata_chassis.logs import fields
from strata_chassis.metrics import Metrics

_log = logging.getLogger("strata.access")
# Asked all the time by machines; their lines would hide the others.
_QUIET = ("/grpc.health.", "/grpc.reflection.", "/grpc.channelz.")


@dataclass(slots=True)
class Call:
    """One call on its way through the server; its outcome is noted by the one who decides it."""

    method: str
    peer: str
    code: str = "OK"
    error: StrataError | None = None
    cause: BaseException | None = None
    started: float = field(default_factory=time.perf_counter)

    def failed(self, code: str, error: StrataError, cause: BaseException | None) -> None:
        """Note what the caller is told, and the exception behind it if nobody had translated that."""
        self.code, self.error, self.cause = code, error, cause


class AccessLog:
    """Observes calls."""

    def __init__(self, metrics: Metrics) -> None:
        self._latency = metrics.histogram("rpc_duration_seconds", "Time of calls until their end.", ["method", "code"])

    @contextmanager
    def observed(self, call: Call) -> Iterator[None]:
        """Log and measure what happens in the block."""
        try:
            yield
        except asyncio.CancelledError:
            call.code = "CANCELLED"
            raise
        finally:
            duration_s = time.perf_counter() - call.started
            self._latency.labels(call.method, call.code).observe(duration_s)
            _write(call, duration_s)


def _write(call: Call, duration_s: float) -> None:
    level = logging.DEBUG if call.method.startswith(_QUIET) else logging.INFO
    values = {"method": call.method, "code": call.code, "duration_ms": round(duration_s * 1000, 2), "peer": call.peer}
    if call.error is not None:
        values |= {"reason": call.error.reason, "error": call.error.message}
    if call.cause is not None and call.code == "INTERNAL":
        _log.error("call failed", extra=fields(**values), exc_info=call.cause)
    else:
        _log.log(level, "call", extra=fields(**values))
