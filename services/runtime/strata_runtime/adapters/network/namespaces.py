"""Network namespaces, kept alive by a mount, made without starting a process."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from strata_runtime.adapters.network import requests, syscalls
from strata_runtime.adapters.network.netlink import NetlinkSocket

_OWN = "/proc/thread-self/ns/net"
_SETTINGS = {
    # Who is not root may bind low ports and send echo requests: there is nobody else in the namespace (as in Docker).
    "ipv4": {"ip_unprivileged_port_start": "0", "ping_group_range": "0 2147483647"},
    # IPv6 is switched on per link where a network has it; otherwise a neighbour's router advertisements could give a
    # container an IPv6 way out (CVE-2020-13401).
    "ipv6": {"conf/default/disable_ipv6": "1"},
}


@dataclass(slots=True)
class Namespace:
    """A namespace of ours and a socket into it; ``fd`` names it in requests made from elsewhere."""

    path: Path
    fd: int
    netlink: NetlinkSocket

    def close(self) -> None:
        """Close our descriptors; the mount keeps the namespace."""
        self.netlink.close()
        os.close(self.fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def make_namespace(path: Path) -> Namespace:
    """Make a namespace with ``lo`` up and the usual settings, and mount it on a new file ``path``."""
    path.touch(mode=0o400, exist_ok=False)
    try:
        with _elsewhere():
            syscalls.unshare_network()
            _apply_settings()
            syscalls.bind_mount(_OWN, str(path))
            namespace = _opened(path)
        namespace.netlink.burst([requests.raise_loopback()])
    except BaseException:
        remove_namespace(path)
        raise
    return namespace


def open_namespace(path: Path) -> Namespace:
    """Open a namespace that is mounted on ``path``."""
    with inside(path):
        return _opened(path)


@contextmanager
def inside(path: Path) -> Iterator[None]:
    """Be in the namespace mounted on ``path``: sockets opened here stay in it."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with _elsewhere():
            syscalls.enter_network(fd)
            yield
    finally:
        os.close(fd)


def link_index(namespace: Namespace, name: str) -> int:
    """Return the index of a link of ``namespace``."""
    with _elsewhere():
        syscalls.enter_network(namespace.fd)
        return socket.if_nametoindex(name)


def enable_ipv6(namespace: Namespace, interface: str) -> None:
    """Let a link have IPv6 addresses, but only those we give it, and at once: we know that nobody else has them."""
    settings = Path("/proc/sys/net/ipv6/conf") / interface
    with _elsewhere():
        syscalls.enter_network(namespace.fd)
        (settings / "accept_ra").write_text("0")
        (settings / "accept_dad").write_text("0")
        (settings / "disable_ipv6").write_text("0")


def remove_namespace(path: Path) -> None:
    """Let go of the namespace mounted on ``path``: the kernel clears it away once no process is in it."""
    try:
        syscalls.detach_mount(str(path))
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOENT}:  # not mounted, not there
            raise
    with suppress(FileNotFoundError):
        path.unlink()


def prepare_directory(directory: Path) -> None:
    """Make a directory for namespaces to be mounted in.

    It is on a shared mount: other processes' private mount namespaces (container engines have those) then let go of a
    namespace when we do. Source: ip-netns(8), iproute2's ip/ipnetns.c.
    """
    directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    if not _is_on_shared_mount(directory):
        syscalls.share_mount(str(directory))


def remove_directory(directory: Path) -> None:
    """Remove a directory that ``prepare_directory`` made; one that is not there is left alone."""
    while _is_mount(directory):
        syscalls.detach_mount(str(directory))
    with suppress(FileNotFoundError):
        directory.rmdir()


def _is_mount(path: Path) -> bool:
    return any(mount[4] == str(path) for mount in _mounts())


def _is_on_shared_mount(path: Path) -> bool:
    """Tell whether the topmost mount that ``path`` is on passes on what is mounted there (field "shared:N")."""
    places = {str(path), *(str(parent) for parent in path.parents)}
    on_the_way = [mount for mount in _mounts() if mount[4] in places]
    topmost = max(enumerate(on_the_way), key=lambda numbered: (len(numbered[1][4]), numbered[0]))[1]
    return any(field.startswith("shared:") for field in topmost[6 : topmost.index("-")])


def _mounts() -> list[list[str]]:
    """Return the fields of each mount. Source: proc_pid_mountinfo(5)."""
    return [line.split() for line in Path("/proc/thread-self/mountinfo").read_text().splitlines()]


def is_namespace(path: Path) -> bool:
    """Tell whether a namespace is mounted on ``path``."""
    try:
        return path.stat().st_dev != path.parent.stat().st_dev
    except FileNotFoundError:
        return False


def _apply_settings() -> None:
    """Set what all new namespaces have.

    The way to a setting is long where there are many namespaces (each has directories of its own of the same names,
    which the kernel looks through one by one), so it is gone once for each family.
    """
    for family, settings in _SETTINGS.items():
        directory = os.open(f"/proc/sys/net/{family}", os.O_PATH | os.O_CLOEXEC)
        try:
            for name, value in settings.items():
                _write(directory, name, value)
        finally:
            os.close(directory)


def _write(directory: int, name: str, value: str) -> None:
    setting = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        os.write(setting, value.encode())
    finally:
        os.close(setting)


def _opened(path: Path) -> Namespace:
    netlink = NetlinkSocket()
    try:
        return Namespace(path, os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC), netlink)
    except BaseException:
        netlink.close()
        raise


@contextmanager
def _elsewhere() -> Iterator[None]:
    """Bring the calling thread back to its network namespace, wherever it goes inside."""
    home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        try:
            syscalls.enter_network(home)
        finally:
            os.close(home)
