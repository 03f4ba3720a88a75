"""The docker command against the session's suite."""

from collections.abc import Iterator

import pytest

from tests.fixtures.suite import Suite
from tests.integration.docker_api.docker_command import Docker


@pytest.fixture
def docker(suite: Suite) -> Docker:
    return Docker(suite)


@pytest.fixture
def sleeper(docker: Docker, tiny: str) -> Iterator[str]:
    """Name of a container that runs."""
    docker("run", "-d", "--name", "sleeper", tiny, "sleep", "1000")
    yield "sleeper"
    docker.attempt("rm", "-f", "sleeper")
