"""One request and its answer: plain, streamed, or the connection itself handed over ("hijacked")."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from strata_gateway.web.request import Request


class Raw(Protocol):
    """A hijacked connection: bytes both ways, each direction closed on its own."""

    async def read(self) -> bytes:
        """Next bytes of the client; empty when it has closed its side."""
        ...

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the client is slow."""
        ...

    async def hung_up(self) -> None:
        """Wait until the client is gone altogether, which closing its side alone does not mean."""
        ...


class Transport(Protocol):
    """What an exchange needs of its connection."""

    async def send_head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send status and headers of the answer."""
        ...

    async def send_body(self, data: bytes) -> None:
        """Send a part of the answer's body."""
        ...

    async def send_end(self) -> None:
        """End the answer."""
        ...

    async def hijack(self, content_type: str, *, upgrade: bool) -> Raw:
        """Answer, and take the connection out of HTTP."""
        ...


class Exchange:
    """What a handler is given: the request, the named ``parts`` of its path once routed, and the ways to answer."""

    def __init__(self, request: Request, transport: Transport) -> None:
        self.request = request
        self.parts: Mapping[str, str] = {}
        self.has_begun = False
        self.was_hijacked = False
        self._transport = transport

    async def reply(self, document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Answer with one JSON document."""
        content = json.dumps(document, separators=(",", ":")).encode() + b"\n"
        await self.reply_bytes(content, "application/json", status, headers)

    async def reply_bytes(
        self, content: bytes, content_type: str, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer with bytes of any type."""
        self.has_begun = True
        head = {"Content-Type": content_type, "Content-Length": str(len(content)), **(headers or {})}
        await self._transport.send_head(status, head)
        if self.request.method != "HEAD":
            await self._transport.send_body(content)
        await self._transport.send_end()

    async def reply_empty(self, status: int = 204, headers: Mapping[str, str] | None = None) -> None:
        """Answer without a body."""
        self.has_begun = True
        head = dict(headers or {}) if status in {204, 304} else {"Content-Length": "0", **(headers or {})}
        await self._transport.send_head(status, head)
        await self._transport.send_end()

    async def begin(
        self, content_type: str = "application/json", status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Begin a streamed answer; ``send`` its parts, then ``end`` it."""
        self.has_begun = True
        await self._transport.send_head(
            status, {"Content-Type": content_type, "Transfer-Encoding": "chunked", **(headers or {})}
        )

    async def send(self, data: bytes) -> None:
        """Send a part of a streamed answer at once."""
        if data:
            await self._transport.send_body(data)

    async def send_json(self, document: Any) -> None:
        """Send one line of a streamed answer that consists of JSON documents."""
        await self.send(json.dumps(document, separators=(",", ":")).encode() + b"\r\n")

    async def end(self) -> None:
        """End a streamed answer."""
        await self._transport.send_end()

    async def hijack(self, content_type: str) -> Raw:
        """Take the connection over for raw bytes; nothing else can be answered on it."""
        self.has_begun = self.was_hijacked = True
        return await self._transport.hijack(content_type, upgrade=self.request.wants_upgrade())
