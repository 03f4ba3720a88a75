"""A container as docker's ``inspect`` shows it."""

from typing import Any

from strata.runtime.v1.container_pb2 import Container, ContainerSpec, Health, Mount, NetworkAttachment, RestartPolicy

from strata_client.cli.containers import state_name
from strata_client.cli.quantities import rfc3339

_NEVER = "0001-01-01T00:00:00Z"
_MOUNT_TYPES = {Mount.TYPE_BIND: "bind", Mount.TYPE_VOLUME: "volume", Mount.TYPE_TMPFS: "tmpfs"}
_HEALTH = {
    Health.STATUS_STARTING: "starting",
    Health.STATUS_HEALTHY: "healthy",
    Health.STATUS_UNHEALTHY: "unhealthy",
}
_RESTART = {
    RestartPolicy.CONDITION_ALWAYS: "always",
    RestartPolicy.CONDITION_UNLESS_STOPPED: "unless-stopped",
    RestartPolicy.CONDITION_ON_FAILURE: "on-failure",
}


def container_document(container: Container) -> dict[str, Any]:
    """Everything about a container."""
    return {
        "Id": container.id,
        "Created": _time(container, "create_time"),
        "Path": container.args[0] if container.args else "",
        "Args": list(container.args[1:]),
        "State": _state(container),
        "Image": container.image_id,
        "LogPath": container.log_path,
        "Name": f"/{container.name}",
        "RestartCount": container.restart_count,
        "Driver": "strata",
        "Platform": "linux",
        "ExecIDs": list(container.exec_ids) or None,
        "HostConfig": host_config(container.spec),
        "GraphDriver": {"Name": "strata", "Data": {"UpperDir": container.upper_path}},
        "Mounts": _mounts(container),
        "Config": config(container),
        "NetworkSettings": network_settings(container),
    }


def _time(container: Container, field: str) -> str:
    return rfc3339(getattr(container, field)) if container.HasField(field) else _NEVER  # type: ignore[arg-type]


def _state(container: Container) -> dict[str, Any]:
    name = state_name(container)
    state = {
        "Status": name,
        "Running": name in {"running", "paused", "restarting"},
        "Paused": name == "paused",
        "Restarting": name == "restarting",
        "OOMKilled": container.oom_killed,
        "Dead": name == "dead",
        "Pid": container.pid,
        "ExitCode": container.exit_code,
        "Error": container.error,
        "StartedAt": _time(container, "start_time"),
        "FinishedAt": _time(container, "finish_time"),
    }
    if container.health.status in _HEALTH:
        state["Health"] = _health(container.health)
    return state


def _health(health: Health) -> dict[str, Any]:
    return {
        "Status": _HEALTH[health.status],
        "FailingStreak": health.failing_streak,
        "Log": [
            {
                "Start": rfc3339(result.start_time),
                "End": rfc3339(result.end_time),
                "ExitCode": result.exit_code,
                "Output": result.output,
            }
            for result in health.log
        ],
    }


def config(container: Container) -> dict[str, Any]:
    """What the container was made from."""
    spec = container.spec
    return {
        "Hostname": spec.hostname or container.id[:12],
        "Domainname": spec.domainname,
        "User": spec.user,
        "Tty": spec.tty,
        "OpenStdin": spec.open_stdin,
        "StdinOnce": spec.stdin_once,
        "ExposedPorts": {port: {} for port in spec.exposed_ports},
        "Env": list(spec.env),
        "Cmd": list(spec.command),
        "Image": spec.image,
        "WorkingDir": spec.working_dir,
        "Entrypoint": list(spec.entrypoint) or None,
        "Labels": dict(spec.labels),
        "StopSignal": spec.stop_signal,
        "StopTimeout": spec.stop_timeout.seconds if spec.HasField("stop_timeout") else None,
    }


def host_config(spec: ContainerSpec) -> dict[str, Any]:
    """What the container asks of its host."""
    return {
        "Binds": [_bind(mount) for mount in spec.mounts if mount.type == Mount.TYPE_BIND] or None,
        "NetworkMode": spec.network_mode or "bridge",
        "PortBindings": _bindings(spec.ports),
        "RestartPolicy": {
            "Name": _RESTART.get(spec.restart_policy.condition, "no"),
            "MaximumRetryCount": spec.restart_policy.max_retries,
        },
        "AutoRemove": spec.auto_remove,
        "LogConfig": {"Type": spec.log_config.driver or "file", "Config": dict(spec.log_config.options)},
        "Dns": list(spec.dns),
        "DnsSearch": list(spec.dns_search),
        "DnsOptions": list(spec.dns_options),
        "ExtraHosts": list(spec.extra_hosts) or None,
        "IpcMode": spec.ipc_mode or "private",
        "PidMode": spec.pid_mode,
        "UTSMode": spec.uts_mode,
        "CgroupnsMode": spec.cgroup_mode or "private",
        "UsernsMode": spec.userns_mode,
        "Init": spec.init,
        "ReadonlyRootfs": spec.read_only_root,
        "ShmSize": spec.shm_size_bytes or 64 * 2**20,
        "Runtime": spec.runtime,
        **_privileges(spec),
        **_limits(spec),
    }


