"""The user the unprivileged services run as, and the folders of a suite with their owners."""

import os
import pwd
import subprocess
from pathlib import Path

from strata_gateway.suite.failure import SuiteFailure
from strata_gateway.suite.services import SERVICES, UNPRIVILEGED_USER, Layout


def ensure_account(name: str = UNPRIVILEGED_USER) -> pwd.struct_passwd:
    """The system account the services drop to, made when the host does not have it yet."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            message = f"cannot make the system user {name}: {result.stderr.strip()}"
            raise SuiteFailure(message) from None
        return pwd.getpwnam(name)


def prepare(layout: Layout, account: pwd.struct_passwd) -> None:
    """Make the folders of a suite.

    The run folder is sticky and writable by the group: each service makes its own sockets there, and none can
    replace another's.
    """
    _folder(layout.run_dir, 0o1775, 0, account.pw_gid)
    _folder(layout.state_dir, 0o755, 0, 0)
    _folder(layout.logs, 0o750, 0, account.pw_gid)
    for service in SERVICES:
        if service.user:
            _folder(layout.state_of(service), 0o700, account.pw_uid, account.pw_gid)
    _check_reachable(layout.run_dir)
    _check_reachable(layout.state_dir)


def _folder(path: Path, mode: int, user_id: int, group_id: int) -> None:
    path.mkdir(parents=True, exist_ok=True)
    os.chown(path, user_id, group_id)
    path.chmod(mode)


def _check_reachable(path: Path) -> None:
    """The services run as a user of their own, who must be able to walk to ``path``."""
    closed = [folder for folder in path.resolve().parents if not folder.stat().st_mode & 0o001]
    if closed:
        message = f"{path} lies below {closed[0]}, which other users may not enter: choose another --root"
        raise SuiteFailure(message)
