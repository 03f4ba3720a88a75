"""Attach and Exec: streams, terminals, signals, and clients that behave badly."""

import hashlib
import time

import grpc
import pytest

from strata.runtime.v1 import runtime_pb2 as pb

MIB = 1 << 20


@pytest.fixture
def sleeper(node):
    container = node.run("sleep", "1000")
    yield container
    node.remove(container)


def test_attach_with_start_misses_nothing(node, attach):
    session = attach(node.create("sh", "-c", "echo first; echo problem >&2; exit 5"), start=True)
    assert session.finish() == 5
    assert (session.stdout, session.stderr) == (b"first\n", b"problem\n")


def test_stdin_reaches_the_container_and_its_end_too(node, attach):
    session = attach(node.create("wc", "-c", open_stdin=True, stdin_once=True), start=True)
    for _ in range(20):
        session.send(stdin=b"x" * 50_000)
    session.send(close_stdin=True)
    assert session.finish() == 0
    assert session.stdout.strip() == b"1000000"


def test_twenty_megabytes_come_back_as_they_went(node, attach):
    session = attach(node.create("cat", open_stdin=True, stdin_once=True), start=True)
    sent = hashlib.sha256()
    for number in range(20):
        chunk = bytes([number]) * MIB
        sent.update(chunk)
        session.send(stdin=chunk)
    session.send(close_stdin=True)
    assert session.finish() == 0
    assert hashlib.sha256(session.stdout).digest() == sent.digest()


def test_a_container_without_open_stdin_reads_nothing(node):
    assert node.output("sh", "-c", "cat; echo end") == "end\n"


def test_attach_to_a_running_container_replays_its_log_if_asked(node, attach):
    container = node.run("sh", "-c", "echo before; read line; echo got $line", open_stdin=True)
    session = attach(container, logs=True)
    session.read_until(b"before\n")
    session.send(stdin=b"a line\n")
    assert session.finish() == 0
    assert session.stdout == b"before\ngot a line\n"


def test_a_terminal_has_the_size_it_was_given(node, attach):
    container = node.create("sh", tty=True, open_stdin=True)
    session = attach(container, start=True, terminal_size=pb.TerminalSize(width=91, height=17))
    session.send(stdin=b"stty size; tty\n")
    session.read_until(b"17 91")
    session.send(resize=pb.TerminalSize(width=120, height=40))
    session.send(stdin=b"stty size\n")
    session.read_until(b"40 120")
    session.send(stdin=b"exit 9\n")
    assert session.finish() == 9


@pytest.mark.parametrize("runtime", ["crun", "runc"])
def test_a_terminal_has_its_size_before_anything_runs(node, attach, runtime):
    size = pb.TerminalSize(width=91, height=17)
    for _ in range(3):
        session = attach(node.create("stty", "size", tty=True, runtime=runtime), start=True, terminal_size=size)
        session.finish()
        assert session.stdout == b"17 91\r\n"


def test_all_output_of_a_terminal_comes_before_its_end(node, attach):
    for _ in range(5):
        session = attach(node.create("sh", "-c", "yes line | head -n 2000; echo last", tty=True), start=True)
        assert session.finish() == 0
        assert session.stdout.endswith(b"last\r\n")
        assert session.stdout.count(b"line\r\n") == 2000


def test_a_signal_sent_through_the_session_arrives(node, attach):
    script = "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.05; done"
    session = attach(node.create("sh", "-c", script), start=True)
    session.read_until(b"ready")
    session.send(signal="SIGINT")
    assert session.finish() == 3
    assert b"caught" in session.stdout


def test_a_client_that_never_reads_harms_nobody(node, attach):
    container = node.create("sh", "-c", "yes $(seq 1 300) | head -c 30000000; echo done >&2")
    silent = attach(container, stdin=False)
    node.start(container)
    assert node.wait(container).exit_code == 0
    assert sum(len(entry.data) for entry in node.logs(container, exclude_stderr=True)) == 30_000_000
    silent.abandon()


