"""A request as a value: path, parameters, headers, and a body that is read when asked for."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from strata_chassis.errors import InvalidArgument

MAX_JSON_BYTES = 8 << 20
_FALSE = {"", "0", "no", "false", "none", "False", "FALSE", "f", "F"}


@dataclass(frozen=True)
class Request:
    """One request; header names are lower case, ``path`` has no query."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: AsyncIterator[bytes]

    def text(self, name: str, default: str = "") -> str:
        """A parameter as it was sent; the first one if there are several."""
        return self.query.get(name, [default])[0]

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean parameter, read as docker does: everything but an explicit no is a yes."""
        return self.query[name][0] not in _FALSE if name in self.query else default

    def number(self, name: str, default: int) -> int:
        """An integer parameter; InvalidArgument when it is none."""
        text = self.text(name)
        try:
            return int(text) if text else default
        except ValueError as error:
            message = f"invalid value for {name}: {text!r} is no number"
            raise InvalidArgument(message, reason="PARAMETER_INVALID", metadata={"parameter": name}) from error

    def wants_upgrade(self) -> bool:
        """Whether the client asks for a hijacked connection by ``Upgrade: tcp``."""
        return "upgrade" in self.headers.get("connection", "").lower() and "upgrade" in self.headers

    async def json(self) -> dict[str, Any]:
        """The body as one JSON object, empty when there is no body."""
        content = await self.content()
        try:
            document = json.loads(content) if content.strip() else {}
        except ValueError as error:
            message = f"invalid JSON: {error}"
            raise InvalidArgument(message, reason="BODY_INVALID") from error
        if document is None:
            return {}
        if not isinstance(document, dict):
            message = "invalid JSON: the body must be an object"
            raise InvalidArgument(message, reason="BODY_INVALID")
        return document

    async def content(self) -> bytes:
        """The whole body, at most MAX_JSON_BYTES."""
        content = bytearray()
        async for chunk in self.body:
            content += chunk
            if len(content) > MAX_JSON_BYTES:
                message = f"the request body is larger than {MAX_JSON_BYTES} bytes"
                raise InvalidArgument(message, reason="BODY_TOO_LARGE")
        return bytes(content)


def make_request(method: str, target: str, headers: Mapping[str, str], body: AsyncIterator[bytes]) -> Request:
    """Take a request line apart."""
    parts = urlsplit(target)
    return Request(method, unquote(parts.path), parse_qs(parts.query, keep_blank_values=True), headers, body)
