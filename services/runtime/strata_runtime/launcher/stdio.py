"""Standard streams of a task: FIFOs with names, so that another launcher can take them up again.

The task's own end of an output FIFO is open for reading as well: a write never meets a pipe without a reader, so a
launcher's death costs neither the task's life nor its output (up to the pipe's size, then it waits).
"""

import contextlib
import errno
import fcntl
import os
import socket
import struct
import termios
from array import array
from pathlib import Path

CHUNK_BYTES = 65536
NAMES = ("stdin", "stdout", "stderr")


def make_output(directory: Path, name: str) -> tuple[int, int]:
    """A new output FIFO: our end (non-blocking) and the task's."""
    path = directory / name
    os.mkfifo(path, 0o600)
    ours = open_output(directory, name)
    return ours, os.open(path, os.O_RDWR | os.O_CLOEXEC)


def open_output(directory: Path, name: str) -> int:
    """Our end of an output FIFO."""
    return os.open(directory / name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)


def make_input(directory: Path) -> tuple[int, int]:
    """A new input FIFO: our end (non-blocking) and the task's, which ends when ours is closed."""
    path = directory / "stdin"
    os.mkfifo(path, 0o600)
    theirs = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    ours = open_input(directory)
    os.set_blocking(theirs, True)
    return ours, theirs


def open_input(directory: Path) -> int:
    """Our end of an input FIFO. Raises OSError (ENXIO) if nobody reads it any more."""
    return os.open(directory / "stdin", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)


def read_chunk(fd: int) -> bytes | None:
    """What is there to be read: b"" at the end, None if nothing is there now. A hung-up terminal is at its end."""
    try:
        return os.read(fd, CHUNK_BYTES)
    except BlockingIOError:
        return None
    except OSError as error:
        if error.errno == errno.EIO:
            return b""
        raise


def write_some(fd: int, data: bytes | bytearray) -> int | None:
    """Bytes that were taken, 0 if there is no room now; None when nobody reads any more."""
    try:
        return os.write(fd, data)
    except BlockingIOError:
        return 0
    except OSError:
        return None


def listen_for_console(path: str) -> socket.socket:
    """Socket on which the OCI runtime hands over the terminal's master."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    listener.bind(path)
    listener.listen(1)
    listener.settimeout(0)
    return listener


def receive_console(listener: socket.socket) -> int:
    """Master side of the terminal (non-blocking), from the OCI runtime's connection. Raises OSError if none came."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(1)
        fds = array("i")
        _, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_LEN(4 * fds.itemsize), socket.MSG_CMSG_CLOEXEC)
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    if not fds:
        raise OSError(errno.EPROTO, "the OCI runtime sent no terminal")
    os.set_blocking(fds[0], False)
    return fds[0]


def resize(terminal: int, rows: int, columns: int) -> None:
    """Tell the terminal its size; one that hung up does not mind."""
    with contextlib.suppress(OSError):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
