"""Redirects of registries to the stores of their blobs: which are followed, and what goes along.

A registry's answer may name any address; followed blindly, it makes the proxy ask hosts that only the proxy can
reach (SSRF) and hands them the registry's credentials.
"""

import ipaddress
from urllib.parse import urljoin, urlsplit

from strata_chassis.errors import PermissionDenied

MOST_REDIRECTS = 5


def next_url(current: str, location: str, *, allow_private: bool) -> str:
    """Resolve a Location header against the URL it came from, or refuse it.

    ``allow_private`` lets it name addresses that are not public. Raises PermissionDenied.
    """
    try:
        target = urljoin(current, location)
        origin(target)
    except ValueError as error:
        raise _refused("", "it cannot be read") from error
    before, after = urlsplit(current), urlsplit(target)
    if after.scheme not in {"http", "https"} or not after.hostname:
        raise _refused(target, "it names no web address")
    if before.scheme == "https" and after.scheme == "http":
        raise _refused(target, "it leaves TLS")
    if not allow_private and before.hostname != after.hostname and is_private_host(after.hostname):
        raise _refused(target, "it names an address that is not public")
    return target


def keeps_credentials(current: str, target: str) -> bool:
    """Tell whether an Authorization header may go along: only to the very same origin."""
    return origin(current) == origin(target)


def is_private_host(host: str) -> bool:
    """Tell whether a host is written as a local name or an address that is not public; other names are unknown.

    Numbers that only inet_aton(3) takes for an address (127.1, 2130706433, 0x7f000001) are nobody's public name.
    """
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return is_loopback_name(host) or _ends_in_number(host)


def _ends_in_number(host: str) -> bool:
    """Tell whether resolvers may take a host for an address. Source: WHATWG URL, "ends in a number checker"."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    return last.isdigit() or last.startswith("0x")


def is_loopback_host(host: str) -> bool:
    """Tell whether a name or address means this host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return is_loopback_name(host)


def is_loopback_name(host: str) -> bool:
    """Tell whether a name always means this host. Source: RFC 6761, 6.3."""
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port, with the scheme's own port filled in. Source: RFC 6454, section 4."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


def _refused(target: str, why: str) -> PermissionDenied:
    host = urlsplit(target).netloc.rpartition("@")[2]
    return PermissionDenied(
        f"the registry's redirect to {host or 'nowhere'} is refused: {why}",
        reason="REDIRECT_REFUSED",
        metadata={"host": host},
    )
