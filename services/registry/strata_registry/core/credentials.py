"""Where the credentials for a registry stand: the rules of docker's and podman's configuration files.

Sources: docker/cli ``config/configfile`` (auths, credHelpers, credsStore), containers-auth.json(5) (keys with paths),
docker-credential-helpers (protocol of the helper programs).
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from strata_chassis.errors import FailedPrecondition, StrataError

DOCKER_HUB = "docker.io"
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_DOCKER_HUB_NAMES = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TOKEN_USER = "<token>"  # noqa: S105 (the helper protocol's marker for identity tokens)


@dataclass(frozen=True, slots=True)
class Credential:
    """A name with a password, or a token; secrets are never shown by ``repr``.

    An identity token (OAuth2 refresh token) is exchanged at the token server; a registry token is sent as it is.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Helper:
    """A program ``docker-credential-NAME`` that is to be asked for ``server``."""

    name: str
    server: str


@dataclass(frozen=True, slots=True)
class DockerConfig:
    """The parts of config.json that hold or point at credentials; keys of ``auths`` are normalised."""

    auths: Mapping[str, Credential] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str = ""


def parse_config(document: bytes, *, name: str) -> DockerConfig:
    """Read a config.json; unknown fields are left alone.

    ``name`` stands in the sentence of the error. Raises FailedPrecondition for what is not such a file.
    """
    try:
        data = json.loads(document)
        auths = {_normal_key(key): _entry(value) for key, value in (data.get("auths") or {}).items()}
        helpers = {_normal_key(key): str(value) for key, value in (data.get("credHelpers") or {}).items()}
        return DockerConfig(auths, helpers, str(data.get("credsStore") or ""))
    except (ValueError, AttributeError, TypeError, binascii.Error) as error:
        raise _invalid(name) from error


def sources(config: DockerConfig, registry: str, repository: str) -> tuple[Helper | Credential, ...]:
    """List what may know the credentials of a repository, the most specific first.

    A helper named for the registry comes first, then entries of the file itself (the longest matching path wins),
    then the general store. An empty answer means: go anonymously.
    """
    found: list[Helper | Credential] = []
    if name := config.helpers.get(_normal_key(registry)):
        found.append(Helper(name, _server_key(registry)))
    for key in _keys(registry, repository):
        entry = config.auths.get(key)
        if entry is not None and entry != Credential():
            found.append(entry)
            break
    if config.store:
        found.append(Helper(config.store, _server_key(registry)))
    return tuple(found)


def is_helper_name(name: str) -> bool:
    """Tell whether a helper's name can be part of a program's name (and names no path)."""
    return _HELPER_NAME.fullmatch(name) is not None


def parse_helper_answer(output: bytes) -> Credential:
    """Read what a helper prints on success. Raises ValueError (or KeyError, TypeError) for anything else."""
    answer = json.loads(output)
    username, secret = str(answer["Username"]), str(answer["Secret"])
    if username == _TOKEN_USER:
        return Credential(identity_token=secret)
    return Credential(username, secret)


def is_not_found_answer(output: bytes) -> bool:
    """Tell whether a failed helper only says that it knows no such server."""
    return b"credentials not found" in output.lower()


def _entry(value: Mapping[str, str]) -> Credential:
    tokens = value.get("identitytoken") or "", value.get("registrytoken") or ""
    if auth := value.get("auth"):
        username, _, password = base64.b64decode(auth, validate=True).decode().partition(":")
        return Credential(username, password.strip("\0"), *tokens)
    return Credential(value.get("username") or "", value.get("password") or "", *tokens)


def _normal_key(key: str) -> str:
    """Bring docker's URLs and podman's paths to one form: ``host[:port][/path]``."""
    bare = re.sub(r"^https?://", "", key).rstrip("/")
    bare = re.sub(r"/v[12]$", "", bare)
    host, slash, path = bare.partition("/")
    host = DOCKER_HUB if host.lower() in _DOCKER_HUB_NAMES else host.lower()
    return host + slash + path


def _server_key(registry: str) -> str:
    """Name the server as docker names it when it stores credentials with a helper."""
    return _DOCKER_HUB_KEY if _normal_key(registry) == DOCKER_HUB else registry


def _keys(registry: str, repository: str) -> Iterator[str]:
    """Yield ``host/a/b``, ``host/a``, ``host``."""
    host = _normal_key(registry)
    parts = repository.split("/") if repository else []
    for length in range(len(parts), 0, -1):
        yield "/".join([host, *parts[:length]])
    yield host


def _invalid(name: str) -> StrataError:
    return FailedPrecondition(
        f"{name} is not a valid registry configuration file", reason="CREDENTIALS_UNREADABLE", metadata={"file": name}
    )
