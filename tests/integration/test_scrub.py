"""A damaged layer is fetched again through the registry service, under the feet of a running container."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.store.v1 import store_pb2, store_pb2_grpc
from tests.fixtures.docker_registry import LocalRegistry
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.images.debian import image_config
from tests.fixtures.images.tiny import TarWriter, add_layer, busybox_tar
from tests.fixtures.suite import Suite

TEXT = b"as it was pushed\n" * 1000


@pytest.fixture
def image(registry: LocalRegistry, suite: Suite) -> str:
    """An image whose second layer no other image has."""
    layout = build_tiny()
    layers = [add_layer(layout, busybox_tar("Scrub")), add_layer(layout, TarWriter().file("text", TEXT).close())]
    registry.pusher().push(layout, "scrub:one", layout.add_image(image_config(("sh",), comment="scrub"), layers))
    suite.strata("pull", registry.reference("scrub:one"))
    return registry.reference("scrub:one")


def test_a_damaged_layer_is_fetched_again_while_a_container_stands_on_it(suite: Suite, image: str) -> None:
    diff_id = suite.inspect(image)["RootFS"]["Layers"][-1]
    suite.strata("run", "-d", "--name", "standing", image, "sleep", "1000")
    _flip_bits(_tar(suite, diff_id))
    findings = _scrub(suite, diff_id)
    assert [(finding.digest, finding.outcome) for finding in findings] == [
        (diff_id, store_pb2.ScrubResponse.OUTCOME_REPAIRED)
    ]
    assert suite.strata("exec", "standing", "echo", "still here").lines == ["still here"]
    assert suite.run(image, "cat", "/text").encode() == TEXT
    assert _scrub(suite, diff_id) == []


def _scrub(suite: Suite, diff_id: str) -> list[store_pb2.ScrubResponse.Finding]:
    request = store_pb2.ScrubRequest(repair=True, diff_ids=[diff_id], rate_bytes_per_second=1 << 40)
    with suite.connect() as channel:
        messages = list(store_pb2_grpc.StoreServiceStub(channel).Scrub(request, timeout=60))
    return [message.finding for message in messages if message.HasField("finding")]


def _tar(suite: Suite, diff_id: str) -> Path:
    (directory,) = (suite.root / "state" / "store" / "layers").glob(f"*{diff_id.removeprefix('sha256:')}*")
    return directory / "layer.tar"


def _flip_bits(tar: Path) -> None:
    """Change a byte of the text, beyond the header of 512 bytes that stands before it."""
    with tar.open("r+b") as file:
        file.seek(2000)
        byte = file.read(1)[0]
        file.seek(2000)
        file.write(bytes([byte ^ 0x55]))
