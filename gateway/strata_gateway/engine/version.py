"""Which version this is, and of what."""

import platform
from importlib.metadata import version

import grpc

from strata.gateway.v1 import gateway_pb2 as pb
from strata.runtime.v1 import runtime_pb2
from strata_chassis.errors import StrataError
from strata_gateway.adapters.host import Host
from strata_gateway.adapters.peers import Peers

DISTRIBUTION = "strata-engine-gateway"
DOCKER_API_VERSION = "1.50"
DOCKER_MIN_API_VERSION = "1.24"


def own_version() -> str:
    """Version of the suite this gateway is part of."""
    return version(DISTRIBUTION)


async def engine_version(peers: Peers, host: Host) -> pb.GetVersionResponse:
    """Versions of the engine and of what it stands on."""
    components = {"grpc": grpc.__version__} | await _oci_runtimes(peers)
    return pb.GetVersionResponse(
        version=own_version(),
        python_version=platform.python_version(),
        kernel_version=host.kernel,
        platform=host.platform,
        docker_api_version=DOCKER_API_VERSION,
        docker_min_api_version=DOCKER_MIN_API_VERSION,
        components=components,
    )


async def _oci_runtimes(peers: Peers) -> dict[str, str]:
    try:
        info = await peers.runtime.GetRuntimeInfo(runtime_pb2.GetRuntimeInfoRequest())
    except StrataError:
        return {}
    return {runtime.name: runtime.version for runtime in info.oci_runtimes}
