"""What a registry's refusals mean, in the words docker has taught its users.

Source: OCI distribution-spec, "Error Codes"; docker's sentences from ``distribution/errors.go``.
"""

import json

from strata_chassis.errors import (
    DataLoss,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    StrataError,
    Unauthenticated,
    Unavailable,
)

_LONGEST_QUOTE = 300


def first_error(body: bytes) -> tuple[str, str]:
    """Return code and message of the first error in an answer's body; empty strings for anything else."""
    try:
        error = json.loads(body)["errors"][0]
        code, message = str(error.get("code") or ""), str(error.get("message") or "")
    except (ValueError, LookupError, AttributeError, TypeError):
        return "", ""
    return code, "".join(character for character in message if character.isprintable())[:_LONGEST_QUOTE]


def refusal(status: int, body: bytes, *, what: str, repository: str, kind: str = "MANIFEST") -> StrataError:
    """Turn an HTTP answer that is not a success into the error it means.

    ``what`` is the full reference for the sentence; ``kind`` is MANIFEST, BLOB or NAME.
    """
    code, message = first_error(body)
    metadata = {"reference": what, "repository": repository, "status": str(status)}
    if status == 401 or code == "UNAUTHORIZED":  # noqa: PLR2004 (HTTP)
        return unauthorized(what, repository)
    if status == 403:  # noqa: PLR2004 (HTTP)
        sentence = f"access to {repository} is denied by the registry" + (f": {message}" if message else "")
        return PermissionDenied(sentence, reason="REGISTRY_DENIED", metadata=metadata)
    if status == 404:  # noqa: PLR2004 (HTTP)
        return _unknown(code, what, repository, kind)
    if status == 429:  # noqa: PLR2004 (HTTP)
        return ResourceExhausted(
            f"the registry limits the rate of requests for {repository}; try again later",
            reason="REGISTRY_RATE_LIMITED",
            metadata=metadata,
        )
    quote = message or f"HTTP status {status}"
    if 400 <= status < 500:  # noqa: PLR2004 (HTTP)
        return _rejected(code, quote, what, metadata)
    return Unavailable(f"the registry failed on {what}: {quote}", reason="REGISTRY_UNREACHABLE", metadata=metadata)


def unauthorized(what: str, repository: str) -> Unauthenticated:
    """Say that credentials are missing or wrong."""
    return Unauthenticated(
        f"pull access denied for {repository}: repository does not exist or may require login",
        reason="REGISTRY_UNAUTHORIZED",
        metadata={"reference": what, "repository": repository},
    )


def wrong_credentials(what: str) -> Unauthenticated:
    """Say that credentials were sent and are not right."""
    return Unauthenticated(
        f"access to {what} denied: the registry refused the credentials (incorrect username, password or token)",
        reason="REGISTRY_UNAUTHORIZED",
        metadata={"repository": what},
    )


def digest_mismatch(expected: str, found: str, what: str) -> DataLoss:
    """Say that content is not what its digest promises."""
    return DataLoss(
        f"content of {what} does not match its digest: expected {expected}, received {found}",
        reason="DIGEST_MISMATCH",
        metadata={"expected": expected, "received": found},
    )


def unreachable(registry: str, why: str) -> Unavailable:
    """Say that no server of a registry answered."""
    return Unavailable(
        f"cannot reach registry {registry}: {why}", reason="REGISTRY_UNREACHABLE", metadata={"registry": registry}
    )


def _unknown(code: str, what: str, repository: str, kind: str) -> NotFound:
    reason = f"{kind}_UNKNOWN"
    if code == "NAME_UNKNOWN":
        reason = code
    sentence = {
        "NAME_UNKNOWN": f"repository {repository} not found",
        "BLOB_UNKNOWN": f"blob {what} not found",
    }.get(reason, f"manifest for {what} not found: manifest unknown")
    return NotFound(sentence, reason=reason, metadata={"reference": what, "repository": repository})


def _rejected(code: str, quote: str, what: str, metadata: dict[str, str]) -> StrataError:
    sentence = f"the registry rejected {what}: {quote}"
    if code in {"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"}:
        return FailedPrecondition(sentence, reason="MANIFEST_BLOB_UNKNOWN", metadata=metadata)
    if code == "DIGEST_INVALID":
        return InvalidArgument(sentence, reason="DIGEST_INVALID", metadata=metadata)
    return FailedPrecondition(sentence, reason="REGISTRY_REJECTED", metadata=metadata)
