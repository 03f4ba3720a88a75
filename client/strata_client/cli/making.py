"""What ``run`` and ``create`` share: the request to make a container, and what is said about it."""

import os

from strata.gateway.v1.gateway_pb2 import CreateContainerRequest, CreateContainerResponse

from strata.gateway.v1 import gateway_pb2
from strata_client.cli.context import warn
from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.platforms import parse_platform
from strata_client.cli.spec.container import container_spec
from strata_client.credentials import find_credentials
from strata_client.wire.channel import new_request_id

_POLICIES = {
    "missing": gateway_pb2.PULL_POLICY_MISSING,
    "always": gateway_pb2.PULL_POLICY_ALWAYS,
    "never": gateway_pb2.PULL_POLICY_NEVER,
}


def create_request(line: Line, *, is_attached: bool) -> CreateContainerRequest:
    """The request that a line of ``run`` or ``create`` means."""
    policy = line.text("pull")
    if policy not in _POLICIES:
        raise UsageError(f"invalid pull policy {policy!r}: there are {', '.join(_POLICIES)}")
    check_cidfile(line)
    wants_image = policy != "never"
    return CreateContainerRequest(
        request_id=new_request_id(),
        spec=container_spec(line, is_attached=is_attached),
        pull_policy=_POLICIES[policy],
        platform=parse_platform(line.text("platform")),
        credentials=find_credentials(line.arguments[0]) if wants_image else None,
    )


def check_cidfile(line: Line) -> None:
    """Refuse a file for the ID that is there already: it may name another container."""
    file = line.text("cidfile")
    if file and os.path.exists(file):  # noqa: PTH110
        raise UsageError(f"the file {file} is there already: remove it, or choose another for --cidfile")


def report_created(line: Line, created: CreateContainerResponse) -> None:
    """Say what was changed in the request, and write the ID where it is wanted."""
    for warning in created.warnings:
        warn(f"WARNING: {warning}")
    if file := line.text("cidfile"):
        with open(file, "x", encoding="ascii") as opened:  # noqa: PTH123
            opened.write(created.container.id)
