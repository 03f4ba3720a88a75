"""``strata up``, ``down`` and ``status``: handed over to the suite, which belongs to the gateway."""

import os
import sys
from importlib.util import find_spec

from strata_client.cli.context import Context, warn
from strata_client.cli.options import Command, Option, flag, text
from strata_client.cli.parsing import Line

_MODULE = "strata_gateway.suite"
_ROOT = text("--root", "DIR", "Keep state in DIR/state and sockets in DIR/run: a private suite", complete="file")
_JSON = flag("--json", "Print JSON")
_CONTAINERS = flag("--containers", "Stop the containers too; otherwise they go on without the services")


def _command(
    name: str, summary: str, options: tuple[Option, ...], usage: str = "", *, notes: str = "", examples: str = ""
) -> Command:
    count = 1 if usage else 0
    verb = name.rpartition(" ")[2]

    def run(line: Line, _context: Context) -> int:
        if find_spec("strata_gateway") is None:
            warn(f"strata: the suite is not installed here, only the client: 'strata {name}' has nothing to act on")
            return 1
        words = [sys.executable, "-m", _MODULE, verb, *line.arguments]
        for option in options:
            if option.value and line.has(option.key):
                words += [f"--{option.key}", line.text(option.key)]
            elif not option.value and line.flag(option.key):
                words.append(f"--{option.key}")
        sys.stdout.flush()
        return os.execv(words[0], words)  # noqa: S606  # our own interpreter

    return Command(
        name, usage, summary, run, options, count, count, notes=notes, examples=examples, complete=("service",)
    )


COMMANDS = {
    "up": _command(
        "up",
        "Start the services of the suite on this host",
        (_ROOT,),
        notes="Starts registry, store, runtime and gateway with embedded defaults. What runs already is left alone.",
        examples="""
            strata up  # for this host: /run/strata and /var/lib/strata
            strata up --root /tmp/try  # for yourself; then: export STRATA_HOST=unix:///tmp/try/run/gateway.sock
        """,
    ),
    "down": _command(
        "down",
        "Stop the services of the suite",
        (_ROOT, _CONTAINERS),
        notes="Containers go on running: 'strata up' finds them again.",
        examples="""
            strata down  # containers go on
            strata down --containers  # nothing goes on
        """,
    ),
    "status": _command(
        "status",
        "Show the services of the suite",
        (_ROOT, _JSON),
        examples="strata status --json  # for a script",
    ),
    "suite restart": _command(
        "suite restart",
        "Restart one service of the suite; containers do not notice",
        (_ROOT,),
        "SERVICE",
        examples="strata suite restart gateway  # after a change of its configuration",
    ),
}
