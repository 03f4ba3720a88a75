"""Where a gateway listens: ``unix:///run/strata/gateway.sock``, or ``tcp://host:port`` with mutual TLS."""

from typing import NamedTuple

from strata_chassis.errors import InvalidArgument

DEFAULT_HOST = "unix:///run/strata/gateway.sock"


class Endpoint(NamedTuple):
    """An address to connect to; ``path`` is set for unix sockets, ``name`` and ``port`` for TCP."""

    path: str = ""
    name: str = ""
    port: int = 0

    def __str__(self) -> str:
        """Write it as the user would."""
        if self.path:
            return f"unix://{self.path}"
        return f"tcp://[{self.name}]:{self.port}" if ":" in self.name else f"tcp://{self.name}:{self.port}"


class Credentials(NamedTuple):
    """Files for mutual TLS: who signed the gateway's certificate, and ours with its key."""

    authority_file: str
    certificate_file: str
    key_file: str


def parse_endpoint(text: str) -> Endpoint:
    """Read ``unix:///path``, ``unix:/path``, a path, or ``tcp://host:port``."""
    scheme, separator, rest = text.partition("://")
    if not separator and text.startswith("unix:"):
        scheme, rest = "unix", text.removeprefix("unix:")
    elif not separator and text.startswith("/"):
        scheme, rest = "unix", text
    if scheme == "unix" and rest.startswith("/"):
        return Endpoint(path=rest)
    name, colon, port = rest.rpartition(":")
    if scheme == "tcp" and colon and name and port.isascii() and port.isdigit() and 0 < int(port) < 2**16:
        return Endpoint(name=name.strip("[]"), port=int(port))
    message = f"{text!r} is no address of a gateway: write unix:///path or tcp://host:port"
    raise InvalidArgument(message, reason="BAD_HOST", metadata={"host": text})
