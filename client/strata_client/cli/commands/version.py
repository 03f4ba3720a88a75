"""``strata version``."""

import os
import sys
from typing import Any

from strata.gateway.v1.gateway_pb2 import GetVersionRequest, GetVersionResponse

from strata_chassis.errors import StrataError
from strata_client.cli.context import Context, say, warn
from strata_client.cli.failure import sentence_of
from strata_client.cli.options import Command, text
from strata_client.cli.parsing import Line
from strata_client.version import VERSION

_TIMEOUT_S = 10.0


def run(line: Line, context: Context) -> int:
    """Print the client's version, and the engine's if it answers."""
    client = {
        "Version": VERSION,
        "Python": sys.version.split()[0],
        "Platform": f"{sys.platform}/{os.uname().machine}",
        "Host": str(context.endpoint),
    }
    try:
        with context.connect() as gateway:
            engine = _engine(gateway.call(GetVersionRequest(), GetVersionResponse, _TIMEOUT_S))
        failure = None
    except StrataError as error:
        engine, failure = None, error
    _print(line.text("format"), {"Client": client, "Server": engine})
    if failure is not None:
        warn(sentence_of(failure))
    return 0 if failure is None else 1


def _engine(version: GetVersionResponse) -> dict[str, Any]:
    return {
        "Version": version.version,
        "Commit": version.git_commit,
        "ApiVersion": version.docker_api_version,
        "MinAPIVersion": version.docker_min_api_version,
        "Python": version.python_version,
        "Kernel": version.kernel_version,
        "Platform": version.platform,
        "Components": dict(version.components),
    }


def _print(template: str, versions: dict[str, Any]) -> None:
    if template:
        from strata_client.cli.templates import Template

        say(Template("{{json .}}" if template == "json" else template).render(versions))
        return
    labels = {"ApiVersion": "Docker API", "MinAPIVersion": "", "Components": ""}
    for title, values in versions.items():
        if values is None:
            continue
        say(f"{'Client' if title == 'Client' else 'Engine'}:")
        pairs = {labels.get(key, key): value for key, value in values.items()} | values.get("Components", {})
        if values.get("MinAPIVersion"):
            pairs["Docker API"] = f"{values['ApiVersion']} (minimum {values['MinAPIVersion']})"
        for key, value in pairs.items():
            if key and value:
                say(f" {key + ':':<14}{value}")


COMMANDS = {
    "version": Command(
        name="version",
        usage="",
        summary="Show the versions of client and engine",
        run=run,
        options=(text("-f --format", "TEMPLATE", '"json" or a Go template: {{.Server.Version}}'),),
    )
}
