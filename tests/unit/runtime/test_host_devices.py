"""Devices of the host in containers that may have them all."""

import os
import stat

from strata.runtime.v1 import container_pb2
from strata_runtime.adapters.host import host_devices

MISSING = 'for path in "$@"; do test -e "$path" || echo "$path"; done'


def test_devices_are_those_that_are_no_links_pipes_or_terminals(tmp_path):
    for folder in ("input", "pts"):
        (tmp_path / folder).mkdir()
        os.mknod(tmp_path / folder / "0", stat.S_IFCHR | 0o600, os.makedev(13, 64))
    os.mknod(tmp_path / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("input/0")
    (tmp_path / "file").touch()
    (node,) = host_devices(tmp_path)
    assert (node.path, node.type, node.major, node.minor) == (str(tmp_path / "input/0"), "c", 13, 64)


def test_a_privileged_container_has_the_devices_of_the_host(node):
    paths = [device.path for device in host_devices()]
    assert paths
    assert node.output("sh", "-c", MISSING, "sh", *paths, security=container_pb2.Security(privileged=True)) == ""
    assert node.output("sh", "-c", MISSING, "sh", *paths).split() == paths
