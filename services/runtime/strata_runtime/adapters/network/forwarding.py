"""Making the host a router, for IPv4 or IPv6, and remembering what it was."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from strata_runtime.adapters.network import host

VERSIONS = (4, 6)
_SWITCHES = {4: "ipv4/ip_forward", 6: "ipv6/conf/all/forwarding"}


def start_forwarding(run_dir: Path, version: int) -> tuple[str, ...]:
    """Switch forwarding on; return the links between which nothing is to be forwarded, since nothing was before us.

    A file names them, and stays while forwarding is on for our sake. Bridges and the like that others make later are
    not among them: who makes those wants them routed. The file is written first: a crash in between errs on the safe
    side.
    """
    marker = _marker(run_dir, version)
    if host.read_sysctl(_SWITCHES[version]) != "1":
        links = sorted(host.outer_links())
        taught = _taught_by_routers(links) if version == 6 else []  # noqa: PLR2004
        marker.write_text(json.dumps({"links": links, "taught": taught}))
        _accept_advertisements(taught, "2")
        host.write_sysctl(_SWITCHES[version], "1")
    return tuple(_read(marker)["links"])


def stop_forwarding(run_dir: Path, version: int) -> None:
    """Switch forwarding off again if it was off before, and no bridge of anybody else needs it by now."""
    marker = _marker(run_dir, version)
    if marker.exists():
        if not host.bridges():
            host.write_sysctl(_SWITCHES[version], "0")
            _accept_advertisements(_read(marker)["taught"], "1")
        marker.unlink()


def _taught_by_routers(links: list[str]) -> list[str]:
    """Return the links whose routes come from routers' advertisements, which a router no longer heeds by itself."""
    return [link for link in links if host.read_sysctl(f"ipv6/conf/{link}/accept_ra") == "1"]


def _accept_advertisements(links: list[str], value: str) -> None:
    """Have links heed routers' advertisements: 1 unless they forward, 2 even then. Source: kernel, ip-sysctl.rst."""
    for link in links:
        with suppress(FileNotFoundError):  # the link is gone
            host.write_sysctl(f"ipv6/conf/{link}/accept_ra", value)


def _read(marker: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"links": [], "taught": []}
    with suppress(FileNotFoundError):
        found.update(json.loads(marker.read_text()))
    return found


def _marker(run_dir: Path, version: int) -> Path:
    return run_dir / f"forwarding-ipv{version}-was-off"
