"""What is written down and sent comes back as it was."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.runtime.v1 import container_pb2
from strata_runtime.adapters.logs.entries import parse_entry
from strata_runtime.api.translate import to_message, to_value
from strata_runtime.core import codec
from strata_runtime.core.bundle import capabilities
from strata_runtime.core.bundle.host import Host
from strata_runtime.core.container.health import HealthCheck
from strata_runtime.core.container.mount import Mount, MountType
from strata_runtime.core.container.record import Container
from strata_runtime.core.container.resources import Resources
from strata_runtime.core.container.security import PathList, Security
from strata_runtime.core.container.spec import ContainerSpec, RestartCondition, RestartPolicy
from strata_runtime.launcher import logfile

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ALL = frozenset(capabilities.BY_NUMBER)
HOST = Host(capabilities=ALL, online_cpus=2)


def container(**fields) -> Container:
    return Container(id="a" * 64, name="name", spec=fields.pop("spec", ContainerSpec()), **fields)


SPECS = st.builds(
    ContainerSpec,
    name=st.text(max_size=5),
    command=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    labels=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    stop_timeout=st.none() | st.timedeltas(timedelta(0), timedelta(days=1)),
    resources=st.builds(
        Resources, memory_bytes=st.integers(0, 1 << 40), oom_score_adj=st.none() | st.integers(-10, 10)
    ),
    security=st.builds(
        Security,
        cap_add=st.lists(st.text(max_size=5), max_size=2).map(tuple),
        masked_paths=st.none() | st.just(PathList()) | st.just(PathList(("/x",))),
    ),
    mounts=st.lists(st.builds(Mount, st.sampled_from(MountType), st.text(max_size=5)), max_size=3).map(tuple),
    restart_policy=st.builds(RestartPolicy, st.sampled_from(RestartCondition), st.integers(0, 5)),
    health_check=st.none() | st.builds(HealthCheck, interval=st.none() | st.just(timedelta(seconds=5))),
)


@given(SPECS)
def test_a_spec_comes_back_from_its_record(spec):
    assert codec.from_json(ContainerSpec, codec.to_json(spec)) == spec


@given(SPECS)
def test_a_spec_comes_back_from_its_message(spec):
    assert to_value(ContainerSpec, to_message(container_pb2.ContainerSpec, spec)) == spec


def test_a_record_of_an_older_or_newer_version_can_be_read():
    record = codec.to_json(container(create_time=NOW)) | {"field_of_tomorrow": 1}
    assert codec.from_json(Container, record).create_time == NOW


@given(st.lists(st.binary(max_size=50), max_size=5), st.booleans())
def test_output_comes_back_from_its_log(chunks, is_stderr):
    name = b"stderr" if is_stderr else b"stdout"
    text = b"".join(logfile.encode(name, chunk, 1_700_000_000_123_456_789) for chunk in chunks)
    entries = [parse_entry(record) for record in text.split(b"\n")[:-1]]
    assert b"".join(entry.data for entry in entries if entry) == b"".join(chunks)
    assert all(entry and entry.is_stderr == is_stderr for entry in entries)
    assert all(entry and entry.time_ns == 1_700_000_000_123_456_789 for entry in entries)


@pytest.mark.parametrize("record", [b"", b"x", b"2026-01-01T00:00:00.0Z stdout", b"x stdout F y", b"\xff stdout F y"])
def test_a_broken_log_record_is_left_out(record):
    assert parse_entry(record) is None
