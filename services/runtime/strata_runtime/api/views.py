"""Containers as clients see them."""

from weakref import WeakKeyDictionary

from strata.runtime.v1 import container_pb2
from strata_runtime.api.translate import to_message
from strata_runtime.core.container.record import Container
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts

_translated: WeakKeyDictionary[Entry, tuple[Container, container_pb2.Container]] = WeakKeyDictionary()


def container_message(parts: Parts, entry: Entry) -> container_pb2.Container:
    """Everything about a container; the message is the caller's own."""
    container = entry.container
    message = container_pb2.Container()
    message.CopyFrom(record_message(entry))
    message.log_path = str(parts.paths.log(container.id))
    message.upper_path = str(parts.paths.upper(container.id))
    message.exec_ids.extend(sorted(entry.exec_ids))
    attachment = parts.network.attachment(container.id) if container.state.is_live else None
    if attachment is not None:
        message.netns_path = attachment.netns_path
    return message


def record_message(entry: Entry) -> container_pb2.Container:
    """A container's record, to be read only. Records never change, so each is translated once."""
    known = _translated.get(entry)
    if known is None or known[0] is not entry.container:
        known = (entry.container, to_message(container_pb2.Container, entry.container))
        _translated[entry] = known
    return known[1]
