"""Image configs that are made here: after a commit, an import, or the steps of a build.

Source: OCI image-spec, config.md.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Config = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """An entry of ``history``; ``diff_id`` is the layer the step made, None if it made none."""

    created: str
    created_by: str
    comment: str = ""
    author: str = ""
    diff_id: str | None = None


def base_config(os: str, architecture: str, variant: str = "") -> Config:
    """Config of an image without layers."""
    config = {"architecture": architecture, "os": os, "config": {}, "rootfs": {"type": "layers", "diff_ids": []}}
    return config | ({"variant": variant} if variant else {})


def with_step(config: Mapping[str, Any], step: Step, execution: Mapping[str, Any] | None = None) -> Config:
    """The config after one more step; ``execution`` replaces its ``config`` part if given."""
    rootfs = config.get("rootfs") or {}
    diff_ids = [*(rootfs.get("diff_ids") or ()), *([step.diff_id] if step.diff_id else ())]
    changed = {
        **config,
        "created": step.created,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [*(config.get("history") or ()), _entry(step)],
    }
    if execution is not None:
        changed["config"] = dict(execution)
    if step.author:
        changed["author"] = step.author
    return changed


def _entry(step: Step) -> dict[str, Any]:
    entry: dict[str, Any] = {"created": step.created, "created_by": step.created_by}
    optional = {"comment": step.comment, "author": step.author}
    entry |= {key: value for key, value in optional.items() if value}
    return entry if step.diff_id else entry | {"empty_layer": True}


def encoded(config: Mapping[str, Any]) -> bytes:
    """Exact bytes of a config: equal configs have equal bytes, and so equal IDs."""
    return json.dumps(config, separators=(",", ":"), sort_keys=True).encode()


@dataclass(frozen=True)
class Overrides:
    """What a container was given on top of its image's config."""

    env: Sequence[str] = ()
    command: Sequence[str] = ()
    entrypoint: Sequence[str] = ()
    clear_entrypoint: bool = False
    working_dir: str = ""
    user: str = ""
    labels: Mapping[str, str] | None = None
    exposed_ports: Sequence[str] = ()
    stop_signal: str = ""


def overridden(execution: Mapping[str, Any], given: Overrides) -> Config:
    """``config`` part of a container: what a commit makes the config of its image."""
    changed = dict(execution)
    if given.entrypoint or given.clear_entrypoint:
        changed["Entrypoint"] = list(given.entrypoint) or None
        changed["Cmd"] = None
    texts = {"Cmd": list(given.command), "WorkingDir": given.working_dir, "User": given.user}
    changed |= {key: value for key, value in (texts | {"StopSignal": given.stop_signal}).items() if value}
    env = dict(entry.partition("=")[::2] for entry in [*(execution.get("Env") or ()), *given.env])
    changed["Env"] = [f"{name}={value}" for name, value in env.items()]
    changed["Labels"] = {**(execution.get("Labels") or {}), **(given.labels or {})}
    changed["ExposedPorts"] = {**(execution.get("ExposedPorts") or {}), **{port: {} for port in given.exposed_ports}}
    return {key: value for key, value in changed.items() if value}
