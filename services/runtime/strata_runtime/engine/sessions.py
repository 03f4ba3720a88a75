"""Interactive sessions: input from a client to a task, output back, each at its own pace."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from strata_chassis.errors import Unavailable
from strata_runtime.adapters.launcher_session import Ended, LogPlace, Output, Session
from strata_runtime.adapters.logs.entries import LogEntry
from strata_runtime.core.container.record import Container
from strata_runtime.core.event import container_event
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.output import follow_from, read_until
from strata_runtime.engine.parts import Parts
from strata_runtime.engine.starting import Terminal, start


@dataclass(frozen=True, slots=True)
class Stdin:
    """Bytes for stdin."""

    data: bytes


@dataclass(frozen=True, slots=True)
class CloseStdin:
    """No more stdin."""


@dataclass(frozen=True, slots=True)
class Resize:
    """New size of the terminal."""

    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal for the process."""

    name: str


Input = Stdin | CloseStdin | Resize | Signal


@dataclass(frozen=True, slots=True)
class AttachWish:
    """What a client wants of a container's streams. ``logs``: what was written so far comes first."""

    stdin: bool = False
    stdout: bool = True
    stderr: bool = True
    logs: bool = False
    start: bool = False
    terminal: Terminal = Terminal()

    def streams(self) -> list[str]:
        """Names of the output streams."""
        return [name for name, wanted in (("stdout", self.stdout), ("stderr", self.stderr)) if wanted]


async def feed(session: Session, inputs: AsyncIterator[Input], send_signal: Callable[[str], Awaitable[None]]) -> None:
    """Pass a client's input on until it ends; the end of input is the end of stdin too."""
    try:
        async for item in inputs:
            match item:
                case Stdin(data):
                    await session.send_stdin(data)
                case CloseStdin():
                    await session.close_stdin()
                case Resize(columns, rows):
                    await session.resize(columns, rows)
                case Signal(name):
                    await send_signal(name)
    except Unavailable:
        return  # the task has ended, or the launcher: the output side tells


async def attach(parts: Parts, entry: Entry, wish: AttachWish) -> Session:
    """Connect to a container's streams, running or not, and start it if asked to."""
    container = entry.container
    holds = wish.stdin or container.spec.tty
    session = await parts.launcher.attach(
        container.id, wait=True, streams=wish.streams(), stdin=wish.stdin, holds=holds
    )
    parts.journal.record(container_event(container, "attach", parts.now()))
    if wish.start:
        try:
            await start(parts, entry, wish.terminal)
        except BaseException:
            session.close()
            raise
    return session


async def output_of(
    parts: Parts, container: Container, session: Session, wish: AttachWish
) -> AsyncIterator[Output | Ended]:
    """What a container writes, then its end; a client that was too slow is served from the log instead."""
    if wish.logs and session.log_place is not None:
        async for output in _from_log(read_until(parts, container, session.log_place), wish):
            yield output
    async for event in session.events():
        if not isinstance(event, LogPlace):
            yield event
        elif event.lagged:
            async for output in _from_log(follow_from(parts, container, event), wish):
                yield output
            yield Ended(0)
            return


async def _from_log(batches: AsyncIterator[list[LogEntry]], wish: AttachWish) -> AsyncIterator[Output]:
    async for batch in batches:
        for output in _joined(batch, wish):
            yield output


def _joined(entries: list[LogEntry], wish: AttachWish) -> Iterator[Output]:
    """What a client asked for of some log entries, neighbours of one stream put together."""
    wanted = (entry for entry in entries if (wish.stderr if entry.is_stderr else wish.stdout))
    for is_stderr, run in groupby(wanted, key=lambda entry: entry.is_stderr):
        yield Output(b"".join(entry.data for entry in run), is_stderr)


async def end_of(entry: Entry, session_end: Ended | None) -> Container:
    """The container as it was when it ended: the record knows more than the session (memory, errors).

    Raises Unavailable if the session ended without an end of the container.
    """
    if session_end is None:
        raise Unavailable("the launcher has gone; the container goes on", reason="LAUNCHER_UNAVAILABLE")
    if entry.container.state.is_live:
        return await asyncio.shield(entry.next_exit())
    async with entry.lock:  # a start that failed is being written down
        return entry.container
