"""What is good, what works less well than it could, and what does not work, on a host with these facts."""

from collections.abc import Iterator
from typing import NamedTuple

from strata_client.cli.doctor.facts import Facts, Folder
from strata_client.cli.quantities import size_text

GOOD, WARNING, FAILURE = "ok", "warn", "FAIL"

_GIB = 2**30
_LEAST_FREE_BYTES, _GOOD_FREE_BYTES = 1 * _GIB, 10 * _GIB
_LEAST_FREE_INODES_PERCENT = 2
_GOOD_NOFILE = 65_536
_GOOD_MEMORY_BYTES = 1 * _GIB
_NAMESPACES = {"cgroup", "ipc", "mnt", "net", "pid", "uts"}
_CONTROLLERS = {"cpu", "memory", "pids"}
_DATA_ONLY_LAYERS = (6, 7)
_FILE_BACKED_EROFS = (6, 12)
_OLDEST_KERNEL = (5, 16)
_UPPER_FILESYSTEMS = {"ext4", "xfs", "btrfs", "f2fs", "tmpfs", "zfs"}


class Finding(NamedTuple):
    """One thing that was looked at: how it is, and what to do about it."""

    area: str
    verdict: str
    sentence: str
    remedy: str = ""


def findings(facts: Facts) -> list[Finding]:
    """Everything there is to say about a host, by area."""
    checks = (_privilege, _kernel, _filesystems, _isolation, _cgroups, _programs, _network, _limits, _state, _run)
    return [finding for check in checks for finding in check(facts)]


def _privilege(facts: Facts) -> Iterator[Finding]:
    if facts.is_root:
        yield Finding("privilege", GOOD, "root: the suite can be started")
    else:
        yield Finding("privilege", WARNING, "not root: the suite cannot be started by this user", "use sudo strata up")
    if not facts.has_account:
        yield Finding("privilege", WARNING, "there is no user strata yet", "nothing to do: 'strata up' makes it")


def _kernel(facts: Facts) -> Iterator[Finding]:
    name = f"Linux {facts.kernel_release}"
    if facts.kernel < _OLDEST_KERNEL:
        remedy = "install Linux 6.1 or newer (Debian 12 has it), best 6.12 or newer"
        yield Finding("kernel", FAILURE, f"{name} cannot mount layers of tar files with an index", remedy)
    elif facts.kernel < _DATA_ONLY_LAYERS:
        sentence = f"{name}: layers are stacked, equal files of different layers are not shared in memory"
        yield Finding("kernel", WARNING, sentence, "Linux 6.12 or newer (Debian 12: backports) shares them")
    elif facts.kernel < _FILE_BACKED_EROFS:
        sentence = f"{name}: layers are mounted through loop devices"
        yield Finding("kernel", WARNING, sentence, "Linux 6.12 or newer mounts them as files")
    else:
        yield Finding("kernel", GOOD, f"{name}: layers are mounted as files, equal files are shared in memory")
    if facts.kernel < _FILE_BACKED_EROFS and not facts.has_loop:
        yield Finding("kernel", FAILURE, "there are no loop devices, which this kernel needs", "modprobe loop")


def _filesystems(facts: Facts) -> Iterator[Finding]:
    for name in ("overlay", "erofs"):
        if name in facts.filesystems:
            yield Finding("kernel", GOOD, f"{name} is there")
        elif facts.modules_dir:
            remedy = f"modprobe {name}, and echo {name} > /etc/modules-load.d/{name}.conf"
            yield Finding("kernel", WARNING, f"{name} is not loaded; the kernel may load it when it is used", remedy)
        else:
            remedy = f"use a kernel with CONFIG_{name.upper()}_FS"
            yield Finding("kernel", FAILURE, f"the kernel has no {name}", remedy)


def _isolation(facts: Facts) -> Iterator[Finding]:
    if missing := sorted(_NAMESPACES - facts.namespaces):
        sentence = f"the kernel has no namespaces for {', '.join(missing)}"
        yield Finding("isolation", FAILURE, sentence, "use a kernel with them: every distribution's has")
    else:
        yield Finding("isolation", GOOD, "all namespaces are there")
    if facts.has_seccomp:
        yield Finding("isolation", GOOD, "seccomp is there")
    else:
        yield Finding("isolation", FAILURE, "the kernel has no seccomp", "use a kernel with CONFIG_SECCOMP_FILTER")


