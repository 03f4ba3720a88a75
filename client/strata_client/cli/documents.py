"""What ``inspect`` prints, of whatever kind: documents as JSON, or each by a template."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from strata_client.cli.context import say


def print_documents(template: str, documents: Sequence[Mapping[str, Any]]) -> None:
    """Print documents by a Go template (``json`` for one line each); all as one JSON list without a template."""
    if not template:
        say(json.dumps(documents, indent=4, ensure_ascii=False))
        return
    from strata_client.cli.templates import Template

    compiled = Template("{{json .}}" if template == "json" else template)
    for document in documents:
        say(compiled.render(document))
