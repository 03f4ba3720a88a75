"""The engine itself: ping, version, info, disk usage, credentials."""

from typing import Any

from strata.gateway.v1 import gateway_pb2 as pb
from strata_chassis.errors import NotFound
from strata_gateway.docker_api.containers.summary import summarised as container_summary
from strata_gateway.docker_api.images.listing import summarised as image_summary
from strata_gateway.docker_api.parameters import credentials_in, understood
from strata_gateway.docker_api.routes import Routes
from strata_gateway.docker_api.versions import NEWEST, OLDEST
from strata_gateway.docker_api.volumes import volume_shown
from strata_gateway.engine.engine import Engine
from strata_gateway.engine.listing import all_images
from strata_gateway.engine.version import VERSION
from strata_gateway.web.exchange import Exchange

_PING_HEADERS = {
    "Api-Version": str(NEWEST),
    "Docker-Experimental": "false",
    "Ostype": "linux",
    "Builder-Version": "1",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Pragma": "no-cache",
}


async def ping(_: Engine, exchange: Exchange) -> None:
    """GET and HEAD /_ping: that it answers, and which API it speaks."""
    headers = _PING_HEADERS | {"Server": f"Strata/{VERSION} (linux)"}
    await exchange.reply_bytes(b"OK", "text/plain; charset=utf-8", headers=headers)


async def version(engine: Engine, exchange: Exchange) -> None:
    """GET /version."""
    said = await engine.version()
    own = {
        "Version": said.version,
        "ApiVersion": str(NEWEST),
        "MinAPIVersion": str(OLDEST),
        "GitCommit": said.git_commit,
        "GoVersion": f"none (Python {said.python_version})",
        "Os": "linux",
        "Arch": engine.host.architecture,
        "KernelVersion": said.kernel_version,
        "Experimental": "false",
        "BuildTime": "",
    }
    components = [{"Name": name, "Version": number, "Details": {}} for name, number in sorted(said.components.items())]
    await exchange.reply(
        {
            "Platform": {"Name": "Strata"},
            "Components": [{"Name": "Engine", "Version": said.version, "Details": own}, *components],
            **own,
            "Experimental": False,
        }
    )


async def info(engine: Engine, exchange: Exchange) -> None:
    """GET /info."""
    await exchange.reply(info_shown(await engine.info(), engine))


def info_shown(said: pb.GetInfoResponse, engine: Engine) -> dict[str, Any]:
    """The document; what docker's clients do not know of is in DriverStatus."""
    runtime = said.runtime
    states = runtime.containers
    running, paused = states.get("running", 0), states.get("paused", 0)
    names = [found.name for found in runtime.oci_runtimes]
    silent = [service.name for service in said.services if not service.serving]
    return {
        "ID": said.id,
        "Containers": sum(states.values()),
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": sum(states.values()) - running - paused,
        "Images": said.images,
        "Driver": "strata",
        "DriverStatus": [
            ["Layers", str(said.layers)],
            ["Mount Strategy", runtime.mount_strategy],
            ["EROFS Backing", runtime.erofs_backing],
        ],
        "Plugins": {
            "Volume": ["local"],
            "Network": ["bridge", "host", "null"],
            "Authorization": None,
            "Log": ["json-file"],
        },
        **dict.fromkeys(_CAPABILITIES, True),
        "OomKillDisable": runtime.cgroup_version != "v2",
        "Debug": False,
        "LoggingDriver": "json-file",
        "CgroupDriver": "cgroupfs",
        "CgroupVersion": "2" if runtime.cgroup_version == "v2" else "1",
        "KernelVersion": runtime.kernel_version or engine.host.kernel,
        "OperatingSystem": said.operating_system,
        "OSType": "linux",
        "Architecture": {"amd64": "x86_64", "arm64": "aarch64"}.get(said.architecture, said.architecture),
        "NCPU": runtime.cpus or engine.host.cpus,
        "MemTotal": runtime.memory_bytes or engine.host.memory_bytes,
        "IndexServerAddress": "https://index.docker.io/v1/",
        "RegistryConfig": {"InsecureRegistryCIDRs": ["::1/128", "127.0.0.0/8"], "IndexConfigs": {}, "Mirrors": None},
        "DockerRootDir": said.state_dir,
        "Name": said.hostname,
        "Labels": [],
        "ExperimentalBuild": False,
        "ServerVersion": VERSION,
        "Runtimes": {found.name: {"path": found.path} for found in runtime.oci_runtimes},
        "DefaultRuntime": names[0] if names else "",
        "Swarm": {"LocalNodeState": "inactive", "NodeID": "", "NodeAddr": "", "ControlAvailable": False},
        "LiveRestoreEnabled": True,
        "Isolation": "",
        "InitBinary": "",
        "SecurityOptions": [f"name={option}" for option in runtime.security_options],
        "Warnings": [f"WARNING: the {name} service does not answer" for name in silent] or None,
    }


_CAPABILITIES = (
    *("MemoryLimit", "SwapLimit", "CpuCfsPeriod", "CpuCfsQuota", "CPUShares", "CPUSet", "PidsLimit", "IPv4Forwarding"),
)


async def disk_usage(engine: Engine, exchange: Exchange) -> None:
    """GET /system/df."""
    used = await engine.disk_usage(pb.GetDiskUsageRequest())
    users: dict[str, int] = {}
    for usage in used.containers:
        users[usage.container.image_id] = users.get(usage.container.image_id, 0) + 1
    shared = {usage.digest: usage.shared_bytes for usage in used.images.images}
    images = [image async for image in all_images(engine.peers)]
    await exchange.reply(
        {
            "LayersSize": used.images.stored_bytes,
            "Images": [image_summary(image, shared.get(image.digest, 0), users.get(image.id, 0)) for image in images],
            "Containers": [container_summary(usage.container, usage.upper_bytes) for usage in used.containers],
            "Volumes": [volume_shown(volume, with_usage=True) for volume in used.volumes],
            "BuildCache": [],
        }
    )


async def check_credentials(engine: Engine, exchange: Exchange) -> None:
    """POST /auth: ask a registry whether it accepts credentials."""
    body = await exchange.request.json()
    with understood():
        registry = _registry_host(body.get("serveraddress") or "")
        credentials = credentials_in(body)
    checked = await engine.check_credentials(pb.CheckCredentialsRequest(registry=registry, credentials=credentials))
    await exchange.reply({"Status": "Login Succeeded", "IdentityToken": checked.identity_token})


def _registry_host(address: str) -> str:
    """Host of a ``serveraddress``; Docker Hub goes by the address of its oldest API."""
    host = address.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return "docker.io" if host in {"", "index.docker.io", "registry-1.docker.io"} else host


async def plugins(_: Engine, exchange: Exchange) -> None:
    """GET /plugins: there are none, and never will be."""
    await exchange.reply([])


async def plugin(_: Engine, exchange: Exchange) -> None:
    """GET /plugins/{name}/json: `docker inspect` looks here last for a name that nothing has."""
    name = exchange.parts["name"]
    raise NotFound(f"plugin {name!r} not found", reason="PLUGIN_UNKNOWN", metadata={"plugin": name})


ROUTES: Routes = (
    ("GET", "/plugins", plugins),
    ("GET", "/plugins/{name*}/json", plugin),
    ("GET", "/_ping", ping),
    ("GET", "/version", version),
    ("GET", "/info", info),
    ("GET", "/system/df", disk_usage),
    ("POST", "/auth", check_credentials),
)
