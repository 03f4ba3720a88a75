"""What is written down: in order, in shared transactions, and readable by later versions."""

import asyncio
import contextlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from strata_chassis.database import Database
from strata_chassis.errors import OutOfRange
from strata_runtime.adapters.state import rows
from strata_runtime.adapters.state.journal import Journal
from strata_runtime.adapters.state.migrations import MIGRATIONS
from strata_runtime.adapters.volumes import load_volumes
from strata_runtime.core.container.record import Container
from strata_runtime.core.container.spec import ContainerSpec
from strata_runtime.core.event import Event
from strata_runtime.engine.watching import watch

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
RECORD_OF_VERSION_1 = '{"id":"x","name":"old","spec":{"command":["true"]},"state":5,"exit_code":3}'


def event(action: str) -> Event:
    return Event(NOW, "container", action, "x", {"name": "n"})


@contextlib.asynccontextmanager
async def journal_of(database: Database):
    journal = Journal(database)
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(journal.run())
        yield journal
        writing.cancel()


@pytest.fixture
def database(tmp_path):
    with Database(tmp_path / "runtime.db", MIGRATIONS) as opened:
        yield opened


def test_a_database_of_version_1_can_be_read(tmp_path):
    path = tmp_path / "runtime.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(MIGRATIONS[0] + "PRAGMA user_version = 1;")
        connection.execute("INSERT INTO containers VALUES ('x', ?)", (RECORD_OF_VERSION_1,))
        connection.execute("INSERT INTO volumes VALUES ('v', '{\"name\":\"v\"}')")
        connection.commit()
    with Database(path, MIGRATIONS), closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        (container,) = rows.load_containers(connection)
        assert (container.name, container.exit_code, container.spec.command) == ("old", 3, ("true",))
        assert [volume.name for volume in load_volumes(connection)] == ["v"]


async def test_changes_and_events_are_on_the_disk_once_flushed(database):
    async with journal_of(database) as journal:
        journal.save(Container("x", "n", ContainerSpec()), event("create"))
        journal.save(Container("x", "renamed", ContainerSpec()), event("rename"))
        await journal.flushed()
        (container,) = await database.read(rows.load_containers)
        assert container.name == "renamed"
        found = await database.read(lambda connection: rows.events_after(connection, 0, 0, 10))
        assert [(item.cursor, item.action, item.time) for item in found] == [(1, "create", NOW), (2, "rename", NOW)]


async def test_what_was_submitted_is_written_at_the_end(database):
    async with journal_of(database) as journal:
        journal.save(Container("x", "n", ContainerSpec()))
        await journal.flushed()
        journal.save(Container("y", "m", ContainerSpec()))
    assert len(await database.read(rows.load_containers)) == 2


async def test_a_client_that_was_away_misses_no_event(database):
    async with journal_of(database) as journal:
        journal.record(event("one"), event("two"), event("three"))
        seen = watch(database, journal, after=1, since=None, until=None)
        assert [(await anext(seen)).action for _ in range(2)] == ["two", "three"]
        journal.record(event("four"))
        assert (await anext(seen)).cursor == 4
        await seen.aclose()


async def test_a_cursor_that_is_not_kept_is_told(database):
    async with journal_of(database) as journal:
        journal.record(*(event(str(number)) for number in range(10)))
        journal.apply(lambda connection: rows.trim_events(connection, 3))
        await journal.flushed()
        for cursor in (2, 99):
            with pytest.raises(OutOfRange):
                await anext(watch(database, journal, after=cursor, since=None, until=None))
        assert (await anext(watch(database, journal, after=7, since=None, until=None))).cursor == 8


async def test_cursors_never_go_back_though_all_events_were_forgotten(database):
    async with journal_of(database) as journal:
        journal.record(event("one"))
        journal.apply(lambda connection: connection.execute("DELETE FROM events"))
        journal.record(event("two"))
        await journal.flushed()
        (found,) = await database.read(lambda connection: rows.events_after(connection, 0, 0, 10))
        assert found.cursor == 2


async def test_a_change_that_cannot_be_written_takes_no_other_with_it(database):
    def broken(_: sqlite3.Connection) -> None:
        raise ValueError("broken")

    journal = Journal(database)
    journal.save(Container("x", "n", ContainerSpec()), event("create"))
    journal.apply(broken)
    failed = journal.last
    journal.save(Container("y", "m", ContainerSpec()))
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(journal.run())
        await journal.flushed()
        writing.cancel()
    assert isinstance(failed.exception(), ValueError)
    assert {container.id for container in await database.read(rows.load_containers)} == {"x", "y"}
    found = await database.read(lambda connection: rows.events_after(connection, 0, 0, 10))
    assert [item.action for item in found] == ["create"]
