"""One client on one task's streams, and what happens when it is slow."""

from typing import NamedTuple, Protocol

from strata_runtime.launcher import protocol
from strata_runtime.launcher.client import QUEUE_LIMIT_BYTES, Client


class Wishes(NamedTuple):
    """What a client asked for when it attached.

    ``holds``: the task waits for this client when it is slow (its only user at a terminal, an exec session). Other
    slow clients are told where to read on in the log. ``follows``: only tell that the log grew.
    """

    streams: frozenset[int]
    stdin: bool = False
    holds: bool = False
    follows: bool = False

    @classmethod
    def parse(cls, message: dict[str, object]) -> "Wishes":
        """Wishes of an ``attach`` request."""
        numbers = {"stdout": protocol.STDOUT, "stderr": protocol.STDERR}
        names = message.get("streams", ["stdout", "stderr"])
        streams = frozenset(numbers[name] for name in names) if isinstance(names, list) else frozenset[int]()
        return cls(streams, bool(message.get("stdin")), bool(message.get("holds")), bool(message.get("follows")))


class Source(Protocol):
    """The task, as its attachments see it."""

    name: str

    def log_position(self) -> dict[str, int]:
        """Where the next record goes."""

    def resume_output(self) -> None:
        """A slow client has caught up."""

    def detach(self, attachment: "Attachment") -> None:
        """Forget a client."""


class Attachment:
    """Delivers a task's output to one client."""

    __slots__ = ("_grown", "_source", "client", "task_name", "wishes")

    def __init__(self, source: Source, client: Client, wishes: Wishes) -> None:
        self._source = source
        self.task_name = source.name
        self.client = client
        self.wishes = wishes
        self._grown = False
        client.attachment = self
        client.when_closed(lambda _: source.detach(self))

    def offer(self, stream: int, packet: bytes, position: dict[str, int]) -> None:
        """Deliver output that begins at ``position`` of the log."""
        if self.wishes.follows:
            self._tell_growth()
        elif stream not in self.wishes.streams:
            return
        elif self.client.queued > QUEUE_LIMIT_BYTES and not self.wishes.holds:
            self._source.detach(self)
            self.client.send_message({"event": "lagged", **position})
        else:
            self.client.send(packet)

    def is_full(self) -> bool:
        """Whether the task has to wait for this client."""
        return self.wishes.holds and self.client.queued > QUEUE_LIMIT_BYTES

    def drained(self) -> None:
        """The client took something from its queue."""
        if self._grown and not self.client.queued:
            self._tell_growth()
        if self.client.queued <= QUEUE_LIMIT_BYTES // 2:
            self._source.resume_output()

    def _tell_growth(self) -> None:
        self._grown = bool(self.client.queued)
        if not self._grown:
            self.client.send_message({"event": "log", **self._source.log_position()})
