"""Errors to google.rpc.Status and back: the one mapping between the taxonomy and gRPC."""

from collections.abc import Iterable, Mapping
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from strata_chassis.errors import StrataError, Unavailable
from strata_chassis.errors_codes import UNKNOWN, code_of, error_of

DOMAIN = "strata.dev"
DETAILS_KEY = "grpc-status-details-bin"

# A status travels in trailing metadata, whose size peers limit: what is longer says nothing more to a reader.
_MESSAGE_CHARACTERS = 2048
_METADATA_ENTRIES = 16
_METADATA_CHARACTERS = 512

CODES: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def status_code_of(error: StrataError) -> grpc.StatusCode:
    """Return the gRPC code of an error."""
    return CODES[code_of(error)]


def to_status(error: StrataError) -> status_pb2.Status:
    """Return the status of an error, with an ErrorInfo that holds its reason and metadata."""
    entries = list(error.metadata.items())[:_METADATA_ENTRIES]
    info = error_details_pb2.ErrorInfo(
        reason=error.reason,
        domain=DOMAIN,
        metadata={_clip(key, _METADATA_CHARACTERS): _clip(value, _METADATA_CHARACTERS) for key, value in entries},
    )
    detail = any_pb2.Any()
    detail.Pack(info)
    return status_pb2.Status(code=code_of(error), message=_clip(error.message, _MESSAGE_CHARACTERS), details=[detail])


def from_status(status: status_pb2.Status) -> StrataError:
    """Return the error that a peer's status means; a foreign ErrorInfo gives its reason as well."""
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info):
            break
    return error_of(status.code, status.message, reason=info.reason, metadata=dict(info.metadata))


def from_rpc_error(error: grpc.RpcError, peer: str = "the service") -> StrataError:
    """Return the error behind a failed call (``grpc.aio.AioRpcError`` or a synchronous call's error).

    ``peer`` names the one who was called; grpc's own words for one who is not there mean nothing to a user.
    """
    code: grpc.StatusCode | None = error.code() if hasattr(error, "code") else None
    details: str | None = error.details() if hasattr(error, "details") else None
    trailing = error.trailing_metadata() if hasattr(error, "trailing_metadata") else None
    number = code.value[0] if code is not None else UNKNOWN
    status = _status_in(trailing or ())
    if status is not None and status.code == number:
        return from_status(status)
    if code is grpc.StatusCode.UNAVAILABLE:
        return unreachable(peer)
    return error_of(number, details or "the call failed without a message")


def unreachable(peer: str) -> Unavailable:
    """Return the error for a service that is not there."""
    return Unavailable(f"{peer} does not answer", reason="SERVICE_UNREACHABLE", metadata={"peer": peer})


def _status_in(trailing: Iterable[Any]) -> status_pb2.Status | None:
    for key, value in trailing:
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                return None
    return None


def _clip(text: str, limit: int) -> str:
    """Return text that protobuf accepts (lone surrogates come from file names) of at most ``limit`` characters."""
    clean = text.encode("utf-8", "backslashreplace").decode()
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