def _privileges(spec: ContainerSpec) -> dict[str, Any]:
    security = spec.security
    options = ["no-new-privileges"] * security.no_new_privileges
    if security.seccomp_profile:
        options.append(f"seccomp={security.seccomp_profile}")
    if security.apparmor_profile:
        options.append(f"apparmor={security.apparmor_profile}")
    return {
        "Privileged": security.privileged,
        "CapAdd": list(security.cap_add) or None,
        "CapDrop": list(security.cap_drop) or None,
        "GroupAdd": list(security.group_add) or None,
        "SecurityOpt": options or None,
        "Sysctls": dict(security.sysctls),
        "Devices": [
            {
                "PathOnHost": device.host_path,
                "PathInContainer": device.container_path or device.host_path,
                "CgroupPermissions": device.permissions or "rwm",
            }
            for device in security.devices
        ],
    }


def _limits(spec: ContainerSpec) -> dict[str, Any]:
    limits = spec.resources
    return {
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_swap_bytes,
        "MemoryReservation": limits.memory_reservation_bytes,
        "NanoCpus": limits.nano_cpus,
        "CpuShares": limits.cpu_shares,
        "CpuPeriod": limits.cpu_period_us,
        "CpuQuota": limits.cpu_quota_us,
        "CpusetCpus": limits.cpuset_cpus,
        "CpusetMems": limits.cpuset_mems,
        "PidsLimit": limits.pids_limit or None,
        "BlkioWeight": limits.blkio_weight,
        "OomKillDisable": limits.oom_kill_disable,
        "OomScoreAdj": limits.oom_score_adj,
        "Ulimits": [{"Name": one.name, "Soft": one.soft, "Hard": one.hard} for one in limits.ulimits],
    }


def _bind(mount: Mount) -> str:
    return f"{mount.source}:{mount.target}{':ro' if mount.read_only else ''}"


def _bindings(ports: Any) -> dict[str, Any]:
    """Published ports by the port inside."""
    bindings: dict[str, Any] = {}
    for port in ports:
        outside = {"HostIp": port.host_ip or "0.0.0.0", "HostPort": str(port.host_port or "")}  # noqa: S104
        bindings.setdefault(f"{port.container_port}/{port.protocol or 'tcp'}", []).append(outside)
    return bindings


def _mounts(container: Container) -> list[dict[str, Any]]:
    return [
        {
            "Type": _MOUNT_TYPES.get(mount.type, ""),
            "Name": mount.name,
            "Source": mount.source,
            "Destination": mount.destination,
            "Driver": mount.driver,
            "RW": mount.writable,
            "Propagation": mount.propagation,
        }
        for mount in container.mount_points
    ]


def network_settings(container: Container) -> dict[str, Any]:
    """Where the container is in its networks; the first one's addresses also stand at the top, as of old."""
    networks = {network.network: _network(network) for network in container.networks}
    first = next(iter(networks.values()), _network(NetworkAttachment()))
    exposed = dict.fromkeys(container.spec.exposed_ports)
    return {
        "SandboxKey": container.netns_path,
        "Ports": exposed | _bindings(container.ports),
        "IPAddress": first["IPAddress"],
        "IPPrefixLen": first["IPPrefixLen"],
        "Gateway": first["Gateway"],
        "MacAddress": first["MacAddress"],
        "GlobalIPv6Address": first["GlobalIPv6Address"],
        "Networks": networks,
    }


def _network(network: NetworkAttachment) -> dict[str, Any]:
    address, _, prefix = network.ipv4_cidr.partition("/")
    address6, _, prefix6 = network.ipv6_cidr.partition("/")
    return {
        "NetworkID": network.network_id,
        "Aliases": list(network.aliases) or None,
        "IPAddress": address,
        "IPPrefixLen": int(prefix or 0),
        "Gateway": network.ipv4_gateway,
        "GlobalIPv6Address": address6,
        "GlobalIPv6PrefixLen": int(prefix6 or 0),
        "IPv6Gateway": network.ipv6_gateway,
        "MacAddress": network.mac_address,
    }
