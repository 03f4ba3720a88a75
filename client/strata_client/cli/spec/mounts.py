"""Mounts: ``-v``, ``--mount`` and ``--tmpfs``."""

import os

from strata.runtime.v1.container_pb2 import Mount

from strata_client.cli.parsing import UsageError
from strata_client.cli.quantities import parse_size

_TYPES = {"bind": Mount.TYPE_BIND, "volume": Mount.TYPE_VOLUME, "tmpfs": Mount.TYPE_TMPFS}
_PROPAGATIONS = {"rprivate", "private", "rshared", "shared", "rslave", "slave"}
_IGNORED_OPTIONS = {"rw", "z", "Z", "cached", "delegated", "consistent"}


def parse_volume(word: str) -> Mount:
    """Read one ``-v``: "/host:/inside[:ro]", "name:/inside" or "/inside" for an anonymous volume."""
    parts = word.split(":")
    if len(parts) > 3 or not all(parts):  # noqa: PLR2004
        raise UsageError(f"invalid volume {word!r}: write it as /host/path:/inside, name:/inside or /inside, then :ro")
    if len(parts) == 1:
        return Mount(type=Mount.TYPE_VOLUME, target=_inside(word, parts[0]))
    source, target, *options = parts
    mount = Mount(target=_inside(word, target))
    if source.startswith(("/", ".", "~")):
        mount.type, mount.create_source = Mount.TYPE_BIND, True
        mount.source = os.path.abspath(os.path.expanduser(source))  # noqa: PTH100, PTH111
    else:
        mount.type, mount.source = Mount.TYPE_VOLUME, source
    for option in ",".join(options).split(",") if options else ():
        _apply_option(word, mount, option)
    return mount


def _apply_option(word: str, mount: Mount, option: str) -> None:
    if option == "ro":
        mount.read_only = True
    elif option == "nocopy":
        mount.no_copy = True
    elif option in _PROPAGATIONS:
        mount.propagation = option
    elif option not in _IGNORED_OPTIONS:
        raise UsageError(f"invalid volume {word!r}: {option!r} is no option; there are ro, rw, nocopy and propagations")


def parse_tmpfs(word: str) -> Mount:
    """Read one ``--tmpfs``: "/inside[:size=64m,mode=1777,noexec]"."""
    target, _, options = word.partition(":")
    mount = Mount(type=Mount.TYPE_TMPFS, target=_inside(word, target))
    for option in options.split(",") if options else ():
        key, _, value = option.partition("=")
        if key == "size":
            mount.tmpfs_size_bytes = parse_size(value)
        elif key == "mode":
            mount.tmpfs_mode = _octal(word, value)
        elif option == "ro":
            mount.read_only = True
        elif option != "rw":
            mount.tmpfs_options.append(option)
    return mount


def parse_mount(word: str) -> Mount:
    """Read one ``--mount``: "type=bind,source=/host,target=/inside,readonly"."""
    pairs = dict(_pair(part) for part in word.split(","))
    kind = pairs.pop("type", "volume")
    if kind not in _TYPES:
        raise UsageError(f"invalid mount {word!r}: the type is one of {', '.join(sorted(_TYPES))}")
    mount = Mount(type=_TYPES[kind])
    for key, value in pairs.items():
        _apply_key(word, mount, key, value)
    _inside(word, mount.target)
    if kind == "bind" and not mount.source:
        raise UsageError(f"invalid mount {word!r}: a bind mount needs source=/host/path")
    return mount


def _pair(part: str) -> tuple[str, str]:
    key, separator, value = part.partition("=")
    return key.lower(), value if separator else "true"


def _apply_key(word: str, mount: Mount, key: str, value: str) -> None:
    """One key of ``--mount``, under any of its names."""
    texts = {
        "source": "source",
        "src": "source",
        "target": "target",
        "destination": "target",
        "dst": "target",
        "bind-propagation": "propagation",
        "volume-driver": "volume_driver",
        "volume-subpath": "volume_subpath",
    }
    flags = {
        "readonly": "read_only",
        "ro": "read_only",
        "volume-nocopy": "no_copy",
        "bind-nonrecursive": "non_recursive",
    }
    if key in texts:
        setattr(mount, texts[key], value)
    elif key in flags:
        setattr(mount, flags[key], value.lower() in {"true", "1"})
    elif key == "tmpfs-size":
        mount.tmpfs_size_bytes = parse_size(value)
    elif key == "tmpfs-mode":
        mount.tmpfs_mode = _octal(word, value)
    else:
        raise UsageError(f"invalid mount {word!r}: {key!r} is no key; there are type, {', '.join([*texts, *flags])}")


def _octal(word: str, text: str) -> int:
    try:
        return int(text, 8)
    except ValueError:
        raise UsageError(f"invalid mount {word!r}: the mode is an octal number, such as 1777") from None


def _inside(word: str, path: str) -> str:
    if not path.startswith("/"):
        raise UsageError(f"invalid mount {word!r}: {path!r} is no absolute path in the container")
    return path
