"""The rights of a unix socket: its group may connect, others may not, and only one process may listen."""

import fcntl
import grp
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strata_chassis.errors import FailedPrecondition

MODE = 0o660


@contextmanager
def owned_socket(path: Path, group: str) -> Iterator[None]:
    """Let the block create the socket ``path``; before, during and after, no other user can connect.

    Raises FailedPrecondition if a living process listens there. The claim ends with the process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _claim(path)
    path.unlink(missing_ok=True)
    umask = os.umask(0o777 & ~MODE)
    try:
        yield
    finally:
        os.umask(umask)
    path.chmod(MODE)
    _give_to_group(path, group)


def _claim(path: Path) -> None:
    """Lock ``<path>.lock`` for the life of the process: what is left of a dead one is ours to replace."""
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise FailedPrecondition(
            f"another process serves {path}", reason="ALREADY_RUNNING", metadata={"socket": str(path)}
        ) from error


def _give_to_group(path: Path, group: str) -> None:
    try:
        entry = grp.getgrnam(group)
    except KeyError:
        return
    try:
        os.chown(path, -1, entry.gr_gid)
    except PermissionError:
        return  # not root and not in the group: the socket stays ours alone
