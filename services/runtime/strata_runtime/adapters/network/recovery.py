"""Taking over what an earlier process of ours left in the kernel, and clearing away what is nobody's."""

import logging
from contextlib import ExitStack
from pathlib import Path

from strata_chassis.errors import StrataError
from strata_runtime.adapters.network import host, requests
from strata_runtime.adapters.network.names import answer_names
from strata_runtime.adapters.network.namespaces import is_namespace, remove_namespace
from strata_runtime.adapters.network.parts import Parts
from strata_runtime.core.network.spec import Attachment, NetworkMode

_log = logging.getLogger(__name__)


def recover_attachments(parts: Parts) -> None:
    """Take over attachments whose namespace is still there; forget the others and remove what belongs to none."""
    for attachment in list(parts.files.recorded()):
        if _is_whole(attachment) and _readmit(parts, attachment):
            parts.attachments[attachment.container_id] = attachment
        else:
            parts.files.forget(attachment.container_id)
    _remove_strays(parts)


def hold_ports_again(parts: Parts) -> None:
    """Bind the published ports of attachments that were taken over.

    One that somebody else has by now still leads to its container, since nftables sees packets first.
    """
    for attachment in parts.attachments.values():
        for port in attachment.ports:
            try:
                parts.ports.hold(attachment.container_id, (port,), attachment.endpoints[0])
            except StrataError as error:
                _log.warning("published port of %s: %s", attachment.container_id, error.message)


def answer_all_again(parts: Parts) -> None:
    """Answer the questions for names of those that were taken over."""
    for attachment in parts.attachments.values():
        try:
            answer_names(parts, attachment)
        except OSError as error:
            _log.warning("no names for %s: %s", attachment.container_id, error)


def _is_whole(attachment: Attachment) -> bool:
    return attachment.mode is NetworkMode.HOST or is_namespace(Path(attachment.netns_path))


def _readmit(parts: Parts, attachment: Attachment) -> bool:
    """Take the addresses and put the cables back on their bridges (which may have been made anew); say if it worked."""
    with ExitStack() as undo:
        for endpoint in attachment.endpoints:
            network = parts.networks.get(endpoint.network)
            if network is None:
                return False
            try:
                network.membership.readmit(endpoint)
                undo.callback(network.membership.dismiss, endpoint)
                parts.netlink.burst([requests.set_master(endpoint.host_interface, network.bridge.index)])
            except (OSError, StrataError) as error:
                _log.warning("network of %s is lost: %s", attachment.container_id, error)
                return False
        undo.pop_all()
    return True


def _remove_strays(parts: Parts) -> None:
    """Remove namespaces without an attachment (the pool of an earlier process) and cut their cables."""
    kept = {attachment.netns_path for attachment in parts.attachments.values()}
    for path in parts.netns_directory.iterdir():
        if str(path) not in kept:
            remove_namespace(path)
    cables = {endpoint.host_interface for attachment in parts.attachments.values() for endpoint in attachment.endpoints}
    for network in parts.networks.values():
        parts.stations.leave(host.ports_of(network.bridge.index) - cables)
