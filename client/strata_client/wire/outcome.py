"""How a call ended: from trailers, HTTP status or reset code to one of our errors."""

from collections.abc import Mapping
from typing import NamedTuple

from strata_chassis import errors_codes
from strata_chassis.errors import StrataError
from strata_client.wire.metadata import decode_binary, decode_message

OK, CANCELLED, UNKNOWN, DEADLINE_EXCEEDED = 0, 1, 2, 4
RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE = 8, 13, 14

# Source: grpc doc/http-grpc-status-mapping.md.
_CODE_OF_HTTP_STATUS = {"400": INTERNAL, "401": 16, "403": 7, "404": 12, "429": 14, "502": 14, "503": 14, "504": 14}
# Source: grpc doc/PROTOCOL-HTTP2.md, "Errors": REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY.
_CODE_OF_RESET = {7: UNAVAILABLE, 8: CANCELLED, 11: RESOURCE_EXHAUSTED, 12: 7}


class Outcome(NamedTuple):
    """A call's status; ``details`` is a serialized google.rpc.Status, empty when the peer sent none."""

    code: int
    message: str = ""
    details: bytes = b""


def outcome_of_trailers(trailers: Mapping[str, str]) -> Outcome:
    """Read the status that ends a call of a peer which speaks gRPC."""
    raw_code = trailers.get("grpc-status", "")
    if not (raw_code.isascii() and raw_code.isdigit()):
        return Outcome(UNKNOWN, "the peer ended the call without a status")
    message = decode_message(trailers.get("grpc-message", ""))
    return Outcome(int(raw_code), message, decode_binary(trailers.get("grpc-status-details-bin", "")))


def outcome_of_headers(headers: Mapping[str, str]) -> Outcome | None:
    """Judge the response's first headers; None when a gRPC server sent them and goes on."""
    if "grpc-status" in headers:  # a response without messages is all trailers
        return outcome_of_trailers(headers)
    status = headers.get(":status", "")
    content_type = headers.get("content-type", "")
    if status == "200" and content_type.startswith("application/grpc"):
        return None
    code = _CODE_OF_HTTP_STATUS.get(status, UNKNOWN)
    return Outcome(code, f"the peer is no gRPC server: it answered HTTP {status}, {content_type or 'no content type'}")


def outcome_of_reset(error_code: int) -> Outcome:
    """Read an HTTP/2 RST_STREAM."""
    return Outcome(_CODE_OF_RESET.get(error_code, INTERNAL), f"the peer reset the call (HTTP/2 error {error_code})")


def error_of(outcome: Outcome) -> StrataError:
    """Make the error that a status other than OK means, with the reason and metadata of its ErrorInfo."""
    reason, metadata = _error_info(outcome.details)
    message = outcome.message or f"the call failed with status {outcome.code}"
    return errors_codes.error_of(outcome.code, message, reason=reason, metadata=metadata)


def _error_info(details: bytes) -> tuple[str | None, Mapping[str, str]]:
    """Reason and metadata of the first google.rpc.ErrorInfo in a google.rpc.Status."""
    if not details:
        return None, {}
    # Only calls that failed pay for these imports.
    from google.protobuf.message import DecodeError
    from google.rpc.error_details_pb2 import ErrorInfo
    from google.rpc.status_pb2 import Status

    info = ErrorInfo()
    try:
        status = Status.FromString(details)
        if any(detail.Unpack(info) for detail in status.details):
            return info.reason or None, dict(info.metadata)
    except DecodeError:
        pass
    return None, {}
