"""Errors as clients of the distribution API expect them. Source: OCI distribution-spec, "Error Codes"."""

import json
from dataclasses import dataclass

from strata_chassis.errors import StrataError
from strata_chassis.errors_http import http_status_of

# Reasons that the specification has a code for, with the status it goes with there.
_SPECIFIED = {
    "BLOB_UNKNOWN": ("BLOB_UNKNOWN", 404),
    "DIGEST_INVALID": ("DIGEST_INVALID", 400),
    "DIGEST_MISMATCH": ("DIGEST_INVALID", 502),
    "MANIFEST_BLOB_UNKNOWN": ("MANIFEST_BLOB_UNKNOWN", 400),
    "MANIFEST_INVALID": ("MANIFEST_INVALID", 400),
    "MANIFEST_TOO_LARGE": ("MANIFEST_INVALID", 413),
    "MANIFEST_UNKNOWN": ("MANIFEST_UNKNOWN", 404),
    "MEDIA_TYPE_UNSUPPORTED": ("MANIFEST_INVALID", 400),
    "NAME_INVALID": ("NAME_INVALID", 400),
    "NAME_UNKNOWN": ("NAME_UNKNOWN", 404),
    "REFERENCE_INVALID": ("MANIFEST_INVALID", 400),
    "UPLOAD_INVALID": ("BLOB_UPLOAD_INVALID", 400),
    "UPLOAD_OUT_OF_ORDER": ("BLOB_UPLOAD_INVALID", 416),
    "UPLOAD_TOO_LARGE": ("SIZE_INVALID", 413),
    "UPLOAD_UNKNOWN": ("BLOB_UPLOAD_UNKNOWN", 404),
}
_CODES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "NAME_UNKNOWN", 405: "UNSUPPORTED", 429: "TOOMANYREQUESTS"}


@dataclass(frozen=True, slots=True)
class DistributionError:
    """Status of an answer, and its JSON body."""

    status: int
    body: bytes


def to_distribution(error: StrataError) -> DistributionError:
    """Map an error of the taxonomy; ``detail`` carries its reason and metadata."""
    status = http_status_of(error)
    code, status = _SPECIFIED.get(error.reason, (_CODES.get(status, "UNSUPPORTED"), status))
    detail = {"reason": error.reason, **error.metadata}
    document = {"errors": [{"code": code, "message": error.message, "detail": detail}]}
    return DistributionError(status, json.dumps(document).encode())