def test_a_slow_client_without_input_gets_everything_from_the_log(node, attach):
    container = node.create("sh", "-c", "yes $(seq 1 300) | head -c 20000000; echo end")
    slow = attach(container, stdin=False)
    node.start(container)
    node.wait(container)
    assert slow.finish() == 0
    assert len(slow.stdout) == 20_000_000 + 4


def test_several_clients_see_the_same_output(node, attach):
    container = node.create("sh", "-c", "for i in 1 2 3; do echo $i; done")
    sessions = [attach(container, stdin=False) for _ in range(3)]
    node.start(container)
    assert [session.finish() for session in sessions] == [0, 0, 0]
    assert {bytes(session.stdout) for session in sessions} == {b"1\n2\n3\n"}


@pytest.mark.parametrize("runtime", ["crun", "runc"])
def test_exec_runs_a_further_process(node, execute, runtime):
    container = node.run("sleep", "1000", runtime=runtime)
    session = execute(container, "sh", "-c", "cat; echo $EXTRA; pwd; id -u; exit 6", env=["EXTRA=1"], user="user")
    session.send(stdin=b"input\n")
    session.send(close_stdin=True)
    assert session.finish() == 6
    assert session.stdout == b"input\n1\n/work/dir\n1000\n"
    node.remove(container)


def test_exec_separates_stdout_and_stderr(execute, sleeper):
    session = execute(sleeper, "sh", "-c", "echo out; echo err >&2")
    assert session.finish() == 0
    assert (session.stdout, session.stderr) == (b"out\n", b"err\n")


def test_exec_with_a_terminal(execute, sleeper):
    session = execute(sleeper, "sh", tty=True)
    session.send(stdin=b"tty; exit 2\n")
    assert session.finish() == 2
    assert b"/dev/pts/" in session.stdout


@pytest.mark.parametrize(
    ("command", "reason"), [("nonsense", "not found"), ("/bin/not-executable", "cannot be executed")]
)
def test_exec_of_what_cannot_run_fails(execute, sleeper, command, reason):
    with pytest.raises(grpc.RpcError) as error:
        execute(sleeper, command)
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason in error.value.details()


def test_exec_needs_a_running_container(node, execute):
    container = node.create("true")
    with pytest.raises(grpc.RpcError) as error:
        execute(container, "true")
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_an_exec_sessions_status_can_be_asked_for_afterwards(node, sleeper):
    spec = pb.ExecSpec(command=["sh", "-c", "exit 11"])
    exec_id = node.stub.CreateExec(pb.CreateExecRequest(container=sleeper, spec=spec)).exec_id
    header = pb.ExecRequest(header=pb.ExecHeader(exec_id=exec_id, detach=True))
    assert next(iter(node.stub.Exec(iter([header])))).output.started.exec_id == exec_id
    while (found := node.stub.GetExec(pb.GetExecRequest(exec_id=exec_id))).running:
        time.sleep(0.01)
    assert found.exit_code == 11


def test_what_an_exec_session_leaves_in_the_background_does_not_hold_it(node, execute, sleeper):
    session = execute(sleeper, "sh", "-c", "sleep 1000 & echo started")
    assert session.finish() == 0
    assert session.stdout == b"started\n"


def test_resize_of_what_has_no_terminal_fails(node, sleeper):
    request = pb.ResizeTerminalRequest(container=sleeper, size=pb.TerminalSize(width=80, height=24))
    with pytest.raises(grpc.RpcError) as error:
        node.stub.ResizeTerminal(request)
    assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_no_descriptor_of_ours_leaks_into_a_container(node, execute, sleeper):
    assert node.output("ls", "/proc/self/fd").split() == ["0", "1", "2", "3"]  # 3 is the directory being listed
    session = execute(sleeper, "ls", "/proc/self/fd")
    session.finish()
    assert session.stdout.split() == [b"0", b"1", b"2", b"3"]