def _cgroups(facts: Facts) -> Iterator[Finding]:
    if not facts.cgroup_version:
        remedy = "mount -t cgroup2 none /sys/fs/cgroup, or let systemd do it"
        yield Finding("cgroups", FAILURE, "no cgroups are mounted", remedy)
        return
    if missing := sorted(_CONTROLLERS - facts.controllers):
        remedy = "boot with cgroup_enable=memory swapaccount=1, or enable them in the parent's cgroup.subtree_control"
        yield Finding("cgroups", WARNING, f"limits of {', '.join(missing)} will not work", remedy)
    else:
        yield Finding("cgroups", GOOD, f"{facts.cgroup_version}, with limits of cpu, memory and pids")
    if facts.cgroup_version != "v2":
        remedy = "boot with systemd.unified_cgroup_hierarchy=1"
        yield Finding("cgroups", WARNING, "the old hierarchy works, and will go away", remedy)


def _programs(facts: Facts) -> Iterator[Finding]:
    runtimes = [name for name in ("crun", "runc") if facts.programs[name]]
    if not runtimes:
        yield Finding("programs", FAILURE, "there is no OCI runtime", "apt install crun")
    else:
        yield Finding("programs", GOOD, f"OCI runtime {facts.programs[runtimes[0]]}")
    if runtimes == ["runc"]:
        yield Finding("programs", WARNING, "runc takes three times as long to start as crun", "apt install crun")
    if facts.programs["nft"]:
        yield Finding("programs", GOOD, f"nftables {facts.programs['nft']}")
    else:
        sentence = "there is no nft: containers have no way out, and no published ports"
        yield Finding("programs", FAILURE, sentence, "apt install nftables")


def _network(facts: Facts) -> Iterator[Finding]:
    if facts.forwards_ipv4:
        yield Finding("network", GOOD, "IPv4 is forwarded")
    else:
        remedy = "nothing to do: the runtime switches it on when it starts, unless something switches it off again"
        yield Finding("network", WARNING, "IPv4 is not forwarded", remedy)


def _limits(facts: Facts) -> Iterator[Finding]:
    if facts.nofile_limit < _GOOD_NOFILE:
        remedy = "LimitNOFILE=1048576 in the unit, or ulimit -n before 'strata up'"
        sentence = f"at most {facts.nofile_limit} files may be open; hundreds of containers need more"
        yield Finding("limits", WARNING, sentence, remedy)
    if facts.memory_bytes < _GOOD_MEMORY_BYTES:
        sentence = f"only {size_text(facts.memory_bytes, is_binary=True)} of memory"
        yield Finding("limits", WARNING, sentence, "the suite itself takes about 110 MiB")


def _state(facts: Facts) -> Iterator[Finding]:
    folder = facts.state
    yield from _reachable("state", folder)
    free = size_text(folder.free_bytes)
    if folder.free_bytes < _LEAST_FREE_BYTES:
        remedy = "strata system df says what could be removed; or choose another --state-dir"
        yield Finding("state", FAILURE, f"{folder.path} has only {free} left", remedy)
    elif folder.free_bytes < _GOOD_FREE_BYTES:
        yield Finding("state", WARNING, f"{folder.path} has {free} left", "a few images will fill it")
    else:
        yield Finding("state", GOOD, f"{folder.path} on {folder.filesystem or 'an unknown file system'}, {free} left")
    if folder.total_inodes and 100 * folder.free_inodes < _LEAST_FREE_INODES_PERCENT * folder.total_inodes:
        yield Finding("state", WARNING, f"{folder.path} is nearly out of inodes", "images need few, containers many")
    if folder.filesystem == "overlay":
        remedy = "put --state-dir on a real disk or volume"
        yield Finding("state", FAILURE, f"{folder.path} lies on an overlay, which cannot be an upper layer", remedy)
    elif folder.filesystem and folder.filesystem not in _UPPER_FILESYSTEMS:
        sentence = f"{folder.filesystem} was not tried: it must have extended attributes, d_type and holes"
        yield Finding("state", WARNING, sentence, "ext4 and xfs are known to be good")


def _run(facts: Facts) -> Iterator[Finding]:
    yield from _reachable("run", facts.run)
    if facts.run.filesystem != "tmpfs":
        remedy = "let it lie on a tmpfs: what is in it must not outlive a reboot"
        yield Finding("run", WARNING, f"{facts.run.path} is on {facts.run.filesystem or 'a disk'}", remedy)
    else:
        yield Finding("run", GOOD, f"{facts.run.path} is on tmpfs")


def _reachable(area: str, folder: Folder) -> Iterator[Finding]:
    if not folder.is_reachable:
        remedy = f"chmod o+x on it and on what is above, or choose another place than {folder.path}"
        yield Finding(area, FAILURE, f"{folder.path} cannot be entered by the user strata", remedy)
