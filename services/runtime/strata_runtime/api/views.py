"""Containers as clients see them."""

from strata.runtime.v1 import container_pb2
from strata_runtime.api.translate import to_message
from strata_runtime.engine.entry import Entry
from strata_runtime.engine.parts import Parts


def container_message(parts: Parts, entry: Entry) -> container_pb2.Container:
    """Everything about a container."""
    container = entry.container
    message = to_message(container_pb2.Container, container)
    message.log_path = str(parts.paths.log(container.id))
    message.upper_path = str(parts.paths.upper(container.id))
    message.exec_ids.extend(sorted(entry.exec_ids))
    attachment = parts.network.attachment(container.id) if container.state.is_live else None
    if attachment is not None:
        message.netns_path = attachment.netns_path
    return message
