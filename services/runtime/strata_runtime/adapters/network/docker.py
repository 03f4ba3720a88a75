"""Living beside Docker: it lets the host forward nothing but its own packets, unless told so in its chain for users.

Source: https://docs.docker.com/engine/network/packet-filtering-firewalls/, "Docker on a router".
"""

import logging
from collections.abc import Sequence

from strata_runtime.adapters.network.bridges import has_link
from strata_runtime.adapters.network.programs import find_program, run_program

CHAIN = "DOCKER-USER"
_BRIDGE = "docker0"
_PROGRAMS = ("iptables", "ip6tables")
_WAIT = "-w"  # for others who change the rules at the moment

_log = logging.getLogger(__name__)


def let_through(links: Sequence[str]) -> None:
    """Have Docker's rules accept what goes to and comes from our bridges; our own rules still decide about it."""
    for program in _programs():
        for rule in _rules(links):
            if run_program(program, [_WAIT, "-C", CHAIN, *rule])[0] != 0:
                status, complaint = run_program(program, [_WAIT, "-I", CHAIN, *rule])
                if status != 0:
                    _log.warning("Docker's rules may drop our packets: %s", complaint)


def let_go(links: Sequence[str]) -> None:
    """Take our bridges out of Docker's rules."""
    for program in _programs():
        for rule in _rules(links):
            while run_program(program, [_WAIT, "-D", CHAIN, *rule])[0] == 0:
                pass


def _programs() -> list[str]:
    """Return the programs whose rules have Docker's chain. Without Docker nothing is run: it could load modules."""
    if not has_link(_BRIDGE):
        return []
    installed = filter(None, map(find_program, _PROGRAMS))
    return [program for program in installed if run_program(program, [_WAIT, "-n", "-L", CHAIN])[0] == 0]


def _rules(links: Sequence[str]) -> list[list[str]]:
    comment = ["-m", "comment", "--comment", "strata", "-j", "ACCEPT"]
    return [[direction, link, *comment] for link in links for direction in ("-i", "-o")]
