import asyncio
import sqlite3
import threading

import pytest

from strata_chassis.database import Database
from strata_chassis.errors import DataLoss, FailedPrecondition, ResourceExhausted

FIRST = "CREATE TABLE item (name TEXT PRIMARY KEY)"
SECOND = "ALTER TABLE item ADD COLUMN size INTEGER DEFAULT 7"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "items.db"


def insert(name):
    return lambda connection: connection.execute("INSERT INTO item (name) VALUES (?)", (name,))


def names(connection):
    return [row["name"] for row in connection.execute("SELECT name FROM item ORDER BY name")]


async def test_what_is_written_is_there_after_reopening(path):
    with Database(path, [FIRST]) as database:
        await database.write(insert("a"))
    with Database(path, [FIRST]) as database:
        assert await database.read(names) == ["a"]


async def test_a_newer_strata_brings_old_records_along(path):
    with Database(path, [FIRST]) as database:
        await database.write(insert("a"))
    with Database(path, [FIRST, SECOND]) as database:
        assert await database.read(lambda db: db.execute("SELECT size FROM item").fetchone()["size"]) == 7


def test_an_older_strata_keeps_its_hands_off(path):
    Database(path, [FIRST, SECOND]).close()
    with pytest.raises(FailedPrecondition) as caught:
        Database(path, [FIRST])
    assert caught.value.reason == "DATABASE_TOO_NEW"


def test_a_migration_is_applied_as_a_whole_or_not_at_all(path):
    with pytest.raises(sqlite3.OperationalError):
        Database(path, [FIRST + "; CREATE TABLE nonsense"])
    Database(path, [FIRST]).close()


async def test_a_write_that_raises_changes_nothing(path):
    def insert_and_fail(connection):
        insert("a")(connection)
        raise RuntimeError("on purpose")

    with Database(path, [FIRST]) as database:
        with pytest.raises(RuntimeError):
            await database.write(insert_and_fail)
        assert await database.read(names) == []
        await database.write(insert("b"))
        assert await database.read(names) == ["b"]


async def test_a_reader_cannot_write(path):
    with Database(path, [FIRST]) as database, pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.read(insert("a"))


async def test_writes_happen_one_after_the_other_in_one_named_thread(path):
    seen = set()

    def count_up(connection):
        seen.add(threading.current_thread().name)
        (size,) = connection.execute("SELECT count(*) FROM item").fetchone()
        insert(str(size))(connection)

    with Database(path, [FIRST]) as database:
        await asyncio.gather(*(database.write(count_up) for _ in range(20)))
        assert len(await database.read(names)) == 20
    assert len(seen) == 1
    assert seen.pop().startswith("items-writer")


async def test_a_write_that_has_begun_is_finished_when_its_caller_is_gone(path):
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection):
        begun.set()
        go_on.wait()
        insert("a")(connection)

    with Database(path, [FIRST]) as database:
        async with asyncio.TaskGroup() as tasks:
            write = tasks.create_task(database.write(slow))
            await asyncio.to_thread(begun.wait)
            write.cancel()
            go_on.set()
        await database.write(lambda _: None)
        assert await database.read(names) == ["a"]


def test_a_damaged_file_is_data_loss(path):
    path.write_bytes(b"this was a database once" * 100)
    with pytest.raises(DataLoss) as caught:
        Database(path, [FIRST])
    assert caught.value.metadata == {"database": "items.db"}


async def test_a_full_disk_is_said_to_be_full(path):
    with Database(path, [FIRST]) as database:
        await database.write(lambda db: db.execute("PRAGMA max_page_count = 3"))
        with pytest.raises(ResourceExhausted) as caught:
            await database.write(insert("x" * 100_000))
        assert caught.value.reason == "DISK_FULL"


async def test_a_mistake_in_our_sql_stays_what_it_is(path):
    with Database(path, [FIRST]) as database:
        await database.write(insert("a"))
        with pytest.raises(sqlite3.IntegrityError):
            await database.write(insert("a"))
