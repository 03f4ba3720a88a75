import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from strata_chassis import errors
from strata_chassis.errors_codes import code_of, error_of
from strata_chassis.errors_exit import exit_status_of_run, exit_status_of_service
from strata_chassis.errors_grpc import DOMAIN, from_status, status_code_of, to_status
from strata_chassis.errors_http import http_status_of
from strata_chassis.errors_unexpected import as_strata_error

TAXONOMY = sorted(errors.StrataError.__subclasses__(), key=lambda kind: kind.__name__)

each_error = pytest.mark.parametrize("kind", TAXONOMY)


@each_error
def test_an_error_crosses_the_wire_unchanged(kind):
    sent = kind("it did not work", reason="SOME_REASON", metadata={"name": "x"})
    received = from_status(status_pb2.Status.FromString(to_status(sent).SerializeToString()))
    assert type(received) is kind
    assert (received.message, received.reason, received.metadata) == (sent.message, sent.reason, sent.metadata)


@each_error
def test_an_error_has_a_code_of_its_own_that_grpc_knows(kind):
    assert [other for other in TAXONOMY if code_of(other("x")) == code_of(kind("x"))] == [kind]
    assert status_code_of(kind("x")).value[0] == code_of(kind("x"))


@each_error
def test_an_errors_default_reason_is_its_code_in_words_or_says_more(kind):
    known = {"Conflict": "CONFLICT"}
    expected = known.get(kind.__name__, code_pb2.Code.Name(code_of(kind("x"))))
    assert kind("x").reason == expected


@each_error
def test_an_error_has_an_http_status_of_an_error(kind):
    assert 400 <= http_status_of(kind("x")) < 600


def test_a_conflict_is_aborted():
    assert status_code_of(errors.Conflict("x")) is grpc.StatusCode.ABORTED


def test_a_special_error_is_mapped_like_its_class():
    class NoSuchImage(errors.NotFound):
        pass

    assert (code_of(NoSuchImage("x")), http_status_of(NoSuchImage("x"))) == (5, 404)


@pytest.mark.parametrize("reason", ["", "lower", "A-B", "1A", "A B", "Ä"])
def test_a_reason_is_upper_snake(reason):
    with pytest.raises(ValueError, match="UPPER_SNAKE"):
        errors.NotFound("x", reason=reason)


def test_the_reason_and_domain_are_in_an_error_info():
    info = error_details_pb2.ErrorInfo()
    assert to_status(errors.NotFound("x", reason="A", metadata={"k": "v"})).details[0].Unpack(info)
    assert (info.reason, info.domain, dict(info.metadata)) == ("A", DOMAIN, {"k": "v"})


@given(st.text(max_size=5000), st.dictionaries(st.text(max_size=2000), st.text(max_size=2000), max_size=40))
def test_a_status_is_small_and_valid_whatever_it_says(message, metadata):
    surrogates = errors.DataLoss(message + "\udcff", metadata={"path": "\udc80", **metadata})
    assert to_status(surrogates).ByteSize() < 60_000


@given(st.integers(min_value=-5, max_value=40), st.text(max_size=10))
def test_a_peer_may_say_what_it_wants(code, reason):
    assert isinstance(error_of(code, "x", reason=reason), errors.StrataError)


def test_details_of_strangers_are_passed_over():
    status = status_pb2.Status(code=5, message="gone", details=[any_pb2.Any(type_url="x/unknown", value=b"\xff")])
    assert (type(from_status(status)), from_status(status).reason) == (errors.NotFound, "NOT_FOUND")


@pytest.mark.parametrize(
    ("exception", "kind", "reason"),
    [
        (OSError(28, "No space left on device"), errors.ResourceExhausted, "DISK_FULL"),
        (OSError(24, "Too many open files"), errors.ResourceExhausted, "HOST_EXHAUSTED"),
        (MemoryError(), errors.ResourceExhausted, "HOST_EXHAUSTED"),
        (NotImplementedError("Method not implemented!"), errors.Unimplemented, "UNIMPLEMENTED"),
        (TimeoutError(), errors.DeadlineExceeded, "DEADLINE_EXCEEDED"),
        (OSError(5, "secret path"), errors.Internal, "INTERNAL"),
        (KeyError("secret"), errors.Internal, "INTERNAL"),
        (errors.NotFound("x", reason="A"), errors.NotFound, "A"),
    ],
)
def test_an_unexpected_exception_has_a_meaning_and_keeps_its_secrets(exception, kind, reason):
    error = as_strata_error(exception)
    assert (type(error), error.reason) == (kind, reason)
    assert "secret" not in error.message


@pytest.mark.parametrize(
    ("reason", "status"), [("COMMAND_NOT_FOUND", 127), ("COMMAND_NOT_EXECUTABLE", 126), ("IMAGE_NOT_FOUND", 125)]
)
def test_run_exits_like_dockers(reason, status):
    assert exit_status_of_run(errors.NotFound("x", reason=reason)) == status


@each_error
def test_a_service_never_fails_with_success(kind):
    assert 64 <= exit_status_of_service(kind("x")) <= 78
