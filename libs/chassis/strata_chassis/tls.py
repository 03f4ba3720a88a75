"""Mutual TLS for what goes over TCP: both sides show a certificate that the other side's authority signed."""

from dataclasses import dataclass
from pathlib import Path

import grpc

from strata_chassis.errors import InvalidArgument


@dataclass(frozen=True)
class TlsFiles:
    """PEM files: our chain, its key, and the authorities that sign the peers' certificates."""

    cert: Path
    key: Path
    ca: Path

    def server_credentials(self) -> grpc.ServerCredentials:
        """Return credentials that demand a certificate from every client."""
        pair = (_read(self.key), _read(self.cert))
        return grpc.ssl_server_credentials([pair], root_certificates=_read(self.ca), require_client_auth=True)

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """Return credentials that show our certificate and check the server's."""
        return grpc.ssl_channel_credentials(_read(self.ca), _read(self.key), _read(self.cert))


def tls_files(cert: Path | None, key: Path | None, ca: Path | None) -> TlsFiles | None:
    """Return the files if all three are given, None if none is; raises InvalidArgument for one or two of them."""
    if cert and key and ca:
        return TlsFiles(cert, key, ca)
    if cert or key or ca:
        raise InvalidArgument("mutual TLS needs all of tls-cert, tls-key and tls-ca", reason="TLS_CONFIG_INCOMPLETE")
    return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidArgument(
            f"the TLS file {path} cannot be read: {error.strerror}",
            reason="TLS_FILE_UNREADABLE",
            metadata={"file": str(path)},
        ) from error
