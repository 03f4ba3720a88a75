"""Values of the core as messages of the contract, and back."""

from strata.oci.v1 import oci_pb2
from strata.registry.v1 import registry_pb2
from strata_oci.descriptor import Descriptor
from strata_oci.platform import Platform
from strata_registry.core.credentials import Credential
from strata_registry.core.freshness import Freshness

_FRESHNESS = {
    registry_pb2.FRESHNESS_UNSPECIFIED: Freshness.REVALIDATE,
    registry_pb2.FRESHNESS_REVALIDATE: Freshness.REVALIDATE,
    registry_pb2.FRESHNESS_CACHED: Freshness.CACHED,
    registry_pb2.FRESHNESS_STRICT: Freshness.STRICT,
}


def freshness(value: "registry_pb2.Freshness.ValueType") -> Freshness:
    """Read how far an answer from the cache will do; a value from the future means: ask."""
    return _FRESHNESS.get(value, Freshness.REVALIDATE)


def credential(message: oci_pb2.Credentials) -> Credential | None:
    """Read the caller's credentials; None if it has none of its own."""
    found = Credential(message.username, message.password, message.identity_token, message.registry_token)
    return None if found == Credential() else found


def platform(message: oci_pb2.Platform) -> Platform | None:
    """Read a platform; None if it is not set."""
    if not message.os and not message.architecture:
        return None
    return Platform(message.os or "linux", message.architecture, message.variant, message.os_version).normal()


def descriptor(value: Descriptor) -> oci_pb2.Descriptor:
    """Write a descriptor."""
    message = oci_pb2.Descriptor(
        media_type=value.media_type,
        digest=str(value.digest),
        size_bytes=value.size_bytes,
        annotations=value.annotations,
        artifact_type=value.artifact_type,
    )
    if value.platform is not None:
        message.platform.os = value.platform.os
        message.platform.architecture = value.platform.architecture
        message.platform.variant = value.platform.variant
        message.platform.os_version = value.platform.os_version
    return message
