"""From the configuration to the rules that the parts of the service go by."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from strata_chassis.errors import InvalidArgument
from strata_registry.adapters.cache.blob_cache import TransferRules
from strata_registry.adapters.proxy.manifests import TagRules
from strata_registry.adapters.upstream.session import HttpRules
from strata_registry.config import RegistryConfig
from strata_registry.core.access import AccessPolicy
from strata_registry.core.addressing import Upstreams, parse_upstreams
from strata_registry.core.endpoint import EndpointRules
from strata_registry.core.retry import RetryPolicy


def http_rules(config: RegistryConfig) -> HttpRules:
    """Say how connections are made."""
    return HttpRules(
        ca_files=tuple(map(Path, config.ca_files)),
        certs_dir=config.certs_dir,
        connect_timeout_s=config.connect_timeout_s,
        read_timeout_s=config.read_timeout_s,
        allow_private_redirects=config.allow_private_redirects,
    )


def endpoint_rules(config: RegistryConfig) -> EndpointRules:
    """Say which servers answer for which registry."""
    return EndpointRules(parse_mirrors(config.mirrors), config.insecure_registries)


def request_policy(config: RegistryConfig) -> RetryPolicy:
    """Say how often a request is sent."""
    return RetryPolicy(attempts=config.retry_attempts)


def tag_rules(config: RegistryConfig) -> TagRules:
    """Say how long tags are believed."""
    return TagRules(
        ttl_s=config.tag_ttl_s,
        patience_s=config.tag_patience_s,
        is_offline=config.offline,
        serve_deleted_tags=config.serve_deleted_tags,
    )


def transfer_rules(config: RegistryConfig) -> TransferRules:
    """Say how often a broken transfer is taken up, and how large any may get."""
    return TransferRules(RetryPolicy(attempts=config.transfer_attempts), config.blob_bytes)


def upstreams(config: RegistryConfig) -> Upstreams:
    """Say which registries HTTP clients may reach through the service."""
    return parse_upstreams(config.upstreams, config.mirror_of)


def access_policy(config: RegistryConfig) -> AccessPolicy:
    """Say what the unknown may do over HTTP."""
    return AccessPolicy(config.anonymous_pull, config.anonymous_push)


def parse_mirrors(entries: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read ``docker.io=https://mirror`` pairs; a registry may have several. Raises InvalidArgument."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        registry, url = _pair(entry, "mirrors")
        found[registry].append(url)
    return {registry: tuple(urls) for registry, urls in found.items()}


def parse_pairs(entries: Sequence[str], setting: str) -> dict[str, str]:
    """Read ``key=value`` pairs. Raises InvalidArgument."""
    return dict(_pair(entry, setting) for entry in entries)


def _pair(entry: str, setting: str) -> tuple[str, str]:
    key, _, value = entry.partition("=")
    if not key or not value:
        raise InvalidArgument(
            f"{setting}: {entry.partition('=')[0]!r} has no value", reason="CONFIG_INVALID", metadata={"key": key}
        )
    return key, value
