"""An inspected container. Source: Docker Engine API, ContainerInspect."""

from collections.abc import Mapping
from typing import Any

from strata.runtime.v1 import container_pb2 as pb
from strata_gateway.docker_api.containers.create import RESTART_NAMES
from strata_gateway.docker_api.containers.health import check_shown, health_shown
from strata_gateway.docker_api.containers.mounts import binds_shown, mount_points_shown, tmpfs_shown
from strata_gateway.docker_api.containers.networks import endpoints_shown
from strata_gateway.docker_api.containers.ports import bindings_shown, network_ports_shown
from strata_gateway.docker_api.containers.resources import host_resources
from strata_gateway.docker_api.containers.security import host_security
from strata_gateway.docker_api.times import rfc3339

STATES = {
    pb.Container.STATE_CREATED: "created",
    pb.Container.STATE_RUNNING: "running",
    pb.Container.STATE_PAUSED: "paused",
    pb.Container.STATE_RESTARTING: "restarting",
    pb.Container.STATE_EXITED: "exited",
    pb.Container.STATE_REMOVING: "removing",
    pb.Container.STATE_DEAD: "dead",
}


def inspected(container: pb.Container, image: Mapping[str, Any], upper_bytes: int | None = None) -> dict[str, Any]:
    """The whole document; ``image`` is the config of its image, ``upper_bytes`` was asked for with ``size=1``."""
    args = list(container.args) or [*container.spec.entrypoint, *container.spec.command] or [""]
    document = {
        "Id": container.id,
        "Created": rfc3339(container.create_time),
        "Path": args[0],
        "Args": args[1:],
        "State": state_shown(container),
        "Image": container.image_id,
        "ResolvConfPath": "",
        "HostnamePath": "",
        "HostsPath": "",
        "LogPath": container.log_path,
        "Name": f"/{container.name}",
        "RestartCount": container.restart_count,
        "Driver": "strata",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": container.spec.security.apparmor_profile,
        "ExecIDs": list(container.exec_ids) or None,
        "HostConfig": host_config_shown(container.spec),
        "GraphDriver": {"Name": "strata", "Data": {"UpperDir": container.upper_path}},
        "Mounts": mount_points_shown(container.mount_points),
        "Config": config_shown(container, image),
        "NetworkSettings": network_settings_shown(container),
    }
    return document if upper_bytes is None else document | {"SizeRw": upper_bytes, "SizeRootFs": upper_bytes}


def state_shown(container: pb.Container) -> dict[str, Any]:
    """``State``."""
    state = container.state
    shown = {
        "Status": STATES.get(state, ""),
        "Running": state in {pb.Container.STATE_RUNNING, pb.Container.STATE_PAUSED, pb.Container.STATE_RESTARTING},
        "Paused": state == pb.Container.STATE_PAUSED,
        "Restarting": state == pb.Container.STATE_RESTARTING,
        "OOMKilled": container.oom_killed,
        "Dead": state == pb.Container.STATE_DEAD,
        "Pid": container.pid,
        "ExitCode": container.exit_code,
        "Error": container.error,
        "StartedAt": rfc3339(container.start_time),
        "FinishedAt": rfc3339(container.finish_time),
    }
    health = health_shown(container.health)
    return shown | {"Health": health} if health else shown


def config_shown(container: pb.Container, image: Mapping[str, Any]) -> dict[str, Any]:
    """``Config``: what was asked for, on top of what the image says."""
    spec = container.spec
    shown = {
        "Hostname": spec.hostname or container.id[:12],
        "Domainname": spec.domainname,
        "User": spec.user or image.get("User", ""),
        "AttachStdin": False,
        "AttachStdout": not spec.open_stdin,
        "AttachStderr": not spec.open_stdin,
        "Tty": spec.tty,
        "OpenStdin": spec.open_stdin,
        "StdinOnce": spec.stdin_once,
        "Env": [*(image.get("Env") or ()), *spec.env],
        "Cmd": list(spec.command) or (None if spec.entrypoint else image.get("Cmd")),
        "Image": spec.image,
        "Volumes": image.get("Volumes"),
        "WorkingDir": spec.working_dir or image.get("WorkingDir", ""),
        "Entrypoint": list(spec.entrypoint) or (None if spec.clear_entrypoint else image.get("Entrypoint")),
        "OnBuild": None,
        "Labels": {**(image.get("Labels") or {}), **spec.labels},
    }
    exposed = {**(image.get("ExposedPorts") or {}), **{port: {} for port in spec.exposed_ports}}
    if exposed:
        shown["ExposedPorts"] = exposed
    if spec.stop_signal or image.get("StopSignal"):
        shown["StopSignal"] = spec.stop_signal or image.get("StopSignal")
    if spec.HasField("stop_timeout"):
        shown["StopTimeout"] = spec.stop_timeout.seconds
    if spec.HasField("health_check"):
        shown["Healthcheck"] = check_shown(spec.health_check)
    return shown


def host_config_shown(spec: pb.ContainerSpec) -> dict[str, Any]:
    """``HostConfig``."""
    policy = spec.restart_policy
    return {
        "Binds": binds_shown(spec.mounts),
        "ContainerIDFile": "",
        "LogConfig": {"Type": _log_driver_shown(spec.log_config.driver), "Config": dict(spec.log_config.options)},
        "NetworkMode": spec.network_mode or "bridge",
        "PortBindings": bindings_shown(spec.ports),
        "RestartPolicy": {
            "Name": RESTART_NAMES.get(policy.condition, "no"),
            "MaximumRetryCount": policy.max_retries,
        },
        "AutoRemove": spec.auto_remove,
        "VolumeDriver": "",
        "VolumesFrom": list(spec.volumes_from) or None,
        "ConsoleSize": [0, 0],
        "CgroupnsMode": spec.cgroup_mode or "private",
        "Dns": list(spec.dns),
        "DnsOptions": list(spec.dns_options),
        "DnsSearch": list(spec.dns_search),
        "ExtraHosts": list(spec.extra_hosts) or None,
        "IpcMode": spec.ipc_mode or "private",
        "Cgroup": "",
        "Links": None,
        "PidMode": spec.pid_mode,
        "PublishAllPorts": spec.publish_all_ports,
        "ReadonlyRootfs": spec.read_only_root,
        "StorageOpt": {"size": str(spec.disk_quota_bytes)} if spec.disk_quota_bytes else None,
        "Tmpfs": tmpfs_shown(spec.mounts),
        "UTSMode": spec.uts_mode,
        "UsernsMode": spec.userns_mode,
        "ShmSize": spec.shm_size_bytes or 64 << 20,
        "Runtime": spec.runtime or "crun",
        "Isolation": "",
        "CgroupParent": spec.cgroup_parent,
        "Init": spec.init or None,
        "Annotations": dict(spec.annotations),
        **host_security(spec.security),
        **host_resources(spec.resources),
    }


def _log_driver_shown(driver: str) -> str:
    return "none" if driver == "none" else "json-file"


def network_settings_shown(container: pb.Container) -> dict[str, Any]:
    """``NetworkSettings``, with the first network's addresses where old clients look for them."""
    endpoints = endpoints_shown(container)
    first = next(iter(endpoints.values()), {})
    keys = ("Gateway", "IPAddress", "IPPrefixLen", "IPv6Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen")
    return {
        "Bridge": "",
        "SandboxID": container.id,
        "SandboxKey": container.netns_path,
        "Ports": network_ports_shown(container),
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        "EndpointID": "",
        "MacAddress": first.get("MacAddress", ""),
        **{key: first.get(key, "") for key in keys},
        "Networks": endpoints,
    }
