"""Sockets to a gateway, connected and switched to non-blocking."""

import socket
from typing import TYPE_CHECKING

from strata_chassis.errors import PermissionDenied, StrataError, Unauthenticated, Unavailable
from strata_client.wire.endpoint import Credentials, Endpoint

if TYPE_CHECKING:
    import ssl

CONNECT_TIMEOUT_S = 5.0


def connect(endpoint: Endpoint, credentials: Credentials | None = None) -> socket.socket:
    """Open a connection; raises Unavailable or PermissionDenied with a sentence that says what to do."""
    try:
        sock = _connect_unix(endpoint) if endpoint.path else _connect_tcp(endpoint, credentials)
    except OSError as error:
        raise explain(endpoint, error) from error
    sock.settimeout(0)
    return sock


def _connect_unix(endpoint: Endpoint) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(CONNECT_TIMEOUT_S)
    try:
        sock.connect(endpoint.path)
    except OSError:
        sock.close()
        raise
    return sock


def _connect_tcp(endpoint: Endpoint, credentials: Credentials | None) -> socket.socket:
    context = tls_context(credentials)
    sock = socket.create_connection((endpoint.name, endpoint.port), timeout=CONNECT_TIMEOUT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        return context.wrap_socket(sock, server_hostname=endpoint.name)
    except OSError:
        sock.close()
        raise


def tls_context(credentials: Credentials | None) -> "ssl.SSLContext":
    """Say how to speak TLS to a gateway; only connections over a network pay for the import."""
    import ssl

    if credentials is None:
        message = "a gateway on TCP wants to see a certificate: give --tls-ca, --tls-cert and --tls-key"
        raise Unauthenticated(message, reason="TLS_REQUIRED")
    context = ssl.create_default_context(cafile=credentials.authority_file)
    context.load_cert_chain(credentials.certificate_file, credentials.key_file)
    context.set_alpn_protocols(["h2"])
    return context


def explain(endpoint: Endpoint, error: OSError) -> StrataError:
    """Turn a failed connection into a sentence that says what to do."""
    where = {"host": str(endpoint)}
    if isinstance(error, PermissionError):
        message = f"you may not use the gateway's socket {endpoint.path}: run as root, or join the group that owns it"
        return PermissionDenied(message, reason="SOCKET_FORBIDDEN", metadata=where)
    verdict = getattr(error, "verify_message", "")
    why = f"its certificate is not trusted: {verdict}" if verdict else error.strerror or str(error)
    message = f"cannot connect to the gateway at {endpoint} ({why}): is the suite running? `strata up` starts it"
    return Unavailable(message, reason="GATEWAY_UNREACHABLE", metadata=where)
