"""``strata info``."""

from typing import Any

from strata.gateway.v1.gateway_pb2 import GetInfoRequest, GetInfoResponse

from strata_client.cli.context import Context, say
from strata_client.cli.options import Command, text
from strata_client.cli.parsing import Line
from strata_client.cli.quantities import size_text
from strata_client.cli.tables import printable

_TIMEOUT_S = 30.0
_STATES = ("running", "paused", "exited")


def run(line: Line, context: Context) -> int:
    """Say what the engine runs on and with."""
    with context.connect() as gateway:
        info = _facts(gateway.call(GetInfoRequest(), GetInfoResponse, _TIMEOUT_S))
    if template := line.text("format"):
        from strata_client.cli.templates import Template

        say(Template("{{json .}}" if template == "json" else template).render(info))
    else:
        _print(info)
    return 0


def _facts(info: GetInfoResponse) -> dict[str, Any]:
    """All facts under docker's names where it has them."""
    runtime = info.runtime
    return {
        "ID": info.id,
        "Name": info.hostname,
        "Containers": sum(runtime.containers.values()),
        **{f"Containers{state.capitalize()}": runtime.containers.get(state, 0) for state in _STATES},
        "Images": info.images,
        "Layers": info.layers,
        "Driver": "erofs",
        "MountStrategy": runtime.mount_strategy,
        "ErofsBacking": runtime.erofs_backing,
        "LayerMounts": len(runtime.layer_mounts),
        "CgroupVersion": runtime.cgroup_version,
        "Runtimes": {one.name: {"path": one.path, "version": one.version} for one in runtime.oci_runtimes},
        "DefaultRuntime": runtime.oci_runtimes[0].name if runtime.oci_runtimes else "",
        "SecurityOptions": list(runtime.security_options),
        "KernelVersion": runtime.kernel_version,
        "OperatingSystem": info.operating_system,
        "Architecture": info.architecture,
        "NCPU": runtime.cpus,
        "MemTotal": runtime.memory_bytes,
        "RootDir": info.state_dir,
        "Services": [
            {"Name": one.name, "Serving": one.serving, "Version": one.version, "Endpoint": one.endpoint}
            for one in info.services
        ],
    }


def _print(info: dict[str, Any]) -> None:
    """Facts in the order in which people look for them."""
    runtimes = ", ".join(f"{name} {one['version']}".strip() for name, one in info["Runtimes"].items())
    pairs = [
        ("Containers", info["Containers"]),
        *((f" {state.capitalize()}", info[f"Containers{state.capitalize()}"]) for state in _STATES),
        ("Images", info["Images"]),
        ("Layers", info["Layers"]),
        (" Mounts", f"{info['LayerMounts']}, each shared by all containers over it"),
        ("Storage", f"EROFS on {info['ErofsBacking'] or '?'}, {info['MountStrategy'] or '?'} mounts"),
        ("Cgroups", info["CgroupVersion"]),
        ("OCI runtimes", runtimes),
        ("Security", ", ".join(info["SecurityOptions"])),
        ("Kernel", info["KernelVersion"]),
        ("System", f"{info['OperatingSystem']} ({info['Architecture']})"),
        ("Processors", info["NCPU"]),
        ("Memory", size_text(info["MemTotal"], is_binary=True)),
        ("Name", info["Name"]),
        ("ID", info["ID"]),
        ("State in", info["RootDir"]),
    ]
    for key, value in pairs:
        if value != "":
            say(printable(f"{key + ':':<15}{value}"))
    say("Services:")
    for one in info["Services"]:
        state = "serving" if one["Serving"] else "NOT SERVING"
        say(printable(f" {one['Name'] + ':':<14}{state:<12} {one['Endpoint']}".rstrip()))


COMMANDS = {
    "info": Command(
        name="info",
        usage="",
        summary="Show what the engine runs on and with",
        run=run,
        options=(text("-f --format", "TEMPLATE", '"json" or a Go template: {{.KernelVersion}}'),),
    )
}
