"""The options that ``run`` and ``create`` have in common, by what they are about."""

from strata_client.cli.options import Option, flag, many, text

_PROCESS = (
    many("-e --env", "NAME[=VALUE]", "Set a variable; without a value, the one it has here"),
    many("--env-file", "FILE", "Read variables from a file", complete="file"),
    text("--entrypoint", "COMMAND", 'Replace the image\'s entrypoint; "" for none'),
    text("-u --user", "USER[:GROUP]", "Run as this user, by name or number"),
    text("-w --workdir", "DIR", "Working directory inside"),
    flag("-i --interactive", "Keep stdin open"),
    flag("-t --tty", "Give it a terminal"),
    flag("--init", "Run a small init as process 1 that reaps and forwards signals"),
    text("--stop-signal", "SIGNAL", "Signal that asks it to stop", complete="signal"),
    text("--stop-timeout", "SECONDS", "How long after that signal it is killed"),
)
_IDENTITY = (
    text("--name", "NAME", "Name of the container"),
    text("-h --hostname", "NAME", "Host name inside"),
    text("--domainname", "NAME", "NIS domain name inside"),
    many("-l --label", "KEY[=VALUE]", "Label the container"),
    many("--label-file", "FILE", "Read labels from a file", complete="file"),
    many("--annotation", "KEY=VALUE", "Annotation for the OCI runtime"),
    text("--platform", "OS/ARCH", "Take the image for this platform"),
    text("--pull", "POLICY", 'When to pull the image: "missing", "always" or "never"', "missing", complete="pull"),
    flag("-q --quiet", "Show no progress of a pull"),
)
_FILES = (
    many("-v --volume", "SOURCE:TARGET[:ro]", "Mount a directory of the host, or a volume", complete="file"),
    many("--mount", "KEY=VALUE,...", "Mount, as type=bind|volume|tmpfs,source=...,target=...,readonly"),
    many("--tmpfs", "DIR[:OPTIONS]", "Mount memory"),
    many("--volumes-from", "CONTAINER[:ro]", "Mount what another container has mounted", complete="container"),
    flag("--read-only", "Mount the root file system read-only"),
    text("--shm-size", "BYTES", "Size of /dev/shm"),
    many("--storage-opt", "size=BYTES", "Most that the container may write"),
)
_NETWORK = (
    text("--net --network", "NETWORK", '"bridge", "none", "host", "container:NAME" or a network', complete="network"),
    many("--network-alias", "NAME", "Further name of the container in its network"),
    many("-p --publish", "[[IP:]HOST:]PORT[/udp]", "Publish a port to the host"),
    flag("-P --publish-all", "Publish all ports that the image exposes"),
    many("--expose", "PORT[/udp]", "Expose one more port"),
    text("--ip", "ADDRESS", "IPv4 address in the network"),
    text("--ip6", "ADDRESS", "IPv6 address in the network"),
    text("--mac-address", "ADDRESS", "MAC address of its interface"),
    many("--dns", "ADDRESS", "Name server"),
    many("--dns-search", "DOMAIN", "Search domain"),
    many("--dns-option", "OPTION", "Option for resolv.conf"),
    many("--add-host", "NAME:ADDRESS", "Line for /etc/hosts"),
)
LIMIT_OPTIONS: tuple[Option, ...] = (
    text("-m --memory", "BYTES", "Most memory, as 512m or 2g"),
    text("--memory-reservation", "BYTES", "Soft limit of memory"),
    text("--memory-swap", "BYTES", "Memory and swap together; -1 for no limit of swap"),
    text("--memory-swappiness", "NUMBER", "0 to 100"),
    text("--cpus", "NUMBER", "Processors, as 1.5"),
    text("-c --cpu-shares", "NUMBER", "Weight against other containers; 1024 is usual"),
    text("--cpu-period", "MICROSECONDS", "Period of the scheduler"),
    text("--cpu-quota", "MICROSECONDS", "Time in each period"),
    text("--cpuset-cpus", "LIST", "Processors to run on, as 0-2,4"),
    text("--cpuset-mems", "LIST", "Memory nodes to use"),
    text("--pids-limit", "NUMBER", "Most processes; -1 for no limit"),
    text("--blkio-weight", "NUMBER", "Weight of block IO, 10 to 1000"),
    many("--device-read-bps", "DEVICE:RATE", "Most bytes read from a device in a second"),
    many("--device-write-bps", "DEVICE:RATE", "Most bytes written to a device in a second"),
    many("--device-read-iops", "DEVICE:RATE", "Most reads of a device in a second"),
    many("--device-write-iops", "DEVICE:RATE", "Most writes to a device in a second"),
    flag("--oom-kill-disable", "Do not kill it when it is out of memory"),
    text("--oom-score-adj", "NUMBER", "How readily it is killed when memory is short, -1000 to 1000"),
    many("--ulimit", "NAME=SOFT[:HARD]", "Resource limit of its processes"),
)
_SECURITY = (
    flag("--privileged", "All capabilities and devices, nothing masked"),
    many("--cap-add", "NAME", "Add a capability", complete="capability"),
    many("--cap-drop", "NAME", "Drop a capability", complete="capability"),
    many("--security-opt", "OPTION", "no-new-privileges, seccomp=FILE|unconfined, apparmor=PROFILE"),
    many("--device", "PATH[:INSIDE[:rwm]]", "Let it use a device of the host", complete="file"),
    many("--device-cgroup-rule", "RULE", 'Allow devices by number, as "c 1:3 rwm"'),
    many("--group-add", "GROUP", "Further group of its user"),
    many("--sysctl", "KEY=VALUE", "Kernel parameter of its namespaces"),
    text("--ipc", "MODE", '"private", "host", "shareable" or "container:NAME"'),
    text("--pid", "MODE", '"private", "host" or "container:NAME"'),
    text("--uts", "MODE", '"private" or "host"'),
    text("--userns", "MODE", "User namespace mapping"),
    text("--cgroupns", "MODE", '"private" or "host"'),
    text("--cgroup-parent", "CGROUP", "Parent cgroup"),
    text("--runtime", "NAME", 'OCI runtime: "crun" or "runc"'),
)
_LIFE = (
    flag("--rm", "Remove the container when it exits"),
    text("--restart", "POLICY", "no, always, unless-stopped or on-failure[:RETRIES]", "no", complete="restart"),
    text("--health-cmd", "COMMAND", "Command that checks its health"),
    text("--health-interval", "DURATION", "Time between two checks"),
    text("--health-timeout", "DURATION", "Time that a check may take"),
    text("--health-start-period", "DURATION", "Time in which failures do not count"),
    text("--health-start-interval", "DURATION", "Time between two checks in that period"),
    text("--health-retries", "NUMBER", "Failures in a row that make it unhealthy"),
    flag("--no-healthcheck", "Do without the image's health check"),
    text("--log-driver", "DRIVER", '"file" or "none"'),
    many("--log-opt", "KEY=VALUE", "Option of the log: max-size, max-file"),
    text("--cidfile", "FILE", "Write the container's ID to a file", complete="file"),
)

CREATE_OPTIONS: tuple[Option, ...] = _PROCESS + _IDENTITY + _FILES + _NETWORK + LIMIT_OPTIONS + _SECURITY + _LIFE
