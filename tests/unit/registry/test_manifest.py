import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_chassis.errors import FailedPrecondition, ResourceExhausted, StrataError
from strata_oci import media_types
from strata_registry.core.manifest import LARGEST_BYTES, examine

DIGEST = "sha256:" + "1" * 64
CONFIG = {"mediaType": media_types.OCI_CONFIG, "digest": "sha256:" + "2" * 64, "size": 2}
LAYER = {"mediaType": media_types.OCI_LAYER_GZIP, "digest": DIGEST, "size": 3}


def manifest(**changes: object) -> bytes:
    return json.dumps({"schemaVersion": 2, "config": CONFIG, "layers": [LAYER]} | changes).encode()


def test_a_manifest_needs_its_config_and_layers() -> None:
    facts = examine(manifest(), media_types.OCI_MANIFEST, what="app:v1")
    assert (facts.media_type, facts.needs) == (media_types.OCI_MANIFEST, (CONFIG["digest"], DIGEST))


def test_a_foreign_layer_is_not_needed() -> None:
    foreign = LAYER | {"mediaType": media_types.DOCKER_FOREIGN_LAYER_GZIP, "urls": ["https://elsewhere.example"]}
    facts = examine(manifest(layers=[foreign]), media_types.OCI_MANIFEST, what="app:v1")
    assert facts.needs == (CONFIG["digest"],)


def test_an_index_needs_its_manifests() -> None:
    entry = {"mediaType": media_types.OCI_MANIFEST, "digest": DIGEST, "size": 3}
    index = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    facts = examine(index, media_types.OCI_INDEX, what="app:v1")
    assert (facts.is_index, facts.needs) == (True, (DIGEST,))


def test_a_signature_says_what_it_is_about() -> None:
    subject = {"mediaType": media_types.OCI_MANIFEST, "digest": DIGEST, "size": 3}
    signed = manifest(subject=subject, artifactType="application/signature", annotations={"by": "me"})
    facts = examine(signed, media_types.OCI_MANIFEST, what="x")
    assert (facts.subject, facts.artifact_type, dict(facts.annotations)) == (
        DIGEST,
        "application/signature",
        {"by": "me"},
    )


def test_an_artifact_without_a_type_is_known_by_its_config() -> None:
    assert examine(manifest(), media_types.OCI_MANIFEST, what="x").artifact_type == media_types.OCI_CONFIG


@pytest.mark.parametrize(
    ("content", "content_type", "reason"),
    [
        (b"<html>", "text/html", "MANIFEST_INVALID"),
        (b"[]", media_types.OCI_MANIFEST, "MANIFEST_INVALID"),
        (manifest(manifests=[]), media_types.OCI_MANIFEST, "MANIFEST_INVALID"),
        (manifest(mediaType=media_types.OCI_INDEX), media_types.OCI_MANIFEST, "MANIFEST_INVALID"),
        (manifest(mediaType="application/x-tar"), "", "MEDIA_TYPE_UNSUPPORTED"),
        (manifest(schemaVersion=1), "", "MEDIA_TYPE_UNSUPPORTED"),
        (manifest(config=CONFIG | {"digest": "md5:0"}), "", "MANIFEST_INVALID"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_name(content: bytes, content_type: str, reason: str) -> None:
    with pytest.raises(FailedPrecondition, match=r"^app:v1 is no image") as caught:
        examine(content, content_type, what="app:v1")
    assert caught.value.reason == reason


def test_a_manifest_larger_than_four_mebibytes_is_refused() -> None:
    with pytest.raises(ResourceExhausted, match="larger than 4 MiB"):
        examine(b" " * (LARGEST_BYTES + 1), "", what="app:v1")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*CONFIG, "layers"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["config", "layers", "manifests", "mediaType", "subject", "annotations"]), JSON))
def test_no_document_does_more_than_be_refused(document: dict[str, object]) -> None:
    try:
        examine(json.dumps(document).encode(), "", what="x")
    except StrataError as error:
        assert error.message.startswith("x is no image")
