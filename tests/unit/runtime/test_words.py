"""Names, signals, sizes and what OCI runtimes say."""

from datetime import UTC, datetime

import pytest

from strata_chassis.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from strata_runtime.core.bundle import capabilities
from strata_runtime.core.bundle.host import Host
from strata_runtime.core.container.record import Container
from strata_runtime.core.container.spec import ContainerSpec
from strata_runtime.core.exit_status import explain_failure
from strata_runtime.core.names import check_name, make_name, new_id
from strata_runtime.core.signals import parse_signal
from strata_runtime.core.sizes import parse_size
from strata_runtime.engine.containers import Containers

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ALL = frozenset(capabilities.BY_NUMBER)
HOST = Host(capabilities=ALL, online_cpus=2)


def container(**fields) -> Container:
    return Container(id="a" * 64, name="name", spec=fields.pop("spec", ContainerSpec()), **fields)


@pytest.mark.parametrize(
    ("text", "number"), [("SIGTERM", 15), ("term", 15), ("9", 9), ("SIGRTMIN+3", 37), ("rtmin", 34), ("usr1", 10)]
)
def test_signals(text, number):
    assert parse_signal(text) == number


@pytest.mark.parametrize("text", ["", "0", "65", "SIGNOPE", "RTMIN+99", "-9", "1.5"])
def test_signals_that_are_none(text):
    with pytest.raises(InvalidArgument):
        parse_signal(text)


@pytest.mark.parametrize(("text", "size"), [("10m", 10 << 20), ("1G", 1 << 30), ("4096", 4096), ("2 KiB", 2048)])
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("name", ["", "a", "-x", "a b", "x" * 300, "ä" * 3])
def test_names_that_are_none(name):
    with pytest.raises(InvalidArgument):
        check_name(name)


class _First:
    def choice(self, items):
        return items[0]


def test_a_made_name_is_never_taken():
    taken: set[str] = set()
    for _ in range(5):
        taken.add(make_name(taken, _First()))  # type: ignore[arg-type]
    assert len(taken) == 5


def test_ids_are_64_hex_digits():
    assert len(new_id()) == 64
    assert not new_id()[:12].isdecimal()


def test_containers_are_found_by_id_prefix_and_name():
    index = Containers(_First())  # type: ignore[arg-type]
    one = index.add(Container("ab" * 32, "one", ContainerSpec()))
    index.add(Container("ac" * 32, "two", ContainerSpec()))
    assert index.find("ab" * 32) is index.find("ab") is index.find("one") is index.find("/one") is one
    with pytest.raises(FailedPrecondition):
        index.find("a")
    with pytest.raises(NotFound):
        index.find("x")
    with pytest.raises(AlreadyExists):
        index.reserve_name("one", "other")
    index.remove(one.container)
    assert index.reserve_name("one", "other") == "one"


@pytest.mark.parametrize(
    ("log", "status"),
    [
        ('{"msg":"executable file `x` not found in $PATH: No such file or directory","level":"error"}', 127),
        ('{"msg":"open executable: Permission denied","level":"error"}', 126),
        ('{"msg":"open executable: Operation not permitted","level":"error"}', 126),
        ('{"level":"error","msg":"unable to start container process: exec: \\"x\\": executable file not found"}', 127),
        ('{"level":"error","msg":"unable to start container process: exec: \\"/etc\\": permission denied"}', 126),
        ('{"msg":"mount `x` to `y`: No such file or directory","level":"error"}', 125),
        ("", 125),
        ("something else", 125),
    ],
)
def test_why_a_process_did_not_start(log, status):
    assert explain_failure(log, "x").exit_code == status
