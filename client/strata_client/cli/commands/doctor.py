"""``strata doctor``."""

import sys
from collections.abc import Sequence
from pathlib import Path

from strata.gateway.v1.gateway_pb2 import GetInfoRequest, GetInfoResponse

from strata_chassis.errors import StrataError
from strata_client.cli.context import Context, say
from strata_client.cli.doctor.checks import FAILURE, GOOD, WARNING, Finding, findings
from strata_client.cli.doctor.facts import read_facts
from strata_client.cli.options import Command, flag, text
from strata_client.cli.parsing import Line
from strata_client.cli.tables import printable
from strata_client.wire.endpoint import Endpoint

_TIMEOUT_S = 10.0
_COLOURS = {GOOD: "\x1b[32m", WARNING: "\x1b[33m", FAILURE: "\x1b[31m"}


def run(line: Line, context: Context) -> int:
    """Look at the host and at the suite; 1 when something does not work."""
    root = line.text("root")
    state_dir = Path(root, "state") if root else Path("/var/lib/strata")
    run_dir = Path(root, "run") if root else Path("/run/strata")
    if root and context.has_default_host:
        context = context._replace(endpoint=Endpoint(path=f"{run_dir.resolve()}/gateway.sock"))
    found = findings(read_facts(Path("/"), state_dir, run_dir)) + _suite(context)
    if line.flag("json"):
        import json

        say(json.dumps([finding._asdict() for finding in found], indent=4))
    else:
        _print(found)
    return int(any(finding.verdict == FAILURE for finding in found))


def _suite(context: Context) -> list[Finding]:
    """Whether the services answer."""
    try:
        with context.connect() as gateway:
            info = gateway.call(GetInfoRequest(), GetInfoResponse, _TIMEOUT_S)
    except StrataError as error:
        return [Finding("suite", WARNING, error.message, "strata up, or -H for another address")]
    asleep = [service.name for service in info.services if not service.serving]
    if asleep:
        remedy = f"strata suite restart {asleep[0]}, and look into its log below the state directory"
        return [Finding("suite", FAILURE, f"{', '.join(asleep)} does not answer", remedy)]
    how = f"{info.runtime.mount_strategy} mounts, EROFS on {info.runtime.erofs_backing}"
    return [Finding("suite", GOOD, f"all services answer at {context.endpoint}: {how}")]


def _print(found: Sequence[Finding]) -> None:
    """One line for each finding, its remedy below it, and the sum of it all."""
    is_coloured = sys.stdout.isatty()
    for finding in found:
        verdict = f"{finding.verdict:<4}"
        if is_coloured:
            verdict = f"{_COLOURS[finding.verdict]}{verdict}\x1b[0m"
        say(f"{verdict}  {finding.area + ':':<11} {printable(finding.sentence)}")
        if finding.remedy:
            say(f"{'':<18} -> {finding.remedy}")
    failures = sum(finding.verdict == FAILURE for finding in found)
    warnings = sum(finding.verdict == WARNING for finding in found)
    say(f"\n{len(found)} checks, {warnings} warnings, {failures} failures")


COMMANDS = {
    "doctor": Command(
        name="doctor",
        usage="",
        summary="Check this host and the suite, and say what to do",
        run=run,
        options=(
            text("--root", "DIR", "Look at a private suite's state and run directories", complete="file"),
            flag("--json", "Print JSON"),
        ),
        notes="Only looks, and changes nothing. A failure means that something will not work, and gives status 1.",
        examples="""
            strata doctor  # before the first 'strata up'
            strata doctor --json | jq '.[] | select(.verdict != "ok")'  # for a script
        """,
    )
}
