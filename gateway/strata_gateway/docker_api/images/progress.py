"""Progress of pulls and pushes as the documents that docker's clients draw bars from.

Source: moby, pkg/jsonmessage: ``status`` in words, ``id`` of a layer, ``progressDetail`` with numbers.
"""

from collections.abc import Iterator
from typing import Any

from strata.gateway.v1 import gateway_pb2 as pb
from strata.store.v1 import store_pb2
from strata_gateway.docker_api.images.names import familiar, parsed

_ID_DIGITS = 12


class PullProgress:
    """Turns the steps of one pull into documents; remembers which layers were announced."""

    def __init__(self) -> None:
        self._name = ""
        self._states: dict[str, int] = {}

    def documents(self, step: pb.PullResponse) -> Iterator[dict[str, Any]]:
        """What is to be told of one step."""
        match step.WhichOneof("event"):
            case "resolved":
                yield self._resolved(step.resolved)
            case "layer":
                yield from self._layer(step.layer)
            case "pulled":
                yield from self._pulled(step.pulled)

    def _resolved(self, resolved: pb.PullResponse.Resolved) -> dict[str, Any]:
        reference = parsed(resolved.canonical_reference)
        self._name, self._digest = familiar(resolved.canonical_reference), resolved.digest
        return {"status": f"Pulling from {reference.path}", "id": reference.tag or str(reference.digest)}

    def _layer(self, layer: store_pb2.LayerProgress) -> Iterator[dict[str, Any]]:
        is_new = layer.digest not in self._states
        is_other = self._states.get(layer.digest) != layer.state
        self._states[layer.digest] = layer.state
        if layer.state == store_pb2.LAYER_STATE_EXISTS:
            yield _of_layer(layer, "Already exists")
            return
        if is_new:
            yield _of_layer(layer, "Pulling fs layer")
        if layer.state == store_pb2.LAYER_STATE_DOWNLOADING:
            yield _of_layer(layer, "Downloading", numbers=True)
        elif layer.state == store_pb2.LAYER_STATE_COMMITTING and is_other:
            yield _of_layer(layer, "Download complete")
        elif layer.state == store_pb2.LAYER_STATE_COMPLETE and is_other:
            yield _of_layer(layer, "Pull complete")

    def _pulled(self, pulled: pb.PullResponse.Pulled) -> Iterator[dict[str, Any]]:
        yield {"status": f"Digest: {self._digest}"}
        what = "Image is up to date for" if pulled.up_to_date else "Downloaded newer image for"
        yield {"status": f"Status: {what} {self._name}"}


def push_documents(step: pb.PushResponse, tag: str) -> Iterator[dict[str, Any]]:
    """What is to be told of one step of a push."""
    if step.WhichOneof("event") == "pushed":
        pushed = step.pushed
        yield {"status": f"{tag}: digest: {pushed.digest} size: {pushed.size_bytes}"}
        yield {"progressDetail": {}, "aux": {"Tag": tag, "Digest": pushed.digest, "Size": pushed.size_bytes}}
        return
    words = {
        store_pb2.LAYER_STATE_WAITING: "Preparing",
        store_pb2.LAYER_STATE_DOWNLOADING: "Pushing",
        store_pb2.LAYER_STATE_COMMITTING: "Pushing",
        store_pb2.LAYER_STATE_COMPLETE: "Pushed",
        store_pb2.LAYER_STATE_EXISTS: "Layer already exists",
    }
    status = words.get(step.layer.state, "Pushing")
    yield _of_layer(step.layer, status, numbers=status == "Pushing")


def _of_layer(layer: store_pb2.LayerProgress, status: str, *, numbers: bool = False) -> dict[str, Any]:
    detail = {"current": layer.current_bytes, "total": layer.total_bytes} if numbers else {}
    return {"status": status, "progressDetail": detail, "id": layer.digest.partition(":")[2][:_ID_DIGITS]}
