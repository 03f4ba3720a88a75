"""From root to an ordinary user, for good.

A service starts as root, imports, binds its sockets and then drops. Code may lie where the user cannot go (a checkout
below /root): ``keep_importable`` makes sure that a late import still finds it.
"""

import os
import pwd
import sys
from pathlib import Path

from strata_chassis.errors import Internal, NotFound


def drop_to(user: str) -> None:
    """Become ``user`` with its groups; does nothing for "" or when not root.

    Raises NotFound if there is no such user, Internal if root's rights could be had back.
    """
    if not user or os.geteuid() != 0:
        return
    entry = lookup(user)
    if entry.pw_uid == 0:
        return
    keep_importable()
    os.setgroups(os.getgrouplist(user, entry.pw_gid))
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    os.environ.update(HOME=entry.pw_dir, USER=user, LOGNAME=user)
    _make_sure_it_is_final()


def lookup(user: str) -> pwd.struct_passwd:
    """Return the entry of ``user``, or raise NotFound."""
    try:
        return pwd.getpwnam(user)
    except KeyError as error:
        raise NotFound(
            f"there is no user {user!r} on this host", reason="USER_NOT_FOUND", metadata={"user": user}
        ) from error


def prepare_dir(path: Path, user: str, *, mode: int = 0o750) -> None:
    """Make the directory ``path`` (and what is above it) and give it to ``user``; call it before ``drop_to``.

    What lies in it from an earlier run as root (``strata up`` with and without a user) is left to the caller.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=mode, exist_ok=True)
    if user and os.geteuid() == 0:
        entry = lookup(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def keep_importable() -> None:
    """Replace the directories of ``sys.path`` and of loaded packages by handles that need no way to them.

    ``/proc/self/fd/N`` of an open directory leads into it whatever the rights of the directories above; those of the
    directory itself have to allow it.
    """
    handles: dict[str, str] = {}

    def handle(directory: str) -> str:
        if directory not in handles:
            handles[directory] = _handle(directory)
        return handles[directory]

    sys.path[:] = [handle(directory) for directory in sys.path]
    for module in list(sys.modules.values()):
        places = getattr(module, "__path__", None)
        if isinstance(places, list):
            places[:] = [handle(directory) for directory in places]


def _handle(directory: str) -> str:
    if not directory.startswith("/") or directory.startswith("/proc/") or _is_open_to_all(Path(directory)):
        return directory
    try:
        return f"/proc/self/fd/{os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)}"
    except (FileNotFoundError, NotADirectoryError):
        return directory  # a zip file, or an entry of sys.path that never existed


def _is_open_to_all(directory: Path) -> bool:
    """Whether everybody may walk from the root to ``directory``."""
    try:
        return all(place.stat().st_mode & 0o001 for place in (directory, *directory.parents))
    except OSError:
        return False


def _make_sure_it_is_final() -> None:
    try:
        os.setuid(0)
    except PermissionError:
        return
    raise Internal("root's rights were given up and could be had back", reason="PRIVILEGE_DROP_FAILED")
