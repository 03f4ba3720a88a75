"""Changes to the disk that survive kill -9 and power loss: whole and there, or not there at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strata_chassis.errors import AlreadyExists

_SCRATCH_PREFIX = ".scratch-"


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace the file at ``path`` by ``data``; on return it is on the disk. Readers see the old or the new bytes."""
    scratch = path.with_name(f"{_SCRATCH_PREFIX}{os.getpid()}-{os.urandom(6).hex()}")
    try:
        with _created(scratch, mode) as descriptor:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        scratch.rename(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    fsync_dir(path.parent)


def commit_dir(staged: Path, final: Path) -> None:
    """Make the finished directory ``staged`` appear as ``final`` in one step, with all its files on the disk.

    Both must be on one file system. Raises AlreadyExists if ``final`` is there; ``staged`` is then left alone.
    """
    fsync_tree(staged)
    try:
        staged.rename(final)
    except OSError as error:
        if not final.exists():
            raise
        raise AlreadyExists(f"{final.name} is committed already", metadata={"name": final.name}) from error
    fsync_dir(final.parent)
    if staged.parent != final.parent:
        fsync_dir(staged.parent)


def fsync_tree(root: Path) -> None:
    """Bring all regular files and directories below ``root``, and itself, to the disk."""
    for directory, _, names in os.walk(root, topdown=False):
        for name in names:
            path = Path(directory, name)
            if path.is_file() and not path.is_symlink():
                fsync_file(path)
        fsync_dir(Path(directory))


def fsync_file(path: Path) -> None:
    """Bring a file's bytes to the disk."""
    with _opened(path, os.O_RDONLY) as descriptor:
        os.fsync(descriptor)


def fsync_dir(path: Path) -> None:
    """Bring the names in a directory to the disk."""
    with _opened(path, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        os.fsync(descriptor)


def remove_scratch(directory: Path) -> list[Path]:
    """Remove what an interrupted ``write_atomic`` left in ``directory``; call it at start. Returns what was removed."""
    stale = sorted(directory.glob(f"{_SCRATCH_PREFIX}*"))
    for path in stale:
        path.unlink()
    return stale


@contextmanager
def _opened(path: Path, flags: int, mode: int = 0o600) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_CLOEXEC, mode)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _created(path: Path, mode: int) -> Iterator[int]:
    with _opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW) as descriptor:
        os.fchmod(descriptor, mode)
        yield descriptor


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
