"""Which name files a container gets, from what it asked for and what the host has."""

from strata_runtime.adapters.network import host
from strata_runtime.adapters.network.attachment_files import AttachmentFiles
from strata_runtime.core.network import etcfiles
from strata_runtime.core.network.spec import Endpoint, EtcFiles, NetworkMode, NetworkSpec


def write_etc_files(
    files: AttachmentFiles,
    container_id: str,
    spec: NetworkSpec,
    endpoints: tuple[Endpoint, ...],
    *,
    host_gateway: str,
    has_resolver: bool = False,
) -> EtcFiles:
    """Write /etc/resolv.conf, hosts and hostname for a container; ``has_resolver`` if names are ours to answer."""
    hostname = etcfiles.check_host_name(spec.hostname) if spec.hostname else ""
    return files.write_etc(
        container_id,
        _resolv_conf(spec, endpoints, has_resolver=has_resolver),
        _hosts(spec, endpoints, host_gateway),
        f"{hostname}\n" if hostname else "",
    )


def check_names(spec: NetworkSpec) -> None:
    """Raise InvalidArgument for any name, address or option that may not stand in those files."""
    etcfiles.check_resolver(_chosen(spec))
    etcfiles.extra_hosts(spec.extra_hosts, "0.0.0.0")  # noqa: S104 - no address to bind
    for name in (spec.hostname, spec.domainname):
        if name:
            etcfiles.check_host_name(name)


def upstream(spec: NetworkSpec, endpoints: tuple[Endpoint, ...]) -> etcfiles.Resolver:
    """Return what a container resolves with where it has no resolver of ours, or what that one asks."""
    has_ipv6 = any(endpoint.ipv6_address for endpoint in endpoints)
    return etcfiles.container_resolver(host.resolver(), _chosen(spec), has_ipv6=has_ipv6)


def _resolv_conf(spec: NetworkSpec, endpoints: tuple[Endpoint, ...], *, has_resolver: bool) -> str:
    chosen = _chosen(spec)
    if spec.mode is NetworkMode.HOST and chosen == etcfiles.Resolver():
        return host.resolv_conf()
    resolver = upstream(spec, endpoints)
    if has_resolver:
        options = (*resolver.options, "ndots:0") if not spec.dns_options else resolver.options
        resolver = etcfiles.Resolver((etcfiles.EMBEDDED_RESOLVER,), resolver.search, options)
    return etcfiles.resolv_conf(resolver)


def _hosts(spec: NetworkSpec, endpoints: tuple[Endpoint, ...], host_gateway: str) -> str:
    extra = etcfiles.extra_hosts(spec.extra_hosts, host_gateway)
    if spec.mode is NetworkMode.HOST:
        return host.hosts() + "".join(f"{address}\t{name}\n" for name, address in extra)
    addresses = [
        address for endpoint in endpoints for address in (endpoint.ipv4_address, endpoint.ipv6_address) if address
    ]
    names = etcfiles.own_names(spec.hostname, spec.domainname) if spec.hostname else ()
    return etcfiles.hosts(addresses, names, extra)


def _chosen(spec: NetworkSpec) -> etcfiles.Resolver:
    return etcfiles.Resolver(spec.dns, spec.dns_search, spec.dns_options)
