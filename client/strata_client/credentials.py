"""Credentials for registries, as ``docker login`` left them: the user's own, so the user's side reads them.

Source: github.com/docker/cli, cli/config: ``auths``, ``credHelpers`` and ``credsStore`` of config.json, and
docker-credential-helpers' protocol: ``docker-credential-NAME get``, the server on stdin, JSON on stdout.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from strata.oci.v1.oci_pb2 import Credentials

from strata_chassis.errors import FailedPrecondition

_HUB = "docker.io"
_HUB_KEY = "https://index.docker.io/v1/"
_HUB_NAMES = {"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"}
_TOKEN_USER = "<token>"  # noqa: S105 - the helper protocol's marker for identity tokens
_HELPER_TIMEOUT_S = 30
_NOT_FOUND = "credentials not found"

Helper = Callable[[str, str], str | None]
"""Asks the helper of a name for a server: its JSON, or None when it has nothing."""


def registry_of(reference: str) -> str:
    """Registry host that a reference names. Source: distribution/reference, ``splitDockerDomain``."""
    first, slash, _ = reference.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost" or first != first.lower())
    return first if is_host and first not in _HUB_NAMES else _HUB


def config_path(environment: Mapping[str, str]) -> Path:
    """Where docker keeps its configuration."""
    directory = environment.get("DOCKER_CONFIG")
    return Path(directory or Path(environment.get("HOME", "/"), ".docker")) / "config.json"


def find_credentials(reference: str, environment: Mapping[str, str] | None = None) -> Credentials | None:
    """Credentials for the registry of a reference, None when the user has none; raises FailedPrecondition."""
    path = config_path(os.environ if environment is None else environment)
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(f"cannot read {path}: {error.strerror}") from None
    import json

    try:
        config = json.loads(raw)
    except ValueError:
        raise _unreadable(f"{path} is no JSON: repair it, or log in again") from None
    return credentials_in(config, registry_of(reference), ask_helper)


def credentials_in(config: Any, host: str, helper: Helper) -> Credentials | None:
    """Credentials for a host in a configuration: of its helper, of the store, or written down in ``auths``."""
    keys = keys_of(host)
    name = helper_of(config, host)
    if name and (answer := helper(name, keys[0])):
        return _of_helper(answer, name)
    auths = {_without_path(key): value for key, value in _mapping(config, "auths").items()}
    entry = next((auths[key] for key in map(_without_path, keys) if key in auths), None)
    return _of_entry(entry) if isinstance(entry, dict) else None


def keys_of(host: str) -> list[str]:
    """Names under which a registry's credentials may be kept, the usual one first."""
    if host in _HUB_NAMES:
        return [_HUB_KEY, *sorted(_HUB_NAMES)]
    return [host, f"https://{host}", f"http://{host}"]


def helper_of(config: Any, host: str) -> str:
    """Name of the helper that keeps a registry's credentials; empty where none does."""
    helpers = _mapping(config, "credHelpers")
    return next((_text(helpers, key) for key in keys_of(host) if key in helpers), _text(config, "credsStore"))


def _mapping(config: Any, key: str) -> dict[str, Any]:
    """The mapping at a key; anything else counts as an empty one."""
    value = config.get(key) if isinstance(config, dict) else None
    return value if isinstance(value, dict) else {}


def _without_path(key: str) -> str:
    """Host of a key of ``auths``, which may be written as an address: "https://host/v1/" is "host"."""
    return key.partition("://")[2].partition("/")[0] if "://" in key else key.partition("/")[0]


def _of_entry(entry: dict[str, Any]) -> Credentials | None:
    """Credentials of an entry of ``auths``."""
    username, password = _text(entry, "username"), _text(entry, "password")
    if auth := _text(entry, "auth"):
        username, _, password = _decode(auth).partition(":")
    token, registry_token = _text(entry, "identitytoken"), _text(entry, "registrytoken")
    if not (username or token or registry_token):
        return None
    return Credentials(
        username=username, password=password.rstrip("\0"), identity_token=token, registry_token=registry_token
    )


def _of_helper(answer: str, name: str) -> Credentials:
    import json

    try:
        document = json.loads(answer)
    except ValueError:
        raise _unreadable(f"docker-credential-{name} answered with something that is no JSON") from None
    username, secret = _text(document, "Username"), _text(document, "Secret")
    if username == _TOKEN_USER:
        return Credentials(identity_token=secret)
    return Credentials(username=username, password=secret)


def _unreadable(why: str) -> FailedPrecondition:
    return FailedPrecondition(why, reason="CREDENTIALS_UNREADABLE")


def _text(entry: Any, key: str) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    return value if isinstance(value, str) else ""


def _decode(auth: str) -> str:
    from base64 import b64decode

    try:
        return b64decode(auth, validate=True).decode()
    except ValueError:
        raise _unreadable("an auth of docker's configuration is no base64: log in again") from None


def ask_helper(name: str, server: str) -> str | None:
    """Ask ``docker-credential-NAME`` for a server; None when it says that it has nothing."""
    return run_helper(name, "get", server)


def run_helper(name: str, verb: str, text: str) -> str | None:
    """Run ``docker-credential-NAME VERB`` with ``text`` as its input; None when it knows nothing of it."""
    import subprocess

    program = f"docker-credential-{name}"
    if "/" in name:
        raise _unreadable(f"{program} is no name of a program")
    try:
        done = subprocess.run(
            [program, verb], input=text, capture_output=True, text=True, timeout=_HELPER_TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        raise _unreadable(f"{program}, which docker's configuration names, is not installed") from None
    except subprocess.TimeoutExpired:
        raise _unreadable(f"{program} did not answer within {_HELPER_TIMEOUT_S} s") from None
    if done.returncode == 0:
        return done.stdout
    said = (done.stdout + done.stderr).strip()
    if _NOT_FOUND in said:
        return None
    raise _unreadable(f"{program} failed: {said.splitlines()[0] if said else f'status {done.returncode}'}")
