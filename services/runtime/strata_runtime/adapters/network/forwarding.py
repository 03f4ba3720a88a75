"""Making the host a router, and remembering whether it was one."""

from pathlib import Path

from strata_runtime.adapters.network import host

_SWITCH = "ipv4/ip_forward"


def start_forwarding(marker: Path) -> tuple[str, ...]:
    """Switch forwarding on; return the links between which nothing is to be forwarded, since nothing was before us.

    The file ``marker`` names them, and stays while forwarding is on for our sake. Bridges and the like that others
    make later are not among them: who makes those wants them routed. The file is written first: a crash in between
    errs on the safe side.
    """
    if host.read_sysctl(_SWITCH) != "1":
        marker.write_text("\n".join(sorted(host.outer_links())))
        host.write_sysctl(_SWITCH, "1")
    return tuple(marker.read_text().split("\n")) if marker.exists() else ()


def stop_forwarding(marker: Path) -> None:
    """Switch forwarding off again if it was off before, and no bridge of anybody else needs it by now."""
    if marker.exists():
        if not host.bridges():
            host.write_sysctl(_SWITCH, "0")
        marker.unlink()
