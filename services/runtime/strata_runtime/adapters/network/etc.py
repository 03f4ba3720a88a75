"""Which name files a container gets, from what it asked for and what the host has."""

from dataclasses import dataclass
from pathlib import Path

from strata_runtime.adapters.network import host
from strata_runtime.adapters.network.attachment_files import AttachmentFiles
from strata_runtime.core.network import etcfiles
from strata_runtime.core.network.spec import Attachment, Endpoint, EtcFiles, NetworkMode, NetworkSpec, Resolver

_MOST_RESOLV_CONF_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Names:
    """Where a container's questions for names go: to ``resolver``, through us if that ``is_embedded``."""

    resolver: Resolver
    host_gateway: str
    is_embedded: bool = False


def write_etc_files(
    files: AttachmentFiles, container_id: str, spec: NetworkSpec, endpoints: tuple[Endpoint, ...], surroundings: Names
) -> EtcFiles:
    """Write /etc/resolv.conf, hosts and hostname for a container."""
    return files.write_etc(
        container_id,
        _resolv_conf(spec, surroundings),
        _hosts(spec, endpoints, surroundings.host_gateway),
        f"{spec.hostname}\n" if spec.hostname else "",
    )


def check_names(spec: NetworkSpec) -> None:
    """Raise InvalidArgument for any name, address or option that may not stand in those files."""
    etcfiles.check_resolver(_chosen(spec))
    etcfiles.extra_hosts(spec.extra_hosts, "0.0.0.0")  # noqa: S104 - no address to bind
    for name in (spec.hostname, spec.domainname):
        if name:
            etcfiles.check_host_name(name)


def upstream(spec: NetworkSpec, endpoints: tuple[Endpoint, ...]) -> Resolver:
    """Return what a container resolves with where it has no resolver of ours, and what that one asks."""
    has_ipv6 = any(endpoint.ipv6_address for endpoint in endpoints)
    return etcfiles.container_resolver(host.resolver(), _chosen(spec), has_ipv6=has_ipv6)


def rewrite_resolv_conf(attachment: Attachment, *, is_embedded: bool) -> None:
    """Make a running container ask us or no longer, unless its resolv.conf is its own by now."""
    ours = {etcfiles.resolv_conf(each) for each in (attachment.resolver, with_embedded(attachment.resolver))}
    wanted = with_embedded(attachment.resolver) if is_embedded else attachment.resolver
    path = Path(attachment.files.resolv_conf)
    with path.open("rb") as file:
        present = file.read(_MOST_RESOLV_CONF_BYTES + 1)  # more is not ours: the container can make it any size
    if present.decode(errors="replace") in ours - {etcfiles.resolv_conf(wanted)}:
        path.write_text(etcfiles.resolv_conf(wanted))


def with_embedded(resolver: Resolver) -> Resolver:
    """Return what a container's resolv.conf says where names are ours to answer."""
    options = resolver.options
    if not any(option.startswith("ndots:") for option in options):
        options = (*options, "ndots:0")  # names without a dot are for us first
    return Resolver((etcfiles.EMBEDDED_RESOLVER,), resolver.search, options)


def _resolv_conf(spec: NetworkSpec, surroundings: Names) -> str:
    if spec.mode is NetworkMode.HOST and _chosen(spec) == Resolver():
        return host.resolv_conf()
    resolver = surroundings.resolver
    return etcfiles.resolv_conf(with_embedded(resolver) if surroundings.is_embedded else resolver)


def _hosts(spec: NetworkSpec, endpoints: tuple[Endpoint, ...], host_gateway: str) -> str:
    extra = etcfiles.extra_hosts(spec.extra_hosts, host_gateway)
    if spec.mode is NetworkMode.HOST:
        return host.hosts() + "".join(f"{address}\t{name}\n" for name, address in extra)
    addresses = [
        address for endpoint in endpoints for address in (endpoint.ipv4_address, endpoint.ipv6_address) if address
    ]
    names = etcfiles.own_names(spec.hostname, spec.domainname) if spec.hostname else ()
    return etcfiles.hosts(addresses, names, extra)


def _chosen(spec: NetworkSpec) -> Resolver:
    return Resolver(spec.dns, spec.dns_search, spec.dns_options)
