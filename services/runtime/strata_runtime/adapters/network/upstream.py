"""Asking other name servers what we do not know."""

import asyncio
import socket
import struct
from collections.abc import Iterable
from ipaddress import ip_address

from strata_runtime.core.network.dns_message import is_answer_to

_PORT = 53
_PATIENCE_S = 3.0
_MOST_ANSWER_BYTES = 65535
_LENGTH = struct.Struct("!H")


async def ask_upstream(query: bytes, nameservers: Iterable[str], *, by_stream: bool) -> bytes | None:
    """Return the answer of the first name server that gives one; None if none does."""
    ask = _ask_by_stream if by_stream else _ask_by_datagram
    for nameserver in nameservers:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await ask(query, nameserver)
        except (OSError, TimeoutError):
            continue
    return None


async def _ask_by_datagram(query: bytes, nameserver: str) -> bytes:
    """A socket, and so a port of chance, for each question: forged answers have to guess it. Source: RFC 5452, 9.2."""
    loop = asyncio.get_running_loop()
    with _socket(nameserver, socket.SOCK_DGRAM) as upstream:
        await loop.sock_connect(upstream, (nameserver, _PORT))
        await loop.sock_sendall(upstream, query)
        while True:
            answer = await loop.sock_recv(upstream, _MOST_ANSWER_BYTES)
            if is_answer_to(query, answer):
                return answer


async def _ask_by_stream(query: bytes, nameserver: str) -> bytes:
    reader, writer = await asyncio.open_connection(nameserver, _PORT)
    try:
        writer.write(_LENGTH.pack(len(query)) + query)
        (size,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        answer = await reader.readexactly(size)
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError(nameserver) from error
    finally:
        writer.close()
    if not is_answer_to(query, answer):
        raise ConnectionAbortedError(nameserver)
    return answer


def _socket(nameserver: str, kind: socket.SocketKind) -> socket.socket:
    version = ip_address(nameserver.partition("%")[0]).version
    return socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, kind | socket.SOCK_NONBLOCK)  # noqa: PLR2004
