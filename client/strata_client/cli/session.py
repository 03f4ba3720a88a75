"""A session with a process in a container: this terminal's keys go in, its output comes out, until it ends.

One thread, one poll: stdin, the gateway's socket, and a pipe that signals write to.
"""

import os
import select
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Generic, NamedTuple, TypeVar

from strata.runtime.v1.runtime_pb2 import ExitStatus, StreamInput, StreamOutput

from strata_chassis.errors import Unavailable
from strata_client.cli import terminal
from strata_client.cli.detach_keys import DetachScanner
from strata_client.wire.channel import Channel, Message, ParsedMessage, Stream

R = TypeVar("R", bound=ParsedMessage)

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_READ_BYTES = 32 * 1024
_MOST_UNSENT_BYTES = 512 * 1024
_NOT_PROXIED = {
    signal.SIGCHLD,
    signal.SIGPIPE,
    signal.SIGURG,
    signal.SIGWINCH,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGCONT,
    signal.SIGKILL,
    signal.SIGSTOP,
    # What the interpreter's own faults raise.
    signal.SIGSEGV,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGABRT,
    signal.SIGTRAP,
    signal.SIGSYS,
}


class Terms(NamedTuple):
    """What a session does with this side's terminal and signals."""

    sends_stdin: bool
    is_tty: bool
    detach_keys: bytes = b""
    proxies_signals: bool = True
    is_resumable: bool = False

    @property
    def can_resume(self) -> bool:
        """Whether it can go on over another connection: not when input through a pipe may have been lost."""
        return self.is_resumable and (self.is_tty or not self.sends_stdin)


class Ended(NamedTuple):
    """How a session ended: by the process's exit, or because the user detached."""

    exit: ExitStatus | None
    is_detached: bool = False


class Session(Generic[R]):
    """Moves bytes between this side and one open stream."""

    def __init__(
        self,
        channel: Channel,
        stream: Stream[R],
        wrap: Callable[[StreamInput], Message],
        output_of: Callable[[R], StreamOutput | None],
        terms: Terms,
        *,
        skips: Mapping[str, int] | None = None,
    ) -> None:
        """Serve ``stream`` of ``channel``; ``wrap`` makes its requests of inputs, ``output_of`` reads its responses.

        ``skips`` says how many bytes of stdout and stderr were shown before, and come once more.
        """
        self.terms = terms
        self.shown: Counter[str] = Counter()
        self._channel = channel
        self._stream = stream
        self._wrap = wrap
        self._output_of = output_of
        self._skips = dict(skips or {})
        self._scanner = DetachScanner(terms.detach_keys if terms.is_tty else b"")
        self._is_stdin_open = terms.sends_stdin
        self._is_detached = False
        self._exit: ExitStatus | None = None

    def run(self) -> Ended:
        """Go on until the stream ends or the user detaches; raises the stream's error."""
        is_raw = self.terms.is_tty and self.terms.sends_stdin and terminal.is_terminal(_STDIN)
        with _signal_pipe(self._caught_signals()) as signals, terminal.raw(_STDIN) if is_raw else nullcontext():
            while not self._is_detached:
                self._deliver()
                if self._stream.has_ended:
                    break
                self._wait(signals)
        if self._is_detached:
            self._stream.cancel()
        return Ended(self._exit, self._is_detached)

    # ---------------------------------------------------------------------------------------------- from the gateway

    def _deliver(self) -> None:
        """Write what has come. Writing blocks: a slow reader of ours slows the process down, as it should."""
        while (response := self._stream.receive_now()) is not None:
            output = self._output_of(response)
            kind = output.WhichOneof("output") if output is not None else None
            if output is None:
                continue
            if kind == "stdout":
                write_all(_STDOUT, self._news("stdout", output.stdout))
            elif kind == "stderr":
                write_all(_STDERR, self._news("stderr", output.stderr))
            elif kind == "exit":
                self._exit = output.exit

    def _news(self, name: str, content: bytes) -> bytes:
        """The part of an output that was not shown before."""
        known = min(self._skips.get(name, 0), len(content))
        self._skips[name] = self._skips.get(name, 0) - known
        self.shown[name] += len(content)
        return content[known:]

    # --------------------------------------------------------------------------------------------- from this side

    def _wait(self, signals: int) -> None:
        """Sleep until something can be moved, and move it.

        A gateway that is shutting down is left at once by a session that can go on elsewhere: it waits for its calls.
        """
        if self._channel.is_closing and self.terms.can_resume:
            self._stream.cancel()
            raise Unavailable("the gateway is shutting down", reason="SHUTTING_DOWN")
        poll = select.poll()
        poll.register(signals, select.POLLIN)
        poll.register(self._channel, select.POLLIN | (select.POLLOUT if self._channel.write() else 0))
        if self._is_stdin_open and self._stream.unsent_bytes < _MOST_UNSENT_BYTES:
            poll.register(_STDIN, select.POLLIN)
        for descriptor, events in poll.poll():
            if descriptor == signals:
                self._pass_on_signals(os.read(signals, 64))
            elif descriptor == self._channel.fileno():
                if events & ~select.POLLOUT:
                    self._channel.read()
            else:
                self._pass_on_stdin()
        self._channel.write()

    def _pass_on_stdin(self) -> None:
        try:
            typed = os.read(_STDIN, _READ_BYTES)
        except OSError:
            typed = b""
        if not typed:
            self._is_stdin_open = False
            self._send(StreamInput(close_stdin=True))
            return
        passed, self._is_detached = self._scanner.feed(typed)
        if passed:
            self._send(StreamInput(stdin=passed))

    def _pass_on_signals(self, numbers: bytes) -> None:
        for number in numbers:
            if number != signal.SIGWINCH:
                if not self.terms.proxies_signals:
                    raise SystemExit(128 + number)
                self._send(StreamInput(signal=signal.Signals(number).name))
            elif (size := terminal.size_of()) is not None:
                self._send(StreamInput(resize=size))

    def _caught_signals(self) -> set[signal.Signals]:
        caught = {signal.SIGWINCH} if self.terms.is_tty else set()
        if self.terms.proxies_signals:
            return caught | {one for one in signal.Signals if one not in _NOT_PROXIED and one < signal.SIGRTMIN}
        return caught | {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}

    def _send(self, message: StreamInput) -> None:
        self._stream.send(self._wrap(message))


def write_all(descriptor: int, content: bytes) -> None:
    """Write everything, waiting as long as it takes, also on a descriptor that somebody made non-blocking."""
    view = memoryview(content)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            poll.poll()


@contextmanager
def _signal_pipe(caught: set[signal.Signals]) -> Iterator[int]:
    """Let signals write their numbers to a pipe instead of ending us; yields its end to read."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    os.set_blocking(reading, False)
    before_fd = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    before = {one: signal.signal(one, _ignore) for one in caught}
    try:
        yield reading
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        signal.set_wakeup_fd(before_fd)
        os.close(reading)
        os.close(writing)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the wake-up pipe has the number."""
