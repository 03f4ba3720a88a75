"""``strata port``."""

from strata.runtime.v1.container_pb2 import PortMapping

from strata_chassis.errors import NotFound
from strata_client.cli.commands.attach import find
from strata_client.cli.context import Context, say
from strata_client.cli.options import Command
from strata_client.cli.parsing import Line


def run(line: Line, context: Context) -> int:
    """Print published ports: all of them, or the addresses of one."""
    name, *ports = line.arguments
    with context.connect() as gateway:
        published = find(gateway, name).ports
    if not ports:
        for port in published:
            say(f"{_inside(port)} -> {_outside(port)}")
        return 0
    wanted = ports[0] if "/" in ports[0] else f"{ports[0]}/tcp"
    matching = [port for port in published if _inside(port) == wanted]
    if not matching:
        raise NotFound(f"port {wanted} of container {name} is not published", reason="PORT_NOT_PUBLISHED")
    for port in matching:
        say(_outside(port))
    return 0


def _inside(port: PortMapping) -> str:
    return f"{port.container_port}/{port.protocol or 'tcp'}"


def _outside(port: PortMapping) -> str:
    address = port.host_ip or "0.0.0.0"  # noqa: S104
    return f"[{address}]:{port.host_port}" if ":" in address else f"{address}:{port.host_port}"


COMMANDS = {
    "port": Command(
        name="port",
        usage="CONTAINER [PORT[/PROTOCOL]]",
        summary="Show where a container's ports are published",
        run=run,
        least=1,
        most=2,
        examples="curl http://$(strata port web 80)  # wherever it is",
        complete=("running",),
    )
}
