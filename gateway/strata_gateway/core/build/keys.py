"""Names of cache entries: equal exactly when a step would make the same layer."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any


def step_key(parent: Mapping[str, Any], what: Sequence[str]) -> str:
    """Name of a step's result.

    ``parent`` is the image config the step stands on: its layers and its settings count, when it was made does not.
    ``what`` is everything else that decides what the step does: command, variables, digests of copied files.
    """
    execution = parent.get("config") or {}
    rootfs = (parent.get("rootfs") or {}).get("diff_ids") or ()
    document = json.dumps([list(rootfs), execution, list(what)], sort_keys=True, separators=(",", ":"))
    return sha256(document.encode()).hexdigest()
