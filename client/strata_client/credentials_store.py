"""Keeping and forgetting credentials, where docker keeps them. Source: github.com/docker/cli, cli/config."""

import json
import os
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from strata_chassis.errors import FailedPrecondition
from strata_client.credentials import config_path, helper_of, keys_of, run_helper

_TOKEN_USER = "<token>"  # noqa: S105 - the helper protocol's marker for identity tokens


class Kept(NamedTuple):
    """Where credentials were kept, and whether anybody who reads that can read them."""

    name: str
    is_plain: bool


def keep_credentials(registry: str, username: str, password: str, token: str, environment: Mapping[str, str]) -> Kept:
    """Keep credentials for a registry: in its helper, else in the file. A token is kept instead of the password."""
    path = config_path(environment)
    config = _read(path)
    key = keys_of(registry)[0]
    auths = config.setdefault("auths", {})
    if helper := helper_of(config, registry):
        entry = {"ServerURL": key, "Username": _TOKEN_USER if token else username, "Secret": token or password}
        run_helper(helper, "store", json.dumps(entry))
        auths[key] = {}
        _write(path, config)
        return Kept(f"docker-credential-{helper}", is_plain=False)
    secret = "" if token else password
    auths[key] = {"auth": b64encode(f"{username}:{secret}".encode()).decode()}
    if token:
        auths[key]["identitytoken"] = token
    _write(path, config)
    return Kept(str(path), is_plain=True)


def forget_credentials(registry: str, environment: Mapping[str, str]) -> bool:
    """Forget the credentials for a registry; whether there were any."""
    path = config_path(environment)
    config = _read(path)
    keys = [key for key in keys_of(registry) if key in config.get("auths", {})]
    for key in keys:
        if helper := helper_of(config, registry):
            run_helper(helper, "erase", key)
        del config["auths"][key]
    if keys:
        _write(path, config)
    return bool(keys)


def _read(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise FailedPrecondition(f"cannot read {path}: {error}", reason="CREDENTIALS_UNREADABLE") from error
    return config if isinstance(config, dict) else {}


def _write(path: Path, config: dict[str, Any]) -> None:
    """Replace the file in one step, readable by its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".config.json-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(config, file, indent="\t")
        file.flush()
        os.fsync(file.fileno())
    Path(unfinished).replace(path)
