"""kill -9 in the middle of writing: what was acknowledged is there, and nothing is half there."""

import subprocess
import sys

import pytest

from strata_chassis.database import Database
from strata_chassis.durable import remove_scratch

SCHEMA = "CREATE TABLE item (number INTEGER PRIMARY KEY)"

WRITES_TO_A_DATABASE = f"""
import asyncio, itertools, sys
from pathlib import Path
from strata_chassis.database import Database

async def main(path):
    with Database(path, [{SCHEMA!r}]) as database:
        for number in itertools.count():
            await database.write(lambda connection: connection.execute("INSERT INTO item VALUES (?)", (number,)))
            print(number, flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""  # noqa: S608 - both texts are ours

REPLACES_A_FILE = """
import itertools, sys
from pathlib import Path
from strata_chassis.durable import write_atomic

for number in itertools.count():
    write_atomic(Path(sys.argv[1]), b"%d" % (number % 10) * 100_000)
    print(number, flush=True)
"""

COMMITS_DIRECTORIES = """
import itertools, sys
from pathlib import Path
from strata_chassis.durable import commit_dir

root = Path(sys.argv[1])
for number in itertools.count():
    staged = root / f"staged-{number}"
    staged.mkdir()
    for name in "abc":
        (staged / name).write_bytes(b"x" * 10_000)
    commit_dir(staged, root / str(number))
    print(number, flush=True)
"""


@pytest.fixture
def killed_after():
    """Return a function that runs code, kills it when it has acknowledged ``count`` writes, and tells the last one."""

    def run_and_kill(code, path, count):
        with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True) as process:
            for _ in range(count):
                process.stdout.readline()
            process.kill()
            rest = process.stdout.read().split()
        return int(rest[-1]) if rest else count - 1

    return run_and_kill


@pytest.mark.parametrize("count", [1, 2, 7, 50])
async def test_every_acknowledged_record_survives(tmp_path, killed_after, count):
    path = tmp_path / "items.db"
    last = killed_after(WRITES_TO_A_DATABASE, path, count)
    with Database(path, [SCHEMA]) as database:
        found = await database.read(lambda db: [row["number"] for row in db.execute("SELECT number FROM item")])
    assert found[: last + 1] == list(range(last + 1))
    assert len(found) <= last + 2


@pytest.mark.parametrize("count", [1, 2, 7, 50])
def test_a_file_is_always_whole(tmp_path, killed_after, count):
    path = tmp_path / "record"
    last = killed_after(REPLACES_A_FILE, path, count)
    data = path.read_bytes()
    assert data in (b"%d" % (last % 10) * 100_000, b"%d" % ((last + 1) % 10) * 100_000)
    remove_scratch(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["record"]


@pytest.mark.parametrize("count", [1, 2, 7, 50])
def test_a_committed_directory_is_always_complete(tmp_path, killed_after, count):
    last = killed_after(COMMITS_DIRECTORIES, tmp_path, count)
    committed = [entry for entry in tmp_path.iterdir() if not entry.name.startswith("staged-")]
    assert len(committed) in (last + 1, last + 2)
    sizes = {
        directory.name: sorted((file.name, file.stat().st_size) for file in directory.iterdir())
        for directory in committed
    }
    assert set(map(tuple, sizes.values())) == {(("a", 10_000), ("b", 10_000), ("c", 10_000))}
