"""``strata network`` and its verbs."""

from strata.runtime.v1.container_pb2 import NetworkAttachment

from strata.runtime.v1 import runtime_pb2 as pb
from strata_client.cli.context import Context, say
from strata_client.cli.documents import print_documents
from strata_client.cli.failure import for_each
from strata_client.cli.names import short_id
from strata_client.cli.options import Command, flag, many, text
from strata_client.cli.parsing import Line
from strata_client.cli.quantities import rfc3339
from strata_client.cli.spec.environment import labels
from strata_client.cli.tables import paged, print_formatted
from strata_client.gateway import Gateway
from strata_client.wire.channel import new_request_id

_COLUMNS = (("NETWORK ID", "ID"), ("NAME", "Name"), ("DRIVER", "Driver"), ("SCOPE", "Scope"))
_HEADINGS = {name: heading for heading, name in _COLUMNS} | {"Subnets": "SUBNETS"}
_PAGE_SIZE = 500


def _list(line: Line, context: Context) -> int:
    with context.connect() as gateway:

        def fetch(token: str) -> tuple[list[pb.Network], str]:
            request = pb.ListNetworksRequest(page_size=_PAGE_SIZE, page_token=token)
            page = gateway.call(request, pb.ListNetworksResponse)
            return list(page.networks), page.next_page_token

        networks = paged(fetch)
    rows = [
        {
            "ID": network.id if line.flag("no-trunc") else short_id(network.id),
            "Name": network.name,
            "Driver": network.driver,
            "Scope": "local",
            "Subnets": ",".join(subnet.cidr for subnet in network.subnets),
        }
        for network in networks
    ]
    if line.flag("quiet") and not line.text("format"):
        for row in rows:
            say(row["ID"])
        return 0
    print_formatted(line.text("format"), _COLUMNS, _HEADINGS, rows)
    return 0


def _create(line: Line, context: Context) -> int:
    gateways, ranges = line.many("gateway"), line.many("ip-range")
    network = pb.Network(
        name=line.arguments[0],
        driver=line.text("driver"),
        internal=line.flag("internal"),
        enable_ipv6=line.flag("ipv6"),
        attachable=line.flag("attachable"),
        labels=labels(line.many("label"), []),
        options=labels(line.many("opt"), []),
        subnets=[
            pb.Subnet(cidr=cidr, gateway="".join(gateways[at : at + 1]), ip_range="".join(ranges[at : at + 1]))
            for at, cidr in enumerate(line.many("subnet"))
        ],
    )
    request = pb.CreateNetworkRequest(request_id=new_request_id(), network=network)
    with context.connect() as gateway:
        say(gateway.call(request, pb.CreateNetworkResponse).network.id)
    return 0


def _remove(line: Line, context: Context) -> int:
    with context.connect() as gateway:

        def remove(name: str) -> str:
            gateway.call(pb.DeleteNetworkRequest(network=name), pb.DeleteNetworkResponse)
            return name

        return for_each(line.arguments, remove)


def _inspect(line: Line, context: Context) -> int:
    with context.connect() as gateway:
        documents = [_document(gateway, name) for name in line.arguments]
    print_documents(line.text("format"), documents)
    return 0


def _document(gateway: Gateway, name: str) -> dict[str, object]:
    """A network in docker's shape."""
    network = gateway.call(pb.GetNetworkRequest(network=name), pb.GetNetworkResponse).network
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": rfc3339(network.create_time),
        "Scope": "local",
        "Driver": network.driver,
        "EnableIPv6": network.enable_ipv6,
        "Internal": network.internal,
        "Attachable": network.attachable,
        "IPAM": {"Config": [{"Subnet": one.cidr, "Gateway": one.gateway} for one in network.subnets]},
        "Containers": {
            container: {"IPv4Address": place.ipv4_cidr, "IPv6Address": place.ipv6_cidr, "MacAddress": place.mac_address}
            for container, place in sorted(network.containers.items())
        },
        "Options": dict(network.options),
        "Labels": dict(network.labels),
    }


def _connect(line: Line, context: Context) -> int:
    network, container = line.arguments
    attachment = NetworkAttachment(
        network=network,
        aliases=line.many("alias"),
        ipv4_address=line.text("ip"),
        ipv6_address=line.text("ip6"),
    )
    with context.connect() as gateway:
        gateway.call(pb.ConnectNetworkRequest(container=container, attachment=attachment), pb.ConnectNetworkResponse)
    return 0


def _disconnect(line: Line, context: Context) -> int:
    network, container = line.arguments
    request = pb.DisconnectNetworkRequest(network=network, container=container, force=line.flag("force"))
    with context.connect() as gateway:
        gateway.call(request, pb.DisconnectNetworkResponse)
    return 0


_FORMAT = text("-f --format", "TEMPLATE", '"table", "json" or a Go template: {{.Name}}')

COMMANDS = {
    "network ls": Command(
        name="network ls",
        usage="",
        summary="List networks",
        run=_list,
        options=(_FORMAT, flag("--no-trunc", "Cut nothing off"), flag("-q --quiet", "Print IDs only")),
    ),
    "network create": Command(
        name="network create",
        usage="NETWORK",
        summary="Make a network in which containers find each other by name",
        run=_create,
        least=1,
        most=1,
        options=(
            flag("--attachable", "Accepted for docker's sake"),
            text("-d --driver", "DRIVER", "Driver", "bridge"),
            many("--gateway", "ADDRESS", "Gateway of the subnet in the same place"),
            flag("--internal", "No way out of it"),
            many("--ip-range", "RANGE", "Part of the subnet to give addresses from"),
            flag("--ipv6", "Give IPv6 addresses too"),
            many("--label", "KEY[=VALUE]", "Label the network"),
            many("-o --opt", "KEY=VALUE", "Option of the driver"),
            many("--subnet", "RANGE", "Addresses to give, as 172.30.5.0/24"),
        ),
        examples="""
            strata network create shop  # then: strata run --network shop ...
            strata network create --internal --subnet 10.9.0.0/24 vault  # without a way out
        """,
    ),
    "network rm": Command(
        name="network rm",
        usage="NETWORK [NETWORK...]",
        summary="Remove networks that no container is in",
        run=_remove,
        least=1,
        most=None,
        complete=("network",),
    ),
    "network inspect": Command(
        name="network inspect",
        usage="NETWORK [NETWORK...]",
        summary="Show everything about networks as JSON",
        run=_inspect,
        least=1,
        most=None,
        options=(_FORMAT,),
        complete=("network",),
    ),
    "network connect": Command(
        name="network connect",
        usage="NETWORK CONTAINER",
        summary="Put a container, which may run, into one more network",
        run=_connect,
        least=2,
        most=2,
        options=(
            many("--alias", "NAME", "Further name of it there"),
            text("--ip", "ADDRESS", "IPv4 address there"),
            text("--ip6", "ADDRESS", "IPv6 address there"),
        ),
        complete=("network", "container"),
    ),
    "network disconnect": Command(
        name="network disconnect",
        usage="NETWORK CONTAINER",
        summary="Take a container out of a network",
        run=_disconnect,
        least=2,
        most=2,
        options=(flag("-f --force", "Also if the container is unknown"),),
        complete=("network", "container"),
    ),
}
