"""Which version this is, and of what."""

import sys

import grpc

from strata.gateway.v1 import gateway_pb2 as pb
from strata_gateway.adapters.host import Host
from strata_gateway.adapters.peers import Peers
from strata_gateway.engine.info import runtime_info

VERSION = "0.1.0"
"""As in this distribution's pyproject.toml: asking importlib.metadata for it would cost 1.5 MB of memory."""
DOCKER_API_VERSION = "1.50"
DOCKER_MIN_API_VERSION = "1.24"


async def engine_version(peers: Peers, host: Host) -> pb.GetVersionResponse:
    """Versions of the engine and of what it stands on."""
    components = {"grpc": grpc.__version__} | await _oci_runtimes(peers)
    return pb.GetVersionResponse(
        version=VERSION,
        python_version=sys.version.split()[0],
        kernel_version=host.kernel,
        platform=host.platform,
        docker_api_version=DOCKER_API_VERSION,
        docker_min_api_version=DOCKER_MIN_API_VERSION,
        components=components,
    )


async def _oci_runtimes(peers: Peers) -> dict[str, str]:
    info = await runtime_info(peers)
    return {} if info is None else {runtime.name: runtime.version for runtime in info.oci_runtimes}
