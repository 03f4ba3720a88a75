"""The streams of a running task: output to the log and the clients, input from a bounded buffer."""

import os

from strata_runtime.launcher import protocol, stdio
from strata_runtime.launcher.attachment import Attachment
from strata_runtime.launcher.logfile import LogFile
from strata_runtime.launcher.loop import READABLE, WRITABLE, Loop

INPUT_LIMIT_BYTES = 256 * 1024


class Streams:
    """Descriptors of one task, its log, and who listens."""

    __slots__ = (
        "_begun",
        "_ends",
        "_input",
        "_input_fd",
        "_loop",
        "_outputs",
        "_paused",
        "attachments",
        "log",
        "tty_fd",
    )

    def __init__(self, loop: Loop, log: LogFile | None) -> None:
        self._loop = loop
        self.log = log
        self.attachments: list[Attachment] = []
        self.tty_fd: int | None = None
        self._outputs: dict[int, int] = {}
        self._begun = False
        self._paused = True
        self._input_fd: int | None = None
        self._input = bytearray()
        self._ends = False

    def add_output(self, fd: int, stream: int) -> None:
        """Read a stream from now on."""
        self._outputs[fd] = stream
        self._watch(fd)

    def begin(self) -> None:
        """Deliver output: what came before the process ran was the OCI runtime's complaint."""
        self._begun = True
        self._pause(paused=False)

    def set_input(self, fd: int) -> None:
        """Write what was fed, and what will be, to ``fd``."""
        self._input_fd = fd
        self._flush_input()

    def add_terminal(self, fd: int) -> None:
        """Use a terminal for input and output."""
        self.tty_fd = fd
        self.add_output(fd, protocol.STDOUT)
        self.set_input(fd)

    def feed(self, data: bytes) -> bool:
        """Take input; False asks the caller to wait until its client is told to go on."""
        if self._ends:
            return True
        self._input += data
        self._flush_input()
        return len(self._input) < INPUT_LIMIT_BYTES

    def close_input(self) -> None:
        """End the input after what was fed. A terminal has no end."""
        if self.tty_fd is None:
            self._ends = True
            self._flush_input()

    def log_position(self) -> dict[str, int]:
        """Where the log's next record goes."""
        return {"generation": self.log.generation, "offset": self.log.offset} if self.log else {}

    def resume_output(self) -> None:
        """Read again if nobody holds the task back any more."""
        if self._begun and self._paused and not any(attachment.is_full() for attachment in self.attachments):
            self._pause(paused=False)

    def drain(self) -> bool:
        """Deliver all that is there now; whether a terminal may still have more to say."""
        for fd in list(self._outputs):
            while chunk := stdio.read_chunk(fd):
                self._deliver(self._outputs[fd], chunk)
            if chunk is not None:
                self._end_output(fd)
        return self.tty_fd is not None

    def finish(self) -> None:
        """Close log and input; what background processes still write goes nowhere."""
        self._ends = True
        self._close_input()
        if self.log:
            self.log.close()
            self.log = None
        for attachment in self.attachments:
            attachment.client.attachment = None
        self.attachments.clear()
        self._pause(paused=False)

    def abandon(self) -> None:
        """Close everything."""
        self.finish()
        for fd in list(self._outputs):
            self._end_output(fd)

    def _pause(self, *, paused: bool) -> None:
        self._paused = paused
        for fd in self._outputs:
            self._watch(fd)

    def _watch(self, fd: int) -> None:
        reads = READABLE if fd in self._outputs and not self._paused else 0
        writes = WRITABLE if fd == self._input_fd and self._input else 0
        if reads or writes or fd in self._outputs:
            self._loop.watch(fd, reads | writes, lambda mask: self._ready(fd, mask))
        else:
            self._loop.forget(fd)

    def _ready(self, fd: int, mask: int) -> None:
        if mask & WRITABLE:
            self._flush_input()
        if not mask & ~WRITABLE or fd not in self._outputs:
            return
        if self._paused:  # it hung up: its end can wait until the clients have caught up
            self._loop.forget(fd)
            return
        chunk = stdio.read_chunk(fd)
        if chunk:
            self._deliver(self._outputs[fd], chunk)
        elif chunk is not None:
            self._end_output(fd)

    def _deliver(self, stream: int, chunk: bytes) -> None:
        position = self.log_position()
        if self.log:
            self.log.append(protocol.STREAM_NAMES[stream], chunk)
        packet = protocol.data_packet(stream, chunk)
        for attachment in list(self.attachments):
            attachment.offer(stream, packet, position)
        if not self._paused and any(attachment.is_full() for attachment in self.attachments):
            self._pause(paused=True)

    def _end_output(self, fd: int) -> None:
        self._loop.forget(fd)
        del self._outputs[fd]
        if fd == self.tty_fd:
            self.tty_fd = self._input_fd = None
        os.close(fd)

    def _flush_input(self) -> None:
        fd = self._input_fd
        if fd is None:
            return
        taken = stdio.write_some(fd, self._input) if self._input else 0
        if taken is None:  # nobody reads any more
            self._input.clear()
            self._ends = True
        else:
            del self._input[:taken]
        if not self._input:
            self._unblock_feeders()
            if self._ends:
                self._close_input()
                return
        self._watch(fd)

    def _unblock_feeders(self) -> None:
        for attachment in self.attachments:
            if attachment.wishes.stdin:
                attachment.client.pause_reading(paused=False)

    def _close_input(self) -> None:
        fd, self._input_fd = self._input_fd, None
        if fd is not None and fd not in self._outputs:
            self._loop.forget(fd)
            os.close(fd)
