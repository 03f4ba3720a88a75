"""What a container wrote, and what it goes on to write, from its log."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from strata_chassis.errors import FailedPrecondition, NotFound
from strata_runtime.adapters.launcher_session import Ended, LogPlace, Session
from strata_runtime.adapters.logs.entries import LogEntry
from strata_runtime.adapters.logs.files import log_files, offset_of_tail, read_entries
from strata_runtime.core.container.record import Container
from strata_runtime.engine.parts import Parts

_BATCH_ENTRIES = 256
_BATCH_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class LogWish:
    """Which part of a log is wanted; times are nanoseconds since the epoch, 0 for none."""

    follow: bool = False
    since_ns: int = 0
    until_ns: int = 0
    tail: int | None = None
    stdout: bool = True
    stderr: bool = True

    def wants(self, entry: LogEntry) -> bool:
        """Whether an entry is part of it."""
        return (self.stderr if entry.is_stderr else self.stdout) and entry.time_ns >= self.since_ns


async def read_log(parts: Parts, container: Container, wish: LogWish) -> AsyncIterator[list[LogEntry]]:
    """Entries in batches. Raises FailedPrecondition if the container keeps no log."""
    if container.spec.log_config.driver == "none":
        raise FailedPrecondition(f"container {container.name} keeps no log", reason="LOGS_DISABLED")
    place = await _follow_place(parts, container) if wish.follow else None
    async for batch in _batches(parts, _entries(parts, container, wish, place[1] if place else None)):
        kept = [entry for entry in batch if wish.wants(entry)]
        if wish.until_ns and any(entry.time_ns >= wish.until_ns for entry in kept):
            yield [entry for entry in kept if entry.time_ns < wish.until_ns]
            return
        yield kept
    if place is not None:
        async for batch in _follow(parts, container, wish, *place):
            yield batch


async def read_until(parts: Parts, container: Container, place: LogPlace) -> AsyncIterator[list[LogEntry]]:
    """All entries before a place of the current file."""
    async for batch in _batches(parts, _entries(parts, container, LogWish(), place)):
        yield batch


async def follow_from(parts: Parts, container: Container, place: LogPlace) -> AsyncIterator[list[LogEntry]]:
    """Entries from a place on, to the end of the container's run."""
    watching = await _follow_place(parts, container)
    path = parts.paths.log(container.id)
    async for batch in _grown(parts, path, place, watching[1] if watching else None):
        yield batch
    if watching is not None:
        async for batch in _follow(parts, container, LogWish(follow=True), *watching):
            yield batch


async def _follow_place(parts: Parts, container: Container) -> tuple[Session, LogPlace] | None:
    """A watch on the log's growth and the place it begins at; None if nothing runs."""
    try:
        session = await parts.launcher.attach(container.id, follows=True)
    except NotFound:
        return None
    if session.log_place is None:
        session.close()
        return None
    return session, session.log_place


def _entries(parts: Parts, container: Container, wish: LogWish, until: LogPlace | None) -> Iterator[LogEntry]:
    path = parts.paths.log(container.id)
    files = log_files(path)
    if wish.tail is not None and files:
        yield from _tail(files, path, wish.tail, until)
        return
    for file in files:
        yield from read_entries(file, 0, until.offset if until and file == path else None)


def _tail(files: list[Path], path: Path, lines: int, until: LogPlace | None) -> Iterator[LogEntry]:
    """The last lines of the newest file, topped up from older ones."""
    chosen: list[tuple[Path, int]] = []
    for file in reversed(files):
        start = offset_of_tail(file, lines)
        chosen.insert(0, (file, start))
        if start > 0 or lines <= 0:
            break
        lines -= sum(entry.data.endswith(b"\n") for entry in read_entries(file))
    for file, start in chosen:
        yield from read_entries(file, start, until.offset if until and file == path else None)


def _files_from(path: Path, place: LogPlace, now: LogPlace | None) -> Iterator[tuple[Path, int]]:
    """Files from a place on: rotation has given the file of the place a number since."""
    rotations = now.generation - place.generation if now else 0
    for number in range(rotations, -1, -1):
        file = path.with_name(f"{path.name}.{number}") if number else path
        if file.exists():
            yield file, place.offset if number == rotations else 0


async def _follow(
    parts: Parts, container: Container, wish: LogWish, session: Session, place: LogPlace
) -> AsyncIterator[list[LogEntry]]:
    path = parts.paths.log(container.id)
    try:
        async for event in session.events():
            if isinstance(event, LogPlace):
                async for batch in _grown(parts, path, place, event):
                    kept = [entry for entry in batch if wish.wants(entry)]
                    past_end = bool(wish.until_ns) and any(entry.time_ns >= wish.until_ns for entry in kept)
                    yield [entry for entry in kept if not wish.until_ns or entry.time_ns < wish.until_ns]
                    if past_end:
                        return
                place = event
            elif isinstance(event, Ended):
                async for batch in _grown(parts, path, place, None):
                    yield [entry for entry in batch if wish.wants(entry)]
                return
    finally:
        session.close()


async def _grown(parts: Parts, path: Path, before: LogPlace, after: LogPlace | None) -> AsyncIterator[list[LogEntry]]:
    for file, start in _files_from(path, before, after):
        end = after.offset if after is not None and file == path else None
        async for batch in _batches(parts, read_entries(file, start, end)):
            yield batch


async def _batches(parts: Parts, entries: Iterator[LogEntry]) -> AsyncIterator[list[LogEntry]]:
    """Entries in batches, read in a thread."""
    while batch := await parts.threads.run(_next_batch, entries):
        yield batch


def _next_batch(entries: Iterator[LogEntry]) -> list[LogEntry]:
    batch: list[LogEntry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += len(entry.data)
        if len(batch) >= _BATCH_ENTRIES or size >= _BATCH_BYTES:
            break
    return batch
