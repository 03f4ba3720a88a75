"""``strata update``."""

from strata.runtime.v1.runtime_pb2 import UpdateContainerRequest, UpdateContainerResponse

from strata_client.cli.context import Context, warn
from strata_client.cli.failure import for_each
from strata_client.cli.options import Command, many, text
from strata_client.cli.parsing import Line
from strata_client.cli.run_options import LIMIT_OPTIONS
from strata_client.cli.spec.container import parse_restart
from strata_client.cli.spec.mounts import parse_mount, parse_volume
from strata_client.cli.spec.ports import parse_publish
from strata_client.cli.spec.resources import resources


def run(line: Line, context: Context) -> int:
    """Change limits, restart policy, ports and mounts of containers."""
    with context.connect() as gateway:

        def update(name: str) -> str:
            response = gateway.call(_request(line, name), UpdateContainerResponse)
            for warning in response.warnings:
                warn(f"WARNING: {warning}")
            return name

        return for_each(line.arguments, update)


def _request(line: Line, name: str) -> UpdateContainerRequest:
    """The change that a line asks of one container; what is not said stays."""
    request = UpdateContainerRequest(container=name, resources=resources(line))
    if line.text("restart"):
        request.restart_policy.CopyFrom(parse_restart(line.text("restart")))
    if line.has("publish"):
        ports = [port for word in line.many("publish") if word != "none" for port in parse_publish(word)]
        request.ports.CopyFrom(UpdateContainerRequest.PortList(ports=ports))
    if line.has("volume") or line.has("mount"):
        mounts = [parse_volume(word) for word in line.many("volume") if word != "none"]
        mounts += map(parse_mount, line.many("mount"))
        request.mounts.CopyFrom(UpdateContainerRequest.MountList(mounts=mounts))
    return request


COMMANDS = {
    "update": Command(
        name="update",
        usage="CONTAINER [CONTAINER...]",
        summary="Change limits, restart policy, published ports or mounts of containers",
        run=run,
        least=1,
        most=None,
        options=(
            *LIMIT_OPTIONS,
            text("--restart", "POLICY", "no, always, unless-stopped or on-failure[:RETRIES]", complete="restart"),
            many("-p --publish", "[[IP:]HOST:]PORT[/udp]", 'Publish these ports instead; "none" for none'),
            many("-v --volume", "SOURCE:TARGET[:ro]", 'Mount these instead, while it is stopped; "none" for none'),
            many("--mount", "KEY=VALUE,...", "As --volume, as type=bind|volume|tmpfs,source=...,target=..."),
        ),
        notes="Ports and mounts replace all that there were. Limits and ports change while the container runs.",
        examples="""
            strata update -m 1g --cpus 2 web  # more room
            strata update -p 8081:80 web  # another port, without making it anew
        """,
        complete=("container",),
    )
}
