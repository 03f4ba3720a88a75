"""Small translations of the Docker API."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from strata_chassis import errors
from strata_gateway.docker_api.detach import DEFAULT_KEYS, DetachScanner, parse_keys
from strata_gateway.docker_api.durations import seconds_of
from strata_gateway.docker_api.errors import message_of, status_of
from strata_gateway.docker_api.filters import Filters
from strata_gateway.docker_api.frames import Stream, frame, read_header
from strata_gateway.docker_api.times import NEVER, human, log_time, parse_moment, rfc3339
from strata_gateway.docker_api.versions import NEWEST, ApiVersion, UnsupportedVersion, split_version


@pytest.mark.parametrize(
    ("path", "version", "rest"),
    [
        ("/v1.24/info", ApiVersion(1, 24), "/info"),
        ("/v1.50/containers/json", ApiVersion(1, 50), "/containers/json"),
        ("/_ping", NEWEST, "/_ping"),
        ("/version", NEWEST, "/version"),
    ],
)
def test_a_path_names_its_version(path, version, rest):
    assert split_version(path) == (version, rest)


@pytest.mark.parametrize("path", ["/v1.23/info", "/v1.51/info", "/v0.99/info", "/v2.0/info"])
def test_other_versions_are_refused(path):
    with pytest.raises(UnsupportedVersion):
        split_version(path)


@given(st.sampled_from(Stream), st.binary(max_size=100))
def test_a_frame_says_its_stream_and_length(stream, data):
    framed = frame(stream, data)
    assert read_header(framed[:8]) == (stream, len(data))
    assert framed[8:] == data


@pytest.mark.parametrize("text", ['{"status":["running"]}', '{"status":{"running":true,"exited":false}}'])
def test_both_encodings_of_filters_are_read(text):
    assert Filters.parse(text, ("status",)).get("status") == ["running"]


@pytest.mark.parametrize("text", ["{", "[]", "7", '{"nonsense":["x"]}', '{"status":7}'])
def test_what_is_no_filter_is_refused(text):
    with pytest.raises(errors.InvalidArgument):
        Filters.parse(text, ("status",))


@pytest.mark.parametrize(
    ("wanted", "matches"), [(["a"], True), (["a=1"], True), (["a=2"], False), (["b"], False), (["a", "c=x=y"], True)]
)
def test_labels_are_matched_by_key_or_by_value(wanted, matches):
    assert Filters({"label": wanted}).matches_labels({"a": "1", "c": "x=y"}) is matches


@pytest.mark.parametrize(
    ("text", "keys"), [("", DEFAULT_KEYS), ("ctrl-p,ctrl-q", b"\x10\x11"), ("ctrl-@,x", b"\x00x"), ("ctrl-[", b"\x1b")]
)
def test_detach_keys_are_read(text, keys):
    assert parse_keys(text) == keys


@pytest.mark.parametrize("text", ["ctrl-", "ctrl-1", "alt-x", "xx"])
def test_unknown_detach_keys_are_refused(text):
    with pytest.raises(errors.InvalidArgument):
        parse_keys(text)


@given(st.lists(st.binary(max_size=5)), st.binary(max_size=5))
def test_detach_keys_are_found_however_the_input_is_cut(pieces, rest):
    typed = b"".join(pieces)
    scanner = DetachScanner(b"\x10\x11")
    passed = b"".join(scanner.feed(piece) for piece in [*pieces, b"\x10", b"\x11", rest] if not scanner.detached)
    assert scanner.detached
    assert (typed + b"\x10\x11").startswith(passed)
    assert passed == (typed + b"\x10\x11").partition(b"\x10\x11")[0]


@given(st.binary().filter(lambda typed: b"\x10\x11" not in typed and not typed.endswith(b"\x10")))
def test_everything_else_that_is_typed_passes(typed):
    scanner = DetachScanner(b"\x10\x11")
    assert b"".join(scanner.feed(typed[index : index + 1]) for index in range(len(typed))) == typed


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (Timestamp(seconds=1, nanos=500_000_000), "1970-01-01T00:00:01.5Z"),
        (Timestamp(seconds=1), "1970-01-01T00:00:01Z"),
        (Timestamp(), NEVER),
    ],
)
def test_moments_are_written_as_go_does(moment, shown):
    assert rfc3339(moment) == shown


def test_log_times_have_nine_digits():
    assert log_time(Timestamp(seconds=1, nanos=5)) == "1970-01-01T00:00:01.000000005Z"


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("1.5", 1_500_000_000), ("1", 10**9), ("1970-01-01T00:00:01Z", 10**9), ("1970-01-01T00:00:01", 10**9)],
)
def test_moments_are_read(text, nanoseconds):
    assert parse_moment(text).ToNanoseconds() == nanoseconds


@pytest.mark.parametrize("text", ["", "0"])
def test_no_moment_is_none(text):
    assert parse_moment(text) is None


@pytest.mark.parametrize("text", ["x", "1.x", "1970-99-99T00:00:00Z"])
def test_a_broken_moment_is_refused(text):
    with pytest.raises(errors.InvalidArgument):
        parse_moment(text)


# Expected values: docker's go-units, duration_test.go.
@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.45, "Less than a second"),
        (1, "1 second"),
        (45, "45 seconds"),
        (60, "About a minute"),
        (63, "About a minute"),
        (3 * 60, "3 minutes"),
        (60 * 60, "About an hour"),
        (35 * 3600, "35 hours"),
        (3 * 24 * 3600, "3 days"),
        (15 * 24 * 3600, "2 weeks"),
        (35 * 24 * 3600, "5 weeks"),
        (75 * 24 * 3600, "2 months"),
        (365 * 2 * 24 * 3600 + 60 * 24 * 3600, "2 years"),
    ],
)
def test_time_spans_are_in_dockers_words(seconds, words):
    assert human(seconds) == words


@pytest.mark.parametrize(("text", "seconds"), [("24h", 86400), ("1h30m", 5400), ("1.5s", 1.5), ("x", None), ("", None)])
def test_go_durations_are_read(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (
            errors.NotFound("x", reason="CONTAINER_UNKNOWN", metadata={"container": "web"}),
            404,
            "No such container: web",
        ),
        (errors.NotFound("x", reason="CONTAINER_UNKNOWN"), 404, "x"),
        (errors.Conflict("busy"), 409, "busy"),
        (errors.Unimplemented("no"), 501, "no"),
        (errors.FailedPrecondition("x", reason="COMMAND_NOT_FOUND"), 400, "x: executable file not found in $PATH"),
        (errors.ResourceExhausted("full"), 500, "full"),
    ],
)
def test_errors_have_dockers_number_and_words(error, status, message):
    assert (status_of(error), message_of(error)) == (status, message)
