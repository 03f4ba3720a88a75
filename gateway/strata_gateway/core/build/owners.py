"""``--chown`` and ``--chmod``: names to numbers by the image's own passwd and group files."""

from strata_gateway.core.dockerfile.instruction import DockerfileError

_MODE_LIMIT = 0o7777


def owner_of(text: str, passwd: str, group: str) -> tuple[int, int]:
    """Numbers of "user[:group]"; without a group it is the number of the user, as docker has it."""
    user, separator, group_name = text.partition(":")
    user_id = _number(user, passwd, "user")
    return user_id, _number(group_name, group, "group") if separator and group_name else _own_group(
        user, user_id, passwd
    )


def _number(name: str, table: str, kind: str) -> int:
    if name.isdecimal():
        return int(name)
    for line in table.splitlines():
        fields = line.split(":")
        if fields[0] == name and len(fields) > 2 and fields[2].isdecimal():  # noqa: PLR2004 - name:x:number
            return int(fields[2])
    raise DockerfileError(f"unable to convert uid/gid chown string to host mapping: can't find {kind} {name}")


def _own_group(user: str, user_id: int, passwd: str) -> int:
    """Primary group of a user that the image knows; a bare number is its own group."""
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) > 3 and fields[0] == user and fields[3].isdecimal():  # noqa: PLR2004 - name:x:uid:gid
            return int(fields[3])
    return user_id


def mode_of(text: str) -> int | None:
    """Number of a ``--chmod``; None for none. DockerfileError for what is no octal mode."""
    if not text:
        return None
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= _MODE_LIMIT:
        raise DockerfileError(f"invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777")
    return mode
