"""The whole ContainerSpec of a line."""

from google.protobuf.duration_pb2 import Duration
from strata.runtime.v1.container_pb2 import ContainerSpec, HealthCheck, LogConfig, NetworkAttachment, RestartPolicy

from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.quantities import parse_size, parse_span
from strata_client.cli.spec.environment import environment, labels
from strata_client.cli.spec.mounts import parse_mount, parse_tmpfs, parse_volume
from strata_client.cli.spec.ports import parse_publish
from strata_client.cli.spec.resources import resources
from strata_client.cli.spec.security import security

_TEXTS = {
    "name": "name",
    "workdir": "working_dir",
    "user": "user",
    "hostname": "hostname",
    "domainname": "domainname",
    "stop-signal": "stop_signal",
    "network": "network_mode",
    "ipc": "ipc_mode",
    "pid": "pid_mode",
    "uts": "uts_mode",
    "cgroupns": "cgroup_mode",
    "userns": "userns_mode",
    "cgroup-parent": "cgroup_parent",
    "runtime": "runtime",
    "platform": "platform",
    "mac-address": "mac_address",
}
_FLAGS = {
    "tty": "tty",
    "interactive": "open_stdin",
    "rm": "auto_remove",
    "init": "init",
    "read-only": "read_only_root",
    "publish-all": "publish_all_ports",
}
_LISTS = {
    "dns": "dns",
    "dns-search": "dns_search",
    "dns-option": "dns_options",
    "add-host": "extra_hosts",
    "expose": "exposed_ports",
    "volumes-from": "volumes_from",
}
_RESTART = {
    "no": RestartPolicy.CONDITION_NO,
    "always": RestartPolicy.CONDITION_ALWAYS,
    "unless-stopped": RestartPolicy.CONDITION_UNLESS_STOPPED,
    "on-failure": RestartPolicy.CONDITION_ON_FAILURE,
}


def container_spec(line: Line, *, is_attached: bool) -> ContainerSpec:
    """Make a spec of the line of ``run`` or ``create``: IMAGE [COMMAND] [ARG...] and options."""
    image, *command = line.arguments
    spec = ContainerSpec(
        image=image,
        command=command,
        env=environment(line.many("env"), line.many("env-file")),
        labels=labels(line.many("label"), line.many("label-file")),
        stdin_once=line.flag("interactive") and is_attached,
        resources=resources(line),
        security=security(line),
        mounts=[
            *map(parse_volume, line.many("volume")),
            *map(parse_mount, line.many("mount")),
            *map(parse_tmpfs, line.many("tmpfs")),
        ],
        ports=[port for word in line.many("publish") for port in parse_publish(word)],
        restart_policy=parse_restart(line.text("restart")),
        annotations=labels(line.many("annotation"), []),
    )
    for key, field in _TEXTS.items():
        setattr(spec, field, line.text(key))
    for key, field in _FLAGS.items():
        setattr(spec, field, line.flag(key))
    for key, field in _LISTS.items():
        getattr(spec, field).extend(line.many(key))
    _add_entrypoint(spec, line)
    _add_network(spec, line)
    _add_the_rest(spec, line)
    if spec.auto_remove and spec.restart_policy.condition > RestartPolicy.CONDITION_NO:
        raise UsageError("conflicting options: --restart and --rm")
    return spec


def _add_entrypoint(spec: ContainerSpec, line: Line) -> None:
    """An empty ``--entrypoint`` means none at all."""
    if line.text("entrypoint"):
        spec.entrypoint.append(line.text("entrypoint"))
    elif line.has("entrypoint"):
        spec.clear_entrypoint = True


def _add_network(spec: ContainerSpec, line: Line) -> None:
    """Aliases and addresses belong to the network that is named."""
    aliases, ipv4, ipv6 = line.many("network-alias"), line.text("ip"), line.text("ip6")
    if aliases or ipv4 or ipv6:
        network = NetworkAttachment(
            network=spec.network_mode or "bridge", aliases=aliases, ipv4_address=ipv4, ipv6_address=ipv6
        )
        spec.networks.append(network)


def _add_the_rest(spec: ContainerSpec, line: Line) -> None:
    """Options that leave their field unset when they are not given."""
    if (seconds := line.number("stop-timeout")) is not None:
        spec.stop_timeout.CopyFrom(Duration(seconds=seconds))
    if line.text("shm-size"):
        spec.shm_size_bytes = parse_size(line.text("shm-size"))
    if line.text("log-driver") or line.many("log-opt"):
        options = labels(line.many("log-opt"), [])
        spec.log_config.CopyFrom(LogConfig(driver=line.text("log-driver"), options=options))
    for word in line.many("storage-opt"):
        key, _, value = word.partition("=")
        if key != "size":
            raise UsageError(f"invalid storage option {word!r}: there is size=10g")
        spec.disk_quota_bytes = parse_size(value)
    if (check := _health_check(line)) is not None:
        spec.health_check.CopyFrom(check)


def parse_restart(text: str) -> RestartPolicy:
    """Read "no", "always", "unless-stopped", "on-failure" or "on-failure:3"."""
    name, colon, retries = text.partition(":")
    if name not in _RESTART or (colon and not (name == "on-failure" and retries.isdigit())):
        raise UsageError(f"invalid restart policy {text!r}: there are {', '.join(_RESTART)}, and on-failure:3")
    return RestartPolicy(condition=_RESTART[name], max_retries=int(retries or 0))


def _health_check(line: Line) -> HealthCheck | None:
    """The health check that options describe, None when they do not."""
    if line.flag("no-healthcheck"):
        return HealthCheck(test=["NONE"])
    spans = {key: line.text(f"health-{key}") for key in ("interval", "timeout", "start-period", "start-interval")}
    command, retries = line.text("health-cmd"), line.number("health-retries")
    if not command and not any(spans.values()) and retries is None:
        return None
    check = HealthCheck(test=["CMD-SHELL", command] if command else [], retries=retries or 0)
    for key, span in spans.items():
        if span:
            getattr(check, key.replace("-", "_")).FromNanoseconds(round(parse_span(span) * 10**9))
    return check
