"""The process of a bundle: commands, users, capabilities."""

from datetime import UTC, datetime

import pytest

from strata_chassis.errors import InvalidArgument
from strata_oci.image_config import Execution
from strata_runtime.adapters.users import find_user
from strata_runtime.core.bundle import capabilities, process
from strata_runtime.core.bundle.host import Host, ProcessUser
from strata_runtime.core.container.record import Container
from strata_runtime.core.container.security import Security
from strata_runtime.core.container.spec import ContainerSpec

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ALL = frozenset(capabilities.BY_NUMBER)
HOST = Host(capabilities=ALL, online_cpus=2)


def container(**fields) -> Container:
    return Container(id="a" * 64, name="name", spec=fields.pop("spec", ContainerSpec()), **fields)


@pytest.mark.parametrize(
    ("spec", "image", "expected"),
    [
        (ContainerSpec(), Execution(cmd=("sh",)), ("sh",)),
        (ContainerSpec(command=("ls",)), Execution(cmd=("sh",)), ("ls",)),
        (ContainerSpec(command=("-l",)), Execution(entrypoint=("ls",), cmd=("-a",)), ("ls", "-l")),
        (ContainerSpec(), Execution(entrypoint=("ls",), cmd=("-a",)), ("ls", "-a")),
        (ContainerSpec(entrypoint=("cat",)), Execution(entrypoint=("ls",), cmd=("-a",)), ("cat",)),
        (ContainerSpec(clear_entrypoint=True, command=("id",)), Execution(entrypoint=("ls",)), ("id",)),
    ],
)
def test_entrypoint_and_command_are_put_together_as_docker_does(spec, image, expected):
    assert process.arguments(spec, image) == expected


def test_nothing_to_run_is_an_error():
    with pytest.raises(InvalidArgument):
        process.arguments(ContainerSpec(), Execution())


def test_a_later_variable_replaces_an_earlier_one_and_a_bare_name_removes_it():
    spec = ContainerSpec(env=("A=request", "GONE", "HOME=/mine"), tty=True)
    image = Execution(env=("A=image", "GONE=x", "B=image"))
    found = dict(entry.split("=", 1) for entry in process.environment(spec, image, "host", "/root"))
    assert found == {
        "PATH": process.DEFAULT_PATH,
        "HOSTNAME": "host",
        "TERM": "xterm",
        "A": "request",
        "B": "image",
        "HOME": "/mine",
    }


PASSWD = "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\nbroken\n1234:x:77:78::/n:\n"
GROUP = "root:x:0:\nuser:x:1000:\nextra:x:2000:other,user\nbad:x:\n"


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("root", ProcessUser(0, 0, (), "/root")),
        ("user", ProcessUser(1000, 1000, (2000,), "/home/user")),
        ("1000", ProcessUser(1000, 1000, (2000,), "/home/user")),
        ("user:extra", ProcessUser(1000, 2000, (), "/home/user")),
        ("5555", ProcessUser(5555, 0, (), "/")),
        ("5555:6666", ProcessUser(5555, 6666, (), "/")),
        ("1234", ProcessUser(77, 78, (), "/n")),
    ],
)
def test_users_are_found_by_name_and_number(wish, expected):
    assert find_user(wish, PASSWD, GROUP) == expected


@pytest.mark.parametrize("wish", ["nobody", "user:nogroup", "99999999999"])
def test_users_that_are_not_there_are_an_error(wish):
    with pytest.raises(InvalidArgument):
        find_user(wish, PASSWD, GROUP)


def test_additional_groups_are_added():
    assert find_user("root", PASSWD, GROUP, ("extra", "42")).additional_gids == (42, 2000)


@pytest.mark.parametrize(
    ("security", "expected"),
    [
        (Security(), capabilities.DEFAULT),
        (Security(privileged=True), ALL),
        (Security(cap_drop=("ALL",)), frozenset()),
        (Security(cap_drop=("all",), cap_add=("net_admin",)), {"CAP_NET_ADMIN"}),
        (Security(cap_add=("ALL",), cap_drop=("CAP_SYS_ADMIN",)), ALL - {"CAP_SYS_ADMIN"}),
    ],
)
def test_capabilities_are_added_and_dropped(security, expected):
    assert capabilities.granted(security, ALL) == expected


def test_a_capability_the_host_has_not_is_not_given():
    assert capabilities.granted(Security(privileged=True), frozenset({"CAP_CHOWN"})) == {"CAP_CHOWN"}


def test_an_unknown_capability_is_an_error():
    with pytest.raises(InvalidArgument):
        capabilities.granted(Security(cap_add=("FLY",)), ALL)


def test_capabilities_of_a_mask():
    assert capabilities.from_mask(0b11) == {"CAP_CHOWN", "CAP_DAC_OVERRIDE"}
