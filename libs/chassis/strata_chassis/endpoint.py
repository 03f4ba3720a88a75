"""Addresses of services: ``unix:///path`` and ``tcp://host:port``, parsed once."""

from dataclasses import dataclass
from pathlib import Path

from strata_chassis.errors import InvalidArgument

# sizeof(sockaddr_un.sun_path) less the closing zero, unix(7).
_UNIX_PATH_BYTES = 107
_PORTS = range(65536)


@dataclass(frozen=True)
class UnixEndpoint:
    """A socket in the file system."""

    path: Path

    @property
    def target(self) -> str:
        """The address as gRPC writes it."""
        return f"unix:{self.path}"


@dataclass(frozen=True)
class TcpEndpoint:
    """A TCP port; 0 lets the kernel choose."""

    host: str
    port: int

    @property
    def target(self) -> str:
        """The address as gRPC writes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Endpoint = UnixEndpoint | TcpEndpoint


def parse(text: str) -> Endpoint:
    """Return the endpoint that ``text`` names, or raise InvalidArgument."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme == "unix":
        return _unix(text, rest)
    if separator and scheme == "tcp":
        return _tcp(text, rest)
    raise _invalid(text, "it must begin with unix:// or tcp://")


def _unix(text: str, path: str) -> UnixEndpoint:
    if not path.startswith("/"):
        raise _invalid(text, "the path must be absolute")
    if len(path.encode("utf-8", "surrogateescape")) > _UNIX_PATH_BYTES:
        raise _invalid(text, f"the path is longer than {_UNIX_PATH_BYTES} bytes")
    return UnixEndpoint(Path(path))


def _tcp(text: str, rest: str) -> TcpEndpoint:
    host, separator, port = rest.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not separator or not host or not port.isascii() or not port.isdecimal() or int(port) not in _PORTS:
        raise _invalid(text, "it must be tcp://host:port")
    return TcpEndpoint(host, int(port))


def _invalid(text: str, why: str) -> InvalidArgument:
    return InvalidArgument(
        f"{text!r} is not an endpoint: {why}", reason="ENDPOINT_INVALID", metadata={"endpoint": text}
    )
