"""A container's message: translated once for each record, never shared with a caller."""

from dataclasses import replace
from pathlib import PurePosixPath
from types import SimpleNamespace

from strata.runtime.v1 import container_pb2
from strata_runtime.api.translate import to_message
from strata_runtime.api.views import container_message, record_message
from strata_runtime.core.container.record import Container, State
from strata_runtime.core.container.spec import ContainerSpec
from strata_runtime.engine.entry import Entry

_PARTS = SimpleNamespace(
    paths=SimpleNamespace(log=PurePosixPath("/log").joinpath, upper=PurePosixPath("/upper").joinpath),
    network=SimpleNamespace(attachment=lambda _id: None),
)


def an_entry() -> Entry:
    return Entry(Container(id="a" * 64, name="name", spec=ContainerSpec(labels={"a": "b"})))


def test_a_record_is_translated_once():
    entry = an_entry()
    assert record_message(entry) is record_message(entry)
    assert record_message(entry) == to_message(container_pb2.Container, entry.container)


def test_a_changed_record_is_translated_anew():
    entry = an_entry()
    record_message(entry)
    entry.container = replace(entry.container, name="other", state=State.EXITED)
    assert container_message(_PARTS, entry).name == "other"
    assert record_message(entry) == to_message(container_pb2.Container, entry.container)


def test_a_caller_may_change_its_message():
    entry = an_entry()
    message = container_message(_PARTS, entry)
    message.name = "changed"
    message.exec_ids.append("changed")
    again = container_message(_PARTS, entry)
    assert (again.name, list(again.exec_ids)) == ("name", [])


def test_exec_sessions_are_never_those_of_an_earlier_message():
    entry = an_entry()
    container_message(_PARTS, entry)
    entry.exec_ids.add("session")
    assert list(container_message(_PARTS, entry).exec_ids) == ["session"]
