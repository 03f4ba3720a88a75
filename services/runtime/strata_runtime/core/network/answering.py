"""What to say to a container that asks for a name."""

import random
from dataclasses import dataclass

from strata_runtime.core.network.directory import Directory, reverse_address
from strata_runtime.core.network.dns_message import (
    Query,
    RecordType,
    ResponseCode,
    address_answer,
    failure,
    pointer_answer,
)

_TTL_S = 10


@dataclass(frozen=True, slots=True)
class Asker:
    """A container that asks. ``may_ask_outside`` is False where its networks have no way out (cf. CVE-2024-29018)."""

    container_id: str
    nameservers: tuple[str, ...]
    may_ask_outside: bool


def answer(directory: Directory, asker: Asker, query: Query) -> bytes | None:
    """Return our own answer, None if others are to be asked.

    Who has several addresses gets them in an order of chance, so that a name shared by several spreads over them.
    """
    if query.record_type == RecordType.PTR:
        return _pointer(directory, asker, query)
    addresses = directory.addresses(asker.container_id, query.name)
    if addresses is not None:
        if query.record_type not in {RecordType.A, RecordType.AAAA}:
            return failure(query, ResponseCode.NO_ERROR)
        return address_answer(query, random.sample(addresses, len(addresses)), _TTL_S)
    return None if asker.may_ask_outside else failure(query, ResponseCode.NAME_ERROR)


def _pointer(directory: Directory, asker: Asker, query: Query) -> bytes | None:
    address = reverse_address(query.name)
    name = directory.name(asker.container_id, address) if address else None
    if name:
        return pointer_answer(query, name, _TTL_S)
    return None if asker.may_ask_outside else failure(query, ResponseCode.NAME_ERROR)
