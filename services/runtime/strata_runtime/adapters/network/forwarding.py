"""Making the host a router, and remembering whether it was one."""

from pathlib import Path

from strata_runtime.adapters.network import host

_SWITCH = "ipv4/ip_forward"


def start_forwarding(marker: Path) -> bool:
    """Switch forwarding on; tell whether others may count on it as well, since it was on without us.

    The file ``marker`` stays while it is on for our sake only. It is written first: a crash in between errs on the
    safe side, where we forward for nobody else.
    """
    if host.read_sysctl(_SWITCH) == "1":
        return not marker.exists()
    marker.touch()
    host.write_sysctl(_SWITCH, "1")
    return False


def stop_forwarding(marker: Path) -> None:
    """Switch forwarding off again if it was off before, and no bridge of anybody else needs it by now."""
    if marker.exists():
        if not host.bridges():
            host.write_sysctl(_SWITCH, "0")
        marker.unlink()
