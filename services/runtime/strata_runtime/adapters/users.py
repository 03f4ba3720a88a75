"""Users and groups by the files of a container, opened inside its root only. Source: docker, USER."""

from collections.abc import Iterable
from dataclasses import dataclass

from strata_chassis.errors import InvalidArgument
from strata_runtime.adapters.inside import opened_root, read_inside
from strata_runtime.core.bundle.host import ProcessUser

_MOST_BYTES = 4 << 20
_MOST_ID = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    uid: int
    gid: int
    home: str


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    gid: int
    members: tuple[str, ...]


def look_up_user(rootfs: str, wish: str, group_add: Iterable[str] = ()) -> ProcessUser:
    """Find ``user[:group]``, by names or numbers; "" is root. Raises InvalidArgument for names nobody has."""
    with opened_root(rootfs) as root:
        passwd = (read_inside(root, "/etc/passwd", _MOST_BYTES) or b"").decode(errors="replace")
        group = (read_inside(root, "/etc/group", _MOST_BYTES) or b"").decode(errors="replace")
    return find_user(wish or "0", passwd, group, tuple(group_add))


def find_user(wish: str, passwd: str, group: str, group_add: tuple[str, ...] = ()) -> ProcessUser:
    """The same from the files' texts."""
    user_text, _, group_text = wish.partition(":")
    groups = list(_groups(group))
    entry = _user(user_text or "0", passwd)
    gid = _gid(group_text, groups) if group_text else entry.gid
    additional = {_gid(text, groups) for text in group_add}
    if not group_text and entry.name:
        additional |= {item.gid for item in groups if entry.name in item.members}
    return ProcessUser(entry.uid, gid, tuple(sorted(additional - {gid})), entry.home or "/")


def _user(text: str, passwd: str) -> _Entry:
    number = _number(text)
    for entry in _entries(passwd):
        if text == entry.name or (number is not None and entry.uid == number):
            return entry
    if number is None:
        raise InvalidArgument(f"the container has no user {text!r}", reason="USER_UNKNOWN", metadata={"user": text})
    return _Entry("", number, 0, "/")


def _gid(text: str, groups: list[_Group]) -> int:
    number = _number(text)
    for group in groups:
        if text == group.name:
            return group.gid
    if number is None:
        raise InvalidArgument(f"the container has no group {text!r}", reason="GROUP_UNKNOWN", metadata={"group": text})
    return number


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal()):
        return None
    number = int(text)
    if number > _MOST_ID:
        raise InvalidArgument(f"{text} is too large for a user or group", reason="USER_INVALID")
    return number


def _entries(passwd: str) -> Iterable[_Entry]:
    for line in passwd.splitlines():
        match line.split(":"):
            case [name, _, uid, gid, _, home, *_] if uid.isdecimal() and gid.isdecimal():
                yield _Entry(name, int(uid), int(gid), home)


def _groups(group: str) -> Iterable[_Group]:
    for line in group.splitlines():
        match line.split(":"):
            case [name, _, gid, members, *_] if gid.isdecimal():
                yield _Group(name, int(gid), tuple(members.split(",")))
