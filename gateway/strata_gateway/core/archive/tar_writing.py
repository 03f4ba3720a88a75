"""Members of a tar with nothing in them that differs between two runs."""

import tarfile

BLOCK_BYTES = 512
END = bytes(2 * BLOCK_BYTES)


def header(name: str, size_bytes: int) -> bytes:
    """Header of a regular file."""
    member = tarfile.TarInfo(name)
    member.size = size_bytes
    member.mode = 0o644
    return member.tobuf(format=tarfile.PAX_FORMAT)


def padding(size_bytes: int) -> bytes:
    """Zeros after a member's data, up to the next block."""
    return bytes(-size_bytes % BLOCK_BYTES)


def small_file(name: str, content: bytes) -> bytes:
    """A whole member."""
    return header(name, len(content)) + content + padding(len(content))
