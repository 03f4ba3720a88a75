"""Verifying every stored byte at a bounded rate, while everything goes on being used."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from secrets import token_hex

from strata_oci.digest import Digest
from strata_store.adapters import database_care
from strata_store.adapters.records import images, layers, leases
from strata_store.adapters.records.garbage import Policy
from strata_store.adapters.records.images import ImageRecord
from strata_store.adapters.records.layers import LayerRecord
from strata_store.engine.collector import Collector
from strata_store.engine.repair import Repairer
from strata_store.engine.stores import Stores
from strata_store.engine.verify import Verdict, verify_file, verify_layer, verify_remnant

_STEP_BYTES = 16 << 20
LEASES = "scrub/"
"""Begins the names of the leases of what is being verified: none outlives the process."""


class Outcome(Enum):
    """What became of a finding, as the contract has it."""

    QUARANTINED = 1
    REPAIRED = 2


@dataclass(frozen=True)
class Finding:
    """Something damaged."""

    digest: str
    detail: str
    outcome: Outcome


@dataclass(frozen=True)
class Step:
    """How far a scrub has come, and perhaps what it found."""

    verified_bytes: int
    total_bytes: int
    finding: Finding | None = None


@dataclass(frozen=True)
class Task:
    """What to verify (no layers named: everything), how fast (0: as configured), and whether to repair."""

    diff_ids: Sequence[Digest] = ()
    rate_bytes_per_s: int = 0
    is_repairing: bool = False


@dataclass(frozen=True)
class Clock:
    """Time as a scrub knows it."""

    now_s: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]


_CLOCK = Clock(time.monotonic, asyncio.sleep)


class _Pace:
    """Holds a reader to a rate."""

    def __init__(self, rate: int, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._start = clock.now_s()
        self.bytes = 0

    async def passed(self, size: int) -> None:
        self.bytes += size
        ahead_s = self.bytes / self._rate - (self._clock.now_s() - self._start)
        if ahead_s > 0:
            await self._clock.sleep(ahead_s)


class Scrubber:
    """Verifies layers, the oldest first, then merged indexes."""

    def __init__(
        self,
        stores: Stores,
        repairer: Repairer,
        collector: Collector,
        *,
        rate_bytes_per_s: int,
        clock: Clock = _CLOCK,
    ) -> None:
        self._clock = clock
        self._stores = stores
        self._repairer = repairer
        self._collector = collector
        self._rate = rate_bytes_per_s

    async def scrub(self, task: Task) -> AsyncIterator[Step]:
        """Verify; yields progress and findings. What is damaged is used no more; with repair, it is made again."""
        records = await self._stores.database.read(layers.every)
        wanted = {str(diff_id) for diff_id in task.diff_ids}
        chosen = [record for record in records if (not wanted or record.diff_id in wanted) and not record.is_damaged]
        stacks = [] if wanted else await self._stacks()
        total = sum(record.logical_bytes if record.is_live else record.stored_bytes for record in chosen)
        pace = _Pace(task.rate_bytes_per_s or self._rate, self._clock)
        for listed in chosen:
            async with self._held(listed.id) as record:
                # What was removed since it was listed is no finding, and what was damaged through another is one.
                if record is None or record.is_damaged:
                    continue
                async for verdict in self._read(record, pace):
                    findings = await self._damaged(record, verdict, task) if verdict else [None]
                    for finding in findings:
                        yield Step(pace.bytes, max(total, pace.bytes), finding)
        for image in stacks:
            size, verdict = await self._stores.images.check_index(image, _verify_index)
            await pace.passed(size)
            if verdict:
                yield Step(pace.bytes, pace.bytes, Finding(image.digest, verdict, Outcome.REPAIRED))
        await self._collector.collect(Policy())
        yield Step(pace.bytes, pace.bytes, await self._stores.threads.run(_check_database, self._stores.root.path))

    @asynccontextmanager
    async def _held(self, layer: int) -> AsyncIterator[LayerRecord | None]:
        """Keep a layer as it is, safe from removal and trimming; yields its record of now, None if it is gone."""
        lease = LEASES + token_hex(8)

        def hold(connection: sqlite3.Connection) -> LayerRecord | None:
            record = layers.find_by_id(connection, layer)
            if record is not None:
                leases.ensure(connection, lease, time.time_ns())
                leases.hold(connection, lease, layers=[layer])
            return record

        try:
            async with self._stores.images.committing:  # so no trim is under way: record and files agree
                record = await self._stores.database.write(hold)
            yield record
        finally:
            await self._stores.database.write(lambda connection: leases.delete(connection, lease))

    async def _read(self, record: LayerRecord, pace: _Pace) -> AsyncIterator[Verdict]:
        """Read one layer; yields an empty verdict now and then, and at most one that is not."""
        files = await self._stores.layers.files(record)
        whole = verify_layer(record, files.devices) if record.is_live else None
        pieces = whole or verify_remnant(record, files.index.parent)
        while (step := await self._stores.threads.run(_advance, pieces)) is not None:
            size, verdict = step
            await pace.passed(size)
            yield verdict
            if verdict:
                return

    async def _damaged(self, record: LayerRecord, verdict: Verdict, task: Task) -> list[Finding]:
        """Let nobody use a layer, nor those that read files from it; they are findings, too."""
        borrowers = await self._stores.database.write(lambda connection: layers.quarantine(connection, record.id))
        through = f"it reads files from layer {record.diff_id}, which is damaged"
        found = [(record, verdict), *((borrower, through) for borrower in borrowers)]
        return [await self._finding(layer, detail, task) for layer, detail in found]

    async def _finding(self, record: LayerRecord, detail: str, task: Task) -> Finding:
        outcome = Outcome.QUARANTINED
        if task.is_repairing and record.is_live and await self._repairer.repair(record):
            outcome = Outcome.REPAIRED
        return Finding(record.diff_id, f"layer {record.diff_id}: {detail}", outcome)

    async def _stacks(self) -> list[ImageRecord]:
        """Return one image for each merged index."""
        found = await self._stores.database.read(images.every)
        return list({image.stack: image for image in found}.values())


def _verify_index(path: Path, digest: bytes) -> tuple[int, Verdict]:
    return verify_file(path, digest, "its merged index")


def _check_database(root: Path) -> Finding | None:
    """Verify the records; if they are sound, keep a copy of them. A damaged database is restored at the next start."""
    problem = database_care.problem_of(root / database_care.DATABASE)
    if problem:
        return Finding("", f"the database: {problem}", Outcome.QUARANTINED)
    database_care.copy(root)
    return None


def _advance(pieces: Iterator[tuple[int, Verdict]]) -> tuple[int, Verdict] | None:
    """Take as many steps as make a piece worth a thread's turn; none are left: None."""
    total = 0
    for size, verdict in pieces:
        total += size
        if verdict or total >= _STEP_BYTES:
            return total, verdict
    return (total, "") if total else None
