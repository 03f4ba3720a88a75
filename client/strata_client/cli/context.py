"""What a command may use besides its line: where the gateway is, and where to write."""

import sys
from typing import NamedTuple

from strata_client.gateway import Gateway
from strata_client.wire.endpoint import Credentials, Endpoint


class Context(NamedTuple):
    """Settings that hold for every command."""

    endpoint: Endpoint
    credentials: Credentials | None = None
    has_default_host: bool = True

    def connect(self) -> Gateway:
        """Open a connection to the gateway."""
        return Gateway.connect(self.endpoint, self.credentials)


def say(text: str) -> None:
    """Write one line for the user or the next program."""
    sys.stdout.write(text + "\n")


def say_now(text: str) -> None:
    """Write one line of many that come slowly."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """Write one line that is no result."""
    sys.stdout.flush()
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
