"""Flows that the kernel keeps track of, as ctnetlink tells of them. Source: linux/netfilter/nfnetlink_conntrack.h."""

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_ATTRIBUTE = struct.Struct("=HH")
_TYPE_MASK = 0x3FFF
_TUPLE_ORIGINAL, _ZONE = 1, 18  # CTA_TUPLE_ORIG, CTA_ZONE
_TUPLE_PROTOCOL = 2  # CTA_TUPLE_PROTO
_PROTOCOL_NUMBER, _DESTINATION_PORT = 1, 3  # CTA_PROTO_NUM, CTA_PROTO_DST_PORT
_UDP = 17


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow: its protocol's number, the port that it was sent to, and the attributes that name it to the kernel."""

    protocol: int
    port: int
    identity: bytes


def read_flow(attributes: bytes) -> Flow | None:
    """Read one flow from a message's attributes; None for one without ports."""
    found = dict(_attributes(attributes))
    if _TUPLE_ORIGINAL not in found:
        return None
    original = dict(_attributes(_payload(found[_TUPLE_ORIGINAL])))
    transport = dict(_attributes(_payload(original.get(_TUPLE_PROTOCOL, b""))))
    if not {_PROTOCOL_NUMBER, _DESTINATION_PORT} <= transport.keys():
        return None
    protocol = _payload(transport[_PROTOCOL_NUMBER])[0]
    port = int.from_bytes(_payload(transport[_DESTINATION_PORT])[:2], "big")
    return Flow(protocol, port, _padded(found[_TUPLE_ORIGINAL]) + _padded(found.get(_ZONE, b"")))


def is_datagram_flow_to(flow: Flow, ports: Collection[int]) -> bool:
    """Tell whether a flow is one of UDP to one of the host's ``ports``.

    Such a flow goes on for as long as anything is sent, wherever it was led first, whatever leads where by now.
    """
    return flow.protocol == _UDP and flow.port in ports


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and bytes of each attribute, its header included."""
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if not _ATTRIBUTE.size <= length <= len(data) - offset:
            return
        yield kind & _TYPE_MASK, data[offset : offset + length]
        offset += (length + 3) & ~3


def _payload(attribute: bytes) -> bytes:
    return attribute[_ATTRIBUTE.size :]


def _padded(attribute: bytes) -> bytes:
    return attribute + bytes(-len(attribute) % 4)
