"""Names in tars, as parts that cannot leave the root."""

from strata_store.core.layer_errors import layer_invalid

_MAX_PATH_BYTES = 4096
_MAX_NAME_BYTES = 255


def clean(path: bytes) -> list[bytes]:
    """Split a name into its parts; "." goes away, ".." takes the part before it, and stops at the root.

    So an entry "../../etc/passwd" is /etc/passwd of the layer, as containerd unpacks it. Raises InvalidArgument for
    names the kernel cannot have.
    """
    if len(path) > _MAX_PATH_BYTES or b"\0" in path:
        raise layer_invalid("a name is impossible", path[:_MAX_NAME_BYTES], length=len(path))
    parts: list[bytes] = []
    for part in path.split(b"/"):
        if part == b"..":
            del parts[-1:]
        elif part not in {b"", b"."}:
            if len(part) > _MAX_NAME_BYTES:
                raise layer_invalid("a name is too long", path, length=len(part))
            parts.append(part)
    return parts
