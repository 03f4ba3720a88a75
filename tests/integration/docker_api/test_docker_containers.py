"""The real docker command against the gateway's Docker API."""

import json
import subprocess

import pexpect
import pytest

from tests.fixtures.docker_registry import LocalRegistry

CTRL_P_CTRL_Q = "\x10\x11"


def test_a_client_negotiates_its_newest_version(docker):
    assert docker("version", "--format", "{{.Client.APIVersion}} {{.Server.APIVersion}}").split() == ["1.50", "1.50"]


def test_an_old_client_is_served_its_version(docker):
    asked = subprocess.run(
        [*docker.command, "version", "--format", "{{.Client.APIVersion}}"],
        env={**docker.suite.env(), "DOCKER_API_VERSION": "1.24"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.strip() == "1.24"


def test_pull_tells_of_layers_digest_and_outcome(docker, registry: LocalRegistry):
    reference = registry.reference("tiny:two")
    docker.attempt("rmi", "-f", reference)
    lines = docker("pull", reference).splitlines()
    assert lines[0] == "two: Pulling from tiny"
    assert any(line.endswith(": Pull complete") for line in lines)
    assert lines[-2] == f"Status: Downloaded newer image for {reference}"
    assert f"Status: Image is up to date for {reference}" in docker("pull", reference)


def test_an_image_is_listed_inspected_tagged_and_untagged(docker, tiny):
    docker("tag", tiny, "mine:v1")
    assert "mine" in docker("images", "--format", "{{.Repository}} {{.Tag}}")
    assert json.loads(docker("inspect", "mine:v1"))[0]["Id"] == json.loads(docker("inspect", tiny))[0]["Id"]
    assert docker("rmi", "mine:v1").startswith("Untagged: mine:v1")
    assert docker.attempt("inspect", "mine:v1").returncode == 1


def test_run_prints_both_streams_and_ends_with_the_status(docker, tiny):
    done = docker.attempt("run", "--rm", tiny, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")


@pytest.mark.parametrize(("command", "status"), [("/no/such/command", 127), ("/etc/passwd", 126)])
def test_a_command_that_cannot_be_run_has_dockers_status(docker, tiny, command, status):
    assert docker.attempt("run", "--rm", tiny, command).returncode == status


def test_an_unknown_image_is_a_clear_error(docker):
    done = docker.attempt("run", "--rm", "--pull", "never", "no-such-image")
    assert done.returncode == 125
    assert b"No such image: no-such-image" in done.stderr


def test_run_pulls_an_image_that_is_not_here(docker, registry):
    reference = registry.reference("tiny:two")
    docker.attempt("rmi", "-f", reference)
    done = docker.attempt("run", "--rm", reference, "echo", "here")
    assert done.stdout == b"here\n"
    assert b"Unable to find image" in done.stderr


def test_much_data_goes_both_ways_and_ends_with_the_input(docker, tiny):
    data = bytes(range(256)) * 8192
    assert docker.attempt("run", "-i", "--rm", tiny, "cat", stdin=data).stdout == data


def test_a_terminal_has_its_size_its_signals_and_its_status(docker, tiny):
    terminal = docker.on_terminal("run", "-it", "--rm", tiny, "sh")
    terminal.expect("# ")
    terminal.sendline("stty size")
    terminal.expect("30 100")
    terminal.setwinsize(40, 120)
    terminal.sendline("until stty size | grep -q '40 120'; do :; done; echo resized")
    terminal.expect("\nresized")
    terminal.sendline("echo wait''ing; sleep 1000")
    terminal.expect("\nwaiting")
    terminal.sendintr()
    terminal.expect("# ")  # the interrupt also throws away what was typed and not read yet
    terminal.sendline("exit 5")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 5


def test_the_detach_keys_leave_a_container_that_can_be_attached_again(docker, tiny):
    terminal = docker.on_terminal("run", "-it", "--name", "left", tiny, "sh")
    terminal.expect("# ")
    terminal.send(CTRL_P_CTRL_Q)
    terminal.expect(pexpect.EOF)
    assert docker("ps", "--format", "{{.Names}}").split() == ["left"]
    again = docker.on_terminal("attach", "left")
    again.sendline("exit")
    again.expect(pexpect.EOF)
    assert docker("wait", "left").strip() == "0"


def test_exec_on_a_terminal(docker, sleeper):
    terminal = docker.on_terminal("exec", "-it", sleeper, "sh")
    terminal.expect("# ")
    terminal.sendline("tty; exit 3")
    terminal.expect("/dev/pts/")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 3


def test_the_detach_keys_of_an_exec_are_those_asked_for(docker, sleeper):
    terminal = docker.on_terminal("exec", "-it", "--detach-keys", "ctrl-x", sleeper, "sh")
    terminal.expect("# ")
    terminal.send("\x18")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert "sh" in docker("top", sleeper).splitlines()[-1]


def test_exec_passes_streams_and_status(docker, sleeper):
    done = docker.attempt("exec", "-i", sleeper, "sh", "-c", "cat; echo err >&2; exit 9", stdin=b"in")
    assert (done.returncode, done.stdout, done.stderr) == (9, b"in", b"err\n")


def test_exec_of_an_unknown_command_ends_with_127(docker, sleeper):
    assert docker.attempt("exec", sleeper, "/no/such").returncode == 127


def test_two_containers_of_one_image_do_not_see_each_others_changes(docker, tiny):
    for name in ("one", "other"):
        docker("run", "-d", "--name", name, tiny, "sleep", "1000")
    docker("exec", "one", "sh", "-c", "echo changed > /etc/motd")
    assert docker("exec", "one", "cat", "/etc/motd") == "changed\n"
    assert docker.attempt("exec", "other", "cat", "/etc/motd").stdout != b"changed\n"
    docker("rm", "-f", "one", "other")


def test_the_life_of_a_container(docker, tiny):
    docker("create", "--name", "life", "--label", "kind=test", tiny, "sh", "-c", "echo born; sleep 1000")
    assert docker("ps", "-a", "--filter", "name=life", "--format", "{{.Status}}") == "Created\n"
    docker("start", "life")
    assert docker("ps", "--filter", "label=kind=test", "--format", "{{.Status}}").startswith("Up ")
    docker("pause", "life")
    assert docker("ps", "--format", "{{.Status}}").endswith("(Paused)\n")
    docker("unpause", "life")
    docker("rename", "life", "lived")
    assert "sleep 1000" in docker("top", "lived")
    docker("restart", "-t", "0", "lived")
    docker("kill", "lived")
    assert docker("wait", "lived") == "137\n"
    assert docker("ps", "-a", "--filter", "exited=137", "--format", "{{.Names}}") == "lived\n"
    assert docker("logs", "lived") == "born\nborn\n"
    docker("rm", "lived")
    assert docker("ps", "-aq") == ""


def test_a_container_that_removes_itself_survives_a_restart(docker, tiny):
    docker("run", "-d", "--rm", "--name", "stays", tiny, "sleep", "1000")
    docker("restart", "-t", "0", "stays")
    assert docker("ps", "--filter", "name=stays", "--format", "{{.Status}}").startswith("Up ")
    docker("rm", "-f", "stays")


def test_logs_follow_until_the_end(docker, tiny):
    docker("run", "-d", "--name", "talker", tiny, "sh", "-c", "echo one; sleep 0.2; echo two >&2")
    done = docker.attempt("logs", "-f", "talker")
    assert (done.stdout, done.stderr) == (b"one\n", b"two\n")
    assert docker("logs", "--tail", "1", "talker") == ""
    assert docker("logs", "-t", "talker").split()[1] == "one"
    docker("rm", "talker")


def test_errors_are_worded_and_numbered_as_docker_does(docker):
    done = docker.attempt("inspect", "--type", "container", "nobody")
    assert b"No such container: nobody" in done.stderr
    assert docker.attempt("stop", "nobody").returncode == 1
    assert b"not part of a swarm" in docker.attempt("swarm", "init").stderr


def test_events_tell_what_happened(docker, tiny):
    docker("run", "--rm", "--name", "eventful", tiny, "true")
    since, until = "1m", "-1s"  # the docker command cuts times to whole seconds
    told = docker(
        "events", "--since", since, "--until", until, "--filter", "container=eventful", "--format", "{{.Action}}"
    )
    assert {"create", "start", "die", "destroy"} <= set(told.split())


def test_stats_are_shown_once(docker, sleeper):
    shown = json.loads(docker("stats", "--no-stream", "--format", "json", sleeper))
    assert shown["Name"] == sleeper
    assert shown["PIDs"] == "1"
