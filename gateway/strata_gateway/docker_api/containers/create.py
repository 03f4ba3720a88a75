"""A create request as the engine's specification of a container. Source: Docker Engine API, ContainerCreate."""

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.duration_pb2 import Duration

from strata.runtime.v1 import container_pb2 as pb
from strata_chassis.errors import InvalidArgument
from strata_gateway.docker_api.containers.health import check_of
from strata_gateway.docker_api.containers.mounts import mounts_of
from strata_gateway.docker_api.containers.networks import attachments_of, network_mode_of
from strata_gateway.docker_api.containers.ports import mappings_of
from strata_gateway.docker_api.containers.resources import resources_of
from strata_gateway.docker_api.containers.security import security_of
from strata_gateway.docker_api.parameters import understood

_RESTARTS = {
    "": pb.RestartPolicy.CONDITION_NO,
    "no": pb.RestartPolicy.CONDITION_NO,
    "always": pb.RestartPolicy.CONDITION_ALWAYS,
    "unless-stopped": pb.RestartPolicy.CONDITION_UNLESS_STOPPED,
    "on-failure": pb.RestartPolicy.CONDITION_ON_FAILURE,
}
_LOG_DRIVERS = {"": "file", "json-file": "file", "local": "file", "file": "file", "none": "none"}
RESTART_NAMES = {number: name for name, number in _RESTARTS.items() if name}


def spec_of(body: Mapping[str, Any], name: str) -> pb.ContainerSpec:
    """Translate a body; InvalidArgument for one that does not have the API's shape."""
    with understood():
        return _spec(body, body.get("HostConfig") or {}, name)


def _spec(body: Mapping[str, Any], host: Mapping[str, Any], name: str) -> pb.ContainerSpec:
    spec = pb.ContainerSpec(
        name=name.removeprefix("/"),
        image=body.get("Image") or "",
        command=_words(body.get("Cmd")),
        env=body.get("Env") or (),
        working_dir=body.get("WorkingDir") or "",
        user=body.get("User") or "",
        hostname=body.get("Hostname") or "",
        domainname=body.get("Domainname") or "",
        tty=bool(body.get("Tty")),
        open_stdin=bool(body.get("OpenStdin")),
        stdin_once=bool(body.get("StdinOnce")),
        labels=body.get("Labels") or {},
        stop_signal=body.get("StopSignal") or "",
        exposed_ports=body.get("ExposedPorts") or (),
        mac_address=body.get("MacAddress") or "",
    )
    _set_entrypoint(spec, body.get("Entrypoint"))
    if body.get("StopTimeout") is not None:
        spec.stop_timeout.CopyFrom(Duration(seconds=body["StopTimeout"]))
    if body.get("Healthcheck"):
        spec.health_check.CopyFrom(check_of(body["Healthcheck"]))
    spec.MergeFrom(_host_part(body, host))
    return spec


def _host_part(body: Mapping[str, Any], host: Mapping[str, Any]) -> pb.ContainerSpec:
    log = host.get("LogConfig") or {}
    return pb.ContainerSpec(
        resources=resources_of(host),
        security=security_of(host),
        mounts=mounts_of(body, host),
        network_mode=network_mode_of(body, host),
        networks=attachments_of(body.get("NetworkingConfig")),
        ports=mappings_of(host.get("PortBindings")),
        publish_all_ports=bool(host.get("PublishAllPorts")),
        dns=host.get("Dns") or (),
        dns_search=host.get("DnsSearch") or (),
        dns_options=host.get("DnsOptions") or (),
        extra_hosts=host.get("ExtraHosts") or (),
        restart_policy=restart_policy_of(host.get("RestartPolicy") or {}),
        auto_remove=bool(host.get("AutoRemove")),
        init=bool(host.get("Init")),
        read_only_root=bool(host.get("ReadonlyRootfs")),
        log_config=pb.LogConfig(driver=_log_driver(log.get("Type") or ""), options=log.get("Config") or {}),
        shm_size_bytes=host.get("ShmSize") or 0,
        disk_quota_bytes=_quota((host.get("StorageOpt") or {}).get("size")),
        ipc_mode=host.get("IpcMode") or "",
        pid_mode=host.get("PidMode") or "",
        uts_mode=host.get("UTSMode") or "",
        cgroup_mode=host.get("CgroupnsMode") or "",
        userns_mode=host.get("UsernsMode") or "",
        cgroup_parent=host.get("CgroupParent") or "",
        annotations=host.get("Annotations") or {},
        runtime=host.get("Runtime") or "",
        volumes_from=host.get("VolumesFrom") or (),
    )


def restart_policy_of(policy: Mapping[str, Any]) -> pb.RestartPolicy:
    """A ``RestartPolicy``; InvalidArgument for a name docker does not know."""
    name = policy.get("Name") or ""
    if name not in _RESTARTS:
        raise InvalidArgument(
            f"invalid restart policy: unknown policy '{name}'", reason="SPEC_INVALID", metadata={"policy": str(name)}
        )
    return pb.RestartPolicy(condition=_RESTARTS[name], max_retries=policy.get("MaximumRetryCount") or 0)


def _set_entrypoint(spec: pb.ContainerSpec, entrypoint: Any) -> None:
    """Docker's ways to say it: null is the image's, ``[]`` and ``[""]`` are none at all."""
    if entrypoint is None:
        return
    words = [word for word in _words(entrypoint) if word]
    spec.entrypoint.extend(words)
    spec.clear_entrypoint = not words


def _words(command: Any) -> Sequence[str]:
    """A command as words; old clients send a string."""
    return (command,) if isinstance(command, str) else command or ()


def _log_driver(name: str) -> str:
    """The driver that does what docker's does; InvalidArgument for one that would send the output elsewhere."""
    try:
        return _LOG_DRIVERS[name]
    except KeyError:
        raise InvalidArgument(
            f"logger: no log driver named '{name}' is registered", reason="SPEC_INVALID", metadata={"driver": name}
        ) from None


def _quota(size: str | None) -> int:
    """Bytes of a ``--storage-opt size=``: "10G"."""
    if not size:
        return 0
    text = size.lower().rstrip("ib")
    shift = {"k": 10, "m": 20, "g": 30, "t": 40}.get(text[-1:], 0)
    return int(float(text[:-1] if shift else text) * (1 << shift))
