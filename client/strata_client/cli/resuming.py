"""Going on after the gateway was restarted: containers do not notice it, and neither should who looks at them.

A session on a terminal is connected again and drawn anew. One that only shows output has the container's log replayed,
less what was shown already, so that not a byte is lost or doubled. One that feeds a container through a pipe cannot
know what has arrived, and ends with a sentence instead.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from strata.runtime.v1.container_pb2 import Container

from strata.runtime.v1 import runtime_pb2 as pb
from strata_chassis.errors import NotFound, Unavailable
from strata_client.cli import terminal
from strata_client.cli.attaching import ask_to_redraw, attach_request, output_of, wrap
from strata_client.cli.context import Context, warn
from strata_client.cli.session import Ended, Session, Terms, write_all
from strata_client.gateway import Gateway
from strata_client.wire.channel import ParsedMessage, Stream

R = TypeVar("R", bound=ParsedMessage)

PATIENCE_S = 30.0
"""How long a gateway may take to come back."""

_RETRY_S = 0.1
_SILENT_S = 1.5
_ALIVE = {Container.STATE_RUNNING, Container.STATE_PAUSED, Container.STATE_RESTARTING}


def run_resumably(context: Context, container: Container, session: Session[R]) -> Ended:
    """Serve a session to its end, over as many connections as it takes; raises Unavailable with a hint."""
    try:
        return _run_resumably(context, container, session)
    except Unavailable as error:
        message = f"{error.message}; the container goes on: 'strata attach {container.name}' connects again"
        raise Unavailable(message, reason=error.reason, metadata=error.metadata) from error


def _run_resumably(context: Context, container: Container, session: Session[R]) -> Ended:
    try:
        return session.run()
    except Unavailable as error:
        if not session.terms.can_resume:
            raise
        patience = _Patience(error)
    shown: Mapping[str, int] = session.shown
    while True:
        try:
            with context.connect() as gateway:
                ended, shown = _go_on(gateway, container, session.terms, shown, patience)
        except Unavailable as error:
            patience.spend(error)
            continue
        if ended is not None:
            return ended


def _go_on(
    gateway: Gateway, container: Container, terms: Terms, shown: Mapping[str, int], patience: "_Patience"
) -> tuple[Ended | None, Mapping[str, int]]:
    """Serve the session over a new connection; None for its end when that one is lost too."""
    try:
        current = gateway.call(pb.GetContainerRequest(container=container.id), pb.GetContainerResponse).container
    except NotFound:
        return Ended(_exit_of_removed(gateway, container)), shown
    if current.state not in _ALIVE:
        _show_rest(gateway, container, shown)
        return Ended(pb.ExitStatus(exit_code=current.exit_code, error=current.error)), shown
    with gateway.open(pb.AttachRequest, pb.AttachResponse) as stream:
        stream.send(attach_request(container, terms, replays=not terms.is_tty))
        if terms.is_tty:
            ask_to_redraw(stream)
        session = Session(gateway.channel, stream, wrap, output_of, terms, skips=None if terms.is_tty else shown)
        patience.renew()
        try:
            return session.run(), session.shown
        except Unavailable as error:
            patience.spend(error)
            return None, session.shown


def _show_rest(gateway: Gateway, container: Container, shown: Mapping[str, int]) -> None:
    """Write what a container that has exited wrote beyond what was shown."""
    left = dict(shown)
    with gateway.stream(pb.GetLogsRequest(container=container.id), pb.GetLogsResponse) as stream:
        for response in stream:
            for entry in response.entries:
                name = "stderr" if entry.stderr else "stdout"
                known = min(left.get(name, 0), len(entry.data))
                left[name] = left.get(name, 0) - known
                write_all(2 if entry.stderr else 1, entry.data[known:])


def _exit_of_removed(gateway: Gateway, container: Container) -> pb.ExitStatus | None:
    """Exit status of a container that removed itself meanwhile: events are kept longer than containers."""
    now = time.time()
    request = pb.WatchEventsRequest(since=container.create_time)
    request.until.FromNanoseconds(int(now * 10**9))
    code = ""
    with gateway.stream(request, pb.WatchEventsResponse) as stream:
        for response in stream:
            event = response.event
            if event.actor_id == container.id and event.action == "die":
                code = event.attributes.get("exitCode", "")
    return pb.ExitStatus(exit_code=int(code)) if code.isdigit() else None


def followed(context: Context, begin: Callable[[Gateway], Stream[R]]) -> Iterator[R]:
    """Give the responses of a stream that can be begun where it was lost; ``begin`` knows where that is."""
    patience: _Patience | None = None
    while True:
        try:
            with context.connect() as gateway, begin(gateway) as stream:
                for response in stream:
                    patience = _Patience()
                    yield response
                return
        except Unavailable as error:
            if patience is None:
                raise
            patience.spend(error)


class _Patience:
    """How much longer a gateway is waited for."""

    def __init__(self, first: Unavailable | None = None) -> None:
        self._ends_at = time.monotonic() + PATIENCE_S
        self._first = first
        self._is_told = False

    def renew(self) -> None:
        """Begin anew, after it was there."""
        self._ends_at = time.monotonic() + PATIENCE_S

    def spend(self, error: Unavailable) -> None:
        """Wait a little; raises what was lost first, once it takes too long."""
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            raise self._first or error
        if left_s < PATIENCE_S - _SILENT_S and not self._is_told and terminal.is_terminal(2):
            warn("strata: lost the gateway, waiting for it to come back; Ctrl-C leaves")
            self._is_told = True
        time.sleep(_RETRY_S)
