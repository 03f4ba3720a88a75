"""What goes wrong gives one clear sentence and the right status, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.docker_registry import LocalRegistry, docker_registry
from tests.fixtures.images import tiny as images
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.images.debian import image_config
from tests.fixtures.images.layout import MANIFEST_TYPE, Layer, Layout
from tests.fixtures.suite import Result, Suite


@pytest.fixture(scope="module")
def hostile(short_folder: Path) -> Iterator[LocalRegistry]:
    """A registry whose storage a test may spoil."""
    with docker_registry(short_folder / "hostile") as running:
        yield running


@pytest.fixture
def nothing_kept(suite: Suite) -> Iterator[None]:
    """The store must hold afterwards what it held before: images, layers, bytes, half-made files."""
    before = _kept(suite)
    yield
    assert _kept(suite) == before


@pytest.mark.usefixtures("nothing_kept")
def test_an_unknown_image(suite: Suite, registry: LocalRegistry) -> None:
    reference = registry.reference("nobody/knows:this")
    assert_refused(suite.attempt("pull", reference), 1, "nobody/knows", "not found")


@pytest.mark.usefixtures("nothing_kept")
def test_run_of_an_unknown_image_is_the_engines_failure(suite: Suite, registry: LocalRegistry) -> None:
    assert_refused(suite.attempt("run", "--rm", registry.reference("nobody/knows:this")), 125, "nobody/knows")


@pytest.mark.usefixtures("nothing_kept")
def test_a_reference_that_is_none(suite: Suite) -> None:
    for reference in ("UPPER/case", "a//b", "name:tag:tag", "name@sha256:short", "../../etc/passwd", ""):
        assert_refused(suite.attempt("pull", reference), 1)


@pytest.mark.usefixtures("nothing_kept")
def test_a_wrong_digest(suite: Suite, registry: LocalRegistry) -> None:
    reference = registry.reference("tiny@sha256:" + "0" * 64)
    assert_refused(suite.attempt("pull", reference), 1, "not found")


@pytest.mark.usefixtures("nothing_kept")
def test_a_truncated_blob(suite: Suite, hostile: LocalRegistry) -> None:
    layout = build_tiny()
    digest = _push_with_unique_layer(hostile, layout, "cut:off")
    blob = _stored_blob(hostile, digest)
    blob.write_bytes(blob.read_bytes()[:-100])
    assert_refused(suite.attempt("pull", hostile.reference("cut:off")), 1, digest)


@pytest.mark.usefixtures("nothing_kept")
def test_a_blob_with_a_flipped_bit(suite: Suite, hostile: LocalRegistry) -> None:
    layout = build_tiny()
    digest = _push_with_unique_layer(hostile, layout, "bit:flipped")
    blob = _stored_blob(hostile, digest)
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.write_bytes(data)
    assert_refused(suite.attempt("pull", hostile.reference("bit:flipped")), 1, digest)


@pytest.mark.usefixtures("nothing_kept")
def test_a_layer_that_is_not_what_the_config_says(suite: Suite, hostile: LocalRegistry) -> None:
    layout = build_tiny()
    honest = images.add_layer(layout, images.TarWriter().file("honest", b"x").close())
    lying = Layer(honest.blob, "sha256:" + "1" * 64)
    hostile.pusher().push(layout, "diff:id", layout.add_image(image_config(("sh",), comment="lie"), [lying]))
    assert_refused(suite.attempt("pull", hostile.reference("diff:id")), 1, "1" * 12)


@pytest.mark.usefixtures("nothing_kept")
def test_a_manifest_of_the_wrong_type(suite: Suite, hostile: LocalRegistry) -> None:
    layout = build_tiny()
    chart = layout.add_json({"chart": "no image"}, "application/vnd.cncf.helm.config.v1+json")
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": chart.descriptor(), "layers": []}
    hostile.pusher().push(layout, "helm:chart", layout.add_json(manifest, MANIFEST_TYPE))
    assert_refused(suite.attempt("pull", hostile.reference("helm:chart")), 1, "application/vnd.cncf.helm")


@pytest.mark.usefixtures("nothing_kept")
def test_an_image_for_no_platform_of_ours(suite: Suite, hostile: LocalRegistry) -> None:
    layout = build_tiny()
    one = layout.names()["tiny:one"]
    index = layout.add_index([(one, {"architecture": "s390x", "os": "linux"})])
    hostile.pusher().push(layout, "other:platform", index)
    assert_refused(suite.attempt("pull", hostile.reference("other:platform")), 1, "linux/amd64", "linux/s390x")


@pytest.mark.usefixtures("nothing_kept")
def test_a_registry_that_is_not_there(suite: Suite) -> None:
    assert_refused(suite.attempt("pull", "127.0.0.1:1/tiny:one"), 1, "127.0.0.1:1")


def test_a_command_that_the_image_does_not_have(suite: Suite, tiny: str) -> None:
    assert_refused(suite.attempt("run", "--rm", tiny, "no-such-program"), 127, "no-such-program")
    assert_refused(suite.attempt("run", "--rm", tiny, "/etc/passwd"), 126, "/etc/passwd")
    assert suite.strata("ps", "-aq").lines == []


def test_exec_of_a_command_that_the_image_does_not_have(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "runs", tiny, "sleep", "1000")
    assert_refused(suite.attempt("exec", "runs", "no-such-program"), 127, "no-such-program")


@pytest.mark.parametrize("command", ["start", "stop", "kill", "rm", "logs", "inspect", "exec", "diff", "attach"])
def test_no_such_container(suite: Suite, command: str) -> None:
    arguments = [command, "nobody", *(["true"] if command == "exec" else [])]
    assert_refused(suite.attempt(*arguments), 1, "nobody")


def test_a_name_that_is_taken(suite: Suite, tiny: str) -> None:
    suite.strata("run", "-d", "--name", "taken", tiny, "sleep", "1000")
    assert_refused(suite.attempt("run", "-d", "--name", "taken", tiny, "true"), 125, "taken")


def test_an_image_in_use_is_not_removed(suite: Suite, hostile: LocalRegistry) -> None:
    layout = build_tiny()
    layers = [images.add_layer(layout, images.busybox_tar("In Use"))]
    hostile.pusher().push(layout, "in:use", layout.add_image(image_config(("sh",), comment="in:use"), layers))
    suite.strata("run", "-d", "--name", "uses", hostile.reference("in:use"), "sleep", "1000")
    assert_refused(suite.attempt("rmi", hostile.reference("in:use")), 1, suite.inspect("uses")["Id"][:12])
    assert "In Use" in suite.strata("exec", "uses", "cat", "/etc/os-release").stdout


def assert_refused(result: Result, status: int, *words: str) -> None:
    """One sentence on stderr that holds ``words``, nothing on stdout, the right status."""
    assert result.status == status, result
    sentences = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(sentences) == 1, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word.lower() in sentences[0].lower(), f"{word!r} is not said: {sentences[0]}"


def _kept(suite: Suite) -> tuple[list[str], list[str]]:
    """The names of images, and the files of the store but its database and logs."""
    content = suite.root / "state" / "store"
    files = sorted(
        str(path.relative_to(content))
        for path in content.rglob("*")
        if path.is_file() and ".db" not in path.name and ".sqlite" not in path.name
    )
    return suite.strata("images", "-q", "--no-trunc").lines, files


def _push_with_unique_layer(registry: LocalRegistry, layout: Layout, name: str) -> str:
    """Push an image with a layer no other image has: the layer's digest."""
    layer = images.add_layer(layout, images.TarWriter().file(name.replace(":", "-"), b"x" * 5000).close())
    registry.pusher().push(layout, name, layout.add_image(image_config(("sh",), comment=name), [layer]))
    return layer.blob.digest


def _stored_blob(registry: LocalRegistry, digest: str) -> Path:
    """Where docker-registry keeps a blob."""
    hexadecimal = digest.removeprefix("sha256:")
    blobs = registry.storage / "docker" / "registry" / "v2" / "blobs" / "sha256"
    return blobs / hexadecimal[:2] / hexadecimal / "data"
