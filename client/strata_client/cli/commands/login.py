"""``strata login`` and ``strata logout``."""

import getpass
import os
import sys

from strata.gateway.v1.gateway_pb2 import CheckCredentialsRequest, CheckCredentialsResponse
from strata.oci.v1.oci_pb2 import Credentials

from strata_client.cli.context import Context, say, warn
from strata_client.cli.options import Command, flag, text
from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.terminal import is_terminal
from strata_client.credentials_store import forget_credentials, keep_credentials

_HUB = "docker.io"


def _login(line: Line, context: Context) -> int:
    registry = line.arguments[0] if line.arguments else _HUB
    username = line.text("username") or _ask("Username: ")
    password = _password(line)
    request = CheckCredentialsRequest(registry=registry, credentials=Credentials(username=username, password=password))
    with context.connect() as gateway:
        token = gateway.call(request, CheckCredentialsResponse).identity_token
    where = keep_credentials(registry, username, password, token, os.environ)
    if where.is_plain:
        warn(f"WARNING: the password is kept unencrypted in {where.name}; a credential helper would keep it safe")
    say("Login Succeeded")
    return 0


def _ask(prompt: str) -> str:
    if not is_terminal(0):
        raise UsageError("no user name: give --username")
    return input(prompt)


def _password(line: Line) -> str:
    if line.flag("password-stdin"):
        return sys.stdin.readline().rstrip("\r\n")
    if line.text("password"):
        warn("WARNING: others can see a password in the list of processes: use --password-stdin")
        return line.text("password")
    if not is_terminal(0):
        raise UsageError("no password: give it with --password-stdin")
    return getpass.getpass()


def _logout(line: Line, _context: Context) -> int:
    registry = line.arguments[0] if line.arguments else _HUB
    if forget_credentials(registry, os.environ):
        say(f"Removing login credentials for {registry}")
    else:
        say(f"Not logged in to {registry}")
    return 0


COMMANDS = {
    "login": Command(
        name="login",
        usage="[REGISTRY]",
        summary="Keep credentials for a registry, after asking it whether it accepts them",
        run=_login,
        most=1,
        options=(
            text("-u --username", "NAME", "User name"),
            text("-p --password", "PASSWORD", "Password; better is --password-stdin"),
            flag("--password-stdin", "Read the password from stdin"),
        ),
        notes="They are kept where docker keeps them, by its credential helper if one is configured.",
        examples="pass show registry | strata login -u joe --password-stdin registry.example.com  # for a script",
    ),
    "logout": Command(
        name="logout",
        usage="[REGISTRY]",
        summary="Forget the credentials for a registry",
        run=_logout,
        most=1,
    ),
}
