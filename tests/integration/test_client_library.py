"""The Python client library, blocking and asynchronous, on a real suite."""

from __future__ import annotations

import asyncio
import io
import tarfile
from collections.abc import AsyncIterator, Iterator

import pytest

from strata_chassis.errors import DeadlineExceeded, NotFound
from strata_client import AsyncClient, Client, exec_spec, spec
from tests.fixtures.suite import Suite


@pytest.fixture
def client(suite: Suite) -> Iterator[Client]:
    with Client(f"unix://{suite.socket}") as connected:
        yield connected


@pytest.fixture
async def async_client(suite: Suite) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(f"unix://{suite.socket}") as connected:
        yield connected


@pytest.fixture
def box(client: Client, tiny: str) -> str:
    container = client.containers.create(spec(tiny, ["sleep", "1000"], name="box"))
    client.containers.start(container.id)
    return container.name


def test_run_gives_status_and_outputs(client: Client, tiny: str) -> None:
    done = client.containers.run(tiny, ["sh", "-c", "cat; echo bad >&2; exit 3"], stdin=b"hello")
    assert (done.exit_code, done.stdout, done.stderr) == (3, b"hello", b"bad\n")
    assert list(client.containers.list(include_stopped=True)) == []


def test_a_pull_gives_the_image(client: Client, tiny: str) -> None:
    image = client.images.pull(tiny)
    assert tiny in image.names
    assert image.digest in {one.digest for one in client.images.list()}


def test_exec_gives_status_and_outputs(client: Client, box: str) -> None:
    done = client.containers.exec(box, ["sh", "-c", "wc -c; exit 4"], stdin=bytes(5_000_000))
    assert (done.exit_code, done.stdout.strip()) == (4, b"5000000")


def test_a_session_is_a_conversation(client: Client, box: str) -> None:
    with client.containers.open(box, exec_spec(["cat"], stdin=True)) as session:
        session.send(b"ping\n")
        answer = next(output.stdout for output in session if output.stdout)
        session.close_stdin()
        last = list(session)[-1]
    assert (answer, last.exit.exit_code) == (b"ping\n", 0)


def test_a_container_lives_and_dies(client: Client, box: str) -> None:
    with pytest.raises(DeadlineExceeded):
        client.containers.wait(box, timeout_s=0.2)
    client.containers.stop(box, timeout_s=0)
    assert client.containers.wait(box) == 137
    client.containers.remove(box)
    with pytest.raises(NotFound):
        client.containers.get(box)


def test_logs_are_given_line_by_line(client: Client, tiny: str) -> None:
    container = client.containers.create(spec(tiny, ["sh", "-c", "echo one; echo two"], name="talk"))
    client.containers.start(container.id)
    assert [entry.data for entry in client.containers.logs("talk", follow=True)] == [b"one\n", b"two\n"]


def test_files_go_in_and_come_out(client: Client, box: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo("note")
        info.size = 5
        tar.addfile(info, io.BytesIO(b"hello"))
    client.containers.copy_in(box, "/tmp", [packed.getvalue()])
    with tarfile.open(fileobj=io.BytesIO(b"".join(client.containers.copy_out(box, "/tmp/note")))) as tar:
        content = tar.extractfile("note")
        assert content is not None
        assert content.read() == b"hello"


def test_the_sharing_report_adds_up(client: Client, tiny: str) -> None:
    report = client.images.sharing_report()
    assert tiny in {name for image in report.images for name in image.names}
    assert report.stored_bytes > 0


def test_the_engine_says_what_it_is(client: Client) -> None:
    assert client.system.version().version
    assert client.system.info().runtime.cpus > 0


async def test_many_containers_run_at_once(async_client: AsyncClient, tiny: str) -> None:
    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(async_client.containers.run(tiny, ["echo", str(n)])) for n in range(5)]
    assert [run.result().stdout for run in runs] == [b"%d\n" % n for n in range(5)]


async def test_the_asynchronous_client_does_the_same(async_client: AsyncClient, tiny: str) -> None:
    container = await async_client.containers.create(spec(tiny, ["cat"], name="box"))
    await async_client.containers.start(container.id)
    assert [one.name async for one in async_client.containers.list(include_stopped=True)] == ["box"]
    assert tiny in {name async for image in async_client.images.list() for name in image.names}
    assert (await async_client.images.pull(tiny)).id == container.image_id


async def test_an_asynchronous_session_is_a_conversation(async_client: AsyncClient, box: str) -> None:
    session = await async_client.containers.open(box, exec_spec(["cat"], stdin=True))
    async with session:
        await session.send(b"ping\n")
        while (output := await session.receive()) is not None and not output.stdout:
            pass
        assert output is not None
        assert output.stdout == b"ping\n"
        await session.close_stdin()
        assert [one async for one in session][-1].exit.exit_code == 0
