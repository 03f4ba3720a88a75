"""``strata stats``."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

from google.protobuf.duration_pb2 import Duration
from strata.runtime.v1.runtime_pb2 import ContainerStats, GetStatsRequest, GetStatsResponse

from strata_client.cli.context import Context
from strata_client.cli.names import short_id
from strata_client.cli.options import Command, flag, text
from strata_client.cli.parsing import Line
from strata_client.cli.quantities import size_text
from strata_client.cli.tables import print_formatted

_COLUMNS = (
    ("CONTAINER ID", "ID"),
    ("NAME", "Name"),
    ("CPU %", "CPUPerc"),
    ("MEM USAGE / LIMIT", "MemUsage"),
    ("MEM %", "MemPerc"),
    ("NET I/O", "NetIO"),
    ("BLOCK I/O", "BlockIO"),
    ("PIDS", "PIDs"),
)
_PSS = ("MEM PSS", "MemPSS")
_HEADINGS = {name: heading for heading, name in (*_COLUMNS, _PSS)} | {"Container": "CONTAINER"}
_CLEAR = "\x1b[H\x1b[2J"


class _Sample(NamedTuple):
    """What a percentage of processor time is made of."""

    container_ns: int
    host_ns: int


def run(line: Line, context: Context) -> int:
    """Show what containers use: once, or again every second."""
    is_live = not line.flag("no-stream")
    request = GetStatsRequest(containers=line.arguments, interval=Duration(seconds=1), include_pss=line.flag("pss"))
    columns = (*_COLUMNS, _PSS) if line.flag("pss") else _COLUMNS
    before: dict[str, _Sample] = {}
    with context.connect() as gateway, gateway.stream(request, GetStatsResponse) as stream:
        for number, response in enumerate(stream):
            rows = [_row(one, before.get(one.container_id), is_cut=not line.flag("no-trunc")) for one in response.stats]
            before = {one.container_id: _Sample(one.cpu_total_ns, one.host_cpu_total_ns) for one in response.stats}
            if is_live:
                _show(line.text("format"), columns, rows, is_redrawn=sys.stdout.isatty())
            elif number:  # the second message is the first with which percentages can be told
                print_formatted(line.text("format"), columns, _HEADINGS, rows)
                break
    return 0


def _show(
    template: str, columns: Sequence[tuple[str, str]], rows: Sequence[dict[str, str]], *, is_redrawn: bool
) -> None:
    if is_redrawn:
        sys.stdout.write(_CLEAR)
    print_formatted(template, columns, _HEADINGS, rows)
    sys.stdout.flush()


def _row(stats: ContainerStats, before: _Sample | None, *, is_cut: bool) -> dict[str, str]:
    """One container by the fields that ``--format`` knows."""
    used = max(stats.memory_bytes - stats.memory_inactive_file_bytes, 0)
    received = sum(interface.rx_bytes for interface in stats.interfaces)
    sent = sum(interface.tx_bytes for interface in stats.interfaces)
    return {
        "ID": short_id(stats.container_id) if is_cut else stats.container_id,
        "Container": stats.container_id,
        "Name": stats.name,
        "CPUPerc": f"{_cpu_percent(stats, before):.2f}%",
        "MemUsage": f"{_binary(used)} / {_binary(stats.memory_limit_bytes)}",
        "MemPerc": f"{100 * used / stats.memory_limit_bytes if stats.memory_limit_bytes else 0:.2f}%",
        "NetIO": f"{size_text(received)} / {size_text(sent)}",
        "BlockIO": f"{size_text(stats.block_read_bytes)} / {size_text(stats.block_write_bytes)}",
        "PIDs": str(stats.pids),
        "MemPSS": _binary(stats.pss_bytes) if stats.HasField("pss_bytes") else "",
    }


def _binary(size_bytes: int) -> str:
    return size_text(size_bytes, is_binary=True, digits=4)


def _cpu_percent(stats: ContainerStats, before: _Sample | None) -> float:
    """Share of processor time since the last sample; one busy processor is 100."""
    if before is None:
        return 0.0
    host = stats.host_cpu_total_ns - before.host_ns
    own = stats.cpu_total_ns - before.container_ns
    return 100 * own / host * max(stats.online_cpus, 1) if host > 0 and own > 0 else 0.0


COMMANDS = {
    "stats": Command(
        name="stats",
        usage="[CONTAINER...]",
        summary="Show what containers use, live; without names, all that run",
        run=run,
        most=None,
        options=(
            flag("-a --all", "Accepted for docker's sake: only containers that run use anything"),
            text("--format", "TEMPLATE", '"table", "table TEMPLATE", "json" or a Go template: {{.Name}} {{.CPUPerc}}'),
            flag("--no-stream", "Measure once and end"),
            flag("--no-trunc", "Cut nothing off"),
            flag("--pss", "Also show mapped memory, with pages that processes share in parts: {{.MemPSS}}"),
        ),
        examples="""
            strata stats  # all of them, until Ctrl-C
            strata stats --no-stream --format '{{.Name}} {{.MemUsage}}' web  # once, for a script
        """,
        complete=("running",),
    )
}
