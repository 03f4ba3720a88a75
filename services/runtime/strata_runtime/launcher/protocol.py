"""Frames of launcher.sock, a SOCK_SEQPACKET socket: the first byte tells what a packet is.

``{`` starts a JSON object: a request (``op``), its answer (``id``, ``ok``) or an event (``event``). The other bytes
name the stream that the rest of the packet belongs to. docs/runtime.md lists requests and events.
"""

import json
from typing import Any, cast

STDIN, STDOUT, STDERR = 0, 1, 2
STREAM_NAMES = {STDOUT: b"stdout", STDERR: b"stderr"}
MAX_PACKET_BYTES = 65536 + 1
_JSON = ord("{")


def data_packet(stream: int, chunk: bytes) -> bytes:
    """A packet of output or input."""
    return bytes((stream,)) + chunk


def message_packet(message: dict[str, Any]) -> bytes:
    """A packet of a request, an answer or an event."""
    return json.dumps(message, separators=(",", ":")).encode()


def is_message(packet: bytes) -> bool:
    """Whether a packet is a JSON object, not data."""
    return packet[0] == _JSON


def parse_message(packet: bytes) -> dict[str, Any]:
    """The JSON object of a packet. Raises ValueError."""
    return cast("dict[str, Any]", json.loads(packet))
