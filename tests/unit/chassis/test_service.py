"""The whole process of a service: started, signalled, looked at from outside."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from strata_chassis.channel import connect
from strata_chassis.errors import StrataError, Unavailable

SCRIPT = Path(__file__).with_name("probe_service.py")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives up root's rights, so it needs them")


@pytest.fixture
def folder():
    """Return a short path (sockets allow 107 bytes) that everybody may enter."""
    path = Path(tempfile.mkdtemp(prefix="strata-probe-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start(folder):
    """Return a context manager that starts a service, waits until it says READY, and gives process and channel."""

    @asynccontextmanager
    async def started(*flags, script=SCRIPT, **env):
        (folder / "notify").unlink(missing_ok=True)
        with _listener(folder) as notifications:
            process = await _process(folder, *flags, script=script, NOTIFY_SOCKET=str(folder / "notify"), **env)
            assert await _next(notifications) == b"READY=1\n"
            async with connect(f"unix://{folder}/run/probe.sock") as channel:
                yield process, channel, notifications
            if process.returncode is None:
                process.kill()
                await process.wait()

    return started


async def _process(folder, *flags, script=SCRIPT, **env):
    flags = ("--run-dir", folder / "run", "--state-dir", folder / "state", *flags)
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, script, *flags, env={**os.environ, **env}, stderr=pipe)


def _listener(folder):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(folder / "notify"))
    listener.setblocking(False)  # noqa: FBT003 - the socket's own parameter
    return listener


async def _next(notifications):
    return await asyncio.get_running_loop().sock_recv(notifications, 100)


def method(channel, name, shape="unary_stream"):
    return getattr(channel, shape)(f"/test.v1.ProbeService/{name}")


async def test_sigterm_lets_running_calls_end_and_exits_with_success(start, folder):
    async with start() as (process, channel, notifications):
        call = method(channel, "stay")(b"")
        assert await call.read() == b"here"
        process.send_signal(signal.SIGTERM)
        assert await _next(notifications) == b"STOPPING=1\n"
        assert await call.read() == b"goodbye"
        assert await process.wait() == 0
    assert (folder / "state" / "probe" / "unwired").exists()


async def test_calls_that_do_not_end_are_cancelled_after_the_grace(start):
    async with start("--grace-s", "0.1") as (process, channel, _):
        call = method(channel, "forever")(b"")
        assert await call.read() == b"here"
        process.send_signal(signal.SIGTERM)
        with pytest.raises(StrataError):
            await call.read()
        assert await process.wait() == 0


async def test_a_killed_service_starts_again_on_its_old_sockets(start):
    async with start() as (process, _, _):
        process.kill()
        await process.wait()
    async with start() as (_, channel, _):
        assert await method(channel, "stay")(b"").read() == b"here"


async def test_a_call_waits_for_a_service_that_is_being_restarted(start, folder):
    patient = connect(f"unix://{folder}/run/probe.sock", patience_s=60)
    async with patient as channel, asyncio.TaskGroup() as tasks:
        answer = tasks.create_task(method(channel, "stay")(b"").read())
        await asyncio.sleep(0)
        async with start():
            assert await answer == b"here"


async def test_a_call_that_was_given_up_is_never_made(start, folder):
    impatient = connect(f"unix://{folder}/run/probe.sock", patience_s=0)
    async with impatient as channel:
        with pytest.raises(Unavailable):
            await method(channel, "count", "unary_unary")(b"")
        async with start():
            await channel.channel_ready()
            assert await method(channel, "count", "unary_unary")(b"") == b"1"


@pytest.mark.parametrize(
    ("flags", "env", "status", "sentence"),
    [
        (["--grace-s", "soon"], {}, 78, b"--grace-s"),
        (["--listen", "tcp://127.0.0.1:0"], {}, 78, b"mutual TLS"),
        (["--user", "nobody-of-that-name"], {}, 66, b"no user"),
        ([], {"PROBE_FAILS": "1"}, 69, b"the probe was told to fail"),
    ],
)
async def test_a_service_that_cannot_start_says_why_in_one_sentence(folder, flags, env, status, sentence):
    process = await _process(folder, *flags, **env)
    _, errors = await process.communicate()
    assert process.returncode == status
    assert sentence in errors
    assert b"Traceback" not in errors
    assert errors.count(b"\n") == 1


@as_root
async def test_a_service_gives_up_root_and_imports_late_from_where_only_root_may_go(start, folder):
    checkout = folder / "root" / "checkout"
    checkout.mkdir(parents=True)
    checkout.parent.chmod(0o700)
    script = Path(shutil.copy(SCRIPT, checkout))
    (checkout / "late_module.py").write_text("ANSWER = 'imported'\n")
    async with start("--user", "nobody", script=script) as (_, channel, _):
        answer = await method(channel, "whoami", "unary_unary")(b"")
    uid = (folder / "state" / "probe").stat().st_uid
    assert answer == f"{uid} imported".encode()
    assert uid != 0


@as_root
async def test_root_is_not_to_be_had_back(folder):
    code = """
import os
from strata_chassis.privilege import drop_to
drop_to("nobody")
for attempt in (lambda: os.setuid(0), lambda: os.seteuid(0), lambda: os.setgroups([0]), lambda: open("/etc/shadow")):
    try:
        attempt()
    except PermissionError:
        continue
    raise SystemExit("still root")
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0


def _rollup(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, kib, _ = line.split()
        yield name.removesuffix(":"), int(kib)


async def test_an_idle_service_stays_small(start):
    async with start() as (process, _, _):
        rollup = dict(_rollup(process.pid))
    assert rollup["Private_Dirty"] < 22_000  # KiB; four services, the launcher and their shared code stay below 110 MB
