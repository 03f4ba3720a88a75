"""``strata history``."""

import json
from typing import Any

from strata.store.v1.store_pb2 import GetImageRequest, GetImageResponse, GetLayerRequest, GetLayerResponse

from strata_client.cli.context import Context
from strata_client.cli.names import short_id
from strata_client.cli.options import Command, flag, text
from strata_client.cli.parsing import Line
from strata_client.cli.quantities import ago_text, parse_moment, size_text, timestamp
from strata_client.cli.tables import print_formatted
from strata_client.gateway import Gateway

_COLUMNS = (
    ("LAYER", "ID"),
    ("CREATED", "CreatedSince"),
    ("CREATED BY", "CreatedBy"),
    ("SIZE", "Size"),
    ("COMMENT", "Comment"),
)
_HEADINGS = {name: heading for heading, name in _COLUMNS}
_CUT = 45


def run(line: Line, context: Context) -> int:
    """Print the steps by which an image was made, the last one first."""
    with context.connect() as gateway:
        response = gateway.call(GetImageRequest(image=line.arguments[0]), GetImageResponse)
        rows = _rows(gateway, response, is_cut=not line.flag("no-trunc"))
    print_formatted(line.text("format"), _COLUMNS, _HEADINGS, rows)
    return 0


def _rows(gateway: Gateway, response: GetImageResponse, *, is_cut: bool) -> list[dict[str, str]]:
    """Steps with the layers they made, counted from the top: a base may have layers without a history."""
    layers = list(response.image.diff_ids)
    rows = []
    for step in reversed(_steps(response.config, len(layers))):
        layer = "" if step.get("empty_layer") or not layers else layers.pop()
        rows.append(_row(gateway, step, layer, is_cut=is_cut))
    return rows


def _steps(config: bytes, layers: int) -> list[dict[str, Any]]:
    """The history of a config; images without one have a nameless step for each layer."""
    try:
        history = json.loads(config).get("history") or []
    except (ValueError, AttributeError):
        history = []
    steps: list[dict[str, Any]] = [step for step in history if isinstance(step, dict)]
    nameless: list[dict[str, Any]] = [{}] * layers
    return steps or nameless


def _row(gateway: Gateway, step: dict[str, Any], layer: str, *, is_cut: bool) -> dict[str, str]:
    command = " ".join(str(step.get("created_by", "")).split())
    size = gateway.call(GetLayerRequest(diff_id=layer), GetLayerResponse).layer.logical_bytes if layer else 0
    created = str(step.get("created", ""))
    return {
        "ID": (short_id(layer) if is_cut else layer) or "<none>",
        "CreatedSince": ago_text(timestamp(parse_moment(created))) if created[:4].isdigit() else "N/A",
        "CreatedBy": command[: _CUT - 1] + "…" if is_cut and len(command) > _CUT else command,
        "Size": size_text(size),
        "Comment": " ".join(str(step.get("comment", "")).split()),
    }


COMMANDS = {
    "history": Command(
        name="history",
        usage="IMAGE",
        summary="Show the steps by which an image was made, with the layers they left",
        run=run,
        least=1,
        most=1,
        options=(
            text("--format", "TEMPLATE", '"table", "json" or a Go template: {{.CreatedBy}} {{.Size}}'),
            flag("--no-trunc", "Cut nothing off"),
        ),
        complete=("image",),
    )
}
