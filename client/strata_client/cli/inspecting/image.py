"""An image as docker's ``inspect`` shows it."""

import json
from typing import Any

from strata.store.v1.store_pb2 import GetImageResponse

from strata_client.cli.names import familiar
from strata_client.cli.quantities import rfc3339


def image_document(response: GetImageResponse) -> dict[str, Any]:
    """Everything about an image; its config is shown as it is in the image."""
    image = response.image
    config = _read_config(response.config)
    return {
        "Id": image.id,
        "RepoTags": [familiar(name) for name in image.names],
        "RepoDigests": [familiar(name) for name in image.repo_digests],
        "Created": rfc3339(image.create_time),
        "Author": config.get("author", ""),
        "Architecture": image.platform.architecture,
        "Variant": image.platform.variant,
        "Os": image.platform.os,
        "Size": image.logical_bytes,
        "Digest": image.digest,
        "GraphDriver": {"Name": "strata", "Data": {"ChainIDs": list(image.chain_ids)}},
        "RootFS": {"Type": "layers", "Layers": list(image.diff_ids)},
        "Metadata": {"LastTagTime": rfc3339(image.store_time)},
        "Config": config.get("config", {}),
        "History": config.get("history", []),
    }


def _read_config(raw: bytes) -> dict[str, Any]:
    """The config, which the store has checked; an image that is not ours to judge may still have an odd one."""
    try:
        config = json.loads(raw)
    except ValueError:
        return {}
    return config if isinstance(config, dict) else {}
