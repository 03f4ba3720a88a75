import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_oci import media_types as types
from strata_oci.descriptor import Descriptor
from strata_oci.digest import Digest
from strata_oci.document import parse_document
from strata_oci.errors import MalformedError
from strata_oci.index import Index
from strata_oci.manifest import Manifest
from strata_oci.platform import Platform

DIGEST = str(Digest.of(b""))


def descriptor(media_type=types.OCI_LAYER_GZIP, **more):
    return {"mediaType": media_type, "digest": DIGEST, "size": 7} | more


def manifest(**more):
    base = {"schemaVersion": 2, "mediaType": types.OCI_MANIFEST, "config": descriptor(types.OCI_CONFIG)}
    return json.dumps(base | {"layers": [descriptor(), descriptor()]} | more, indent=3).encode()


def index(*manifests, **more):
    base = {"schemaVersion": 2, "mediaType": types.OCI_INDEX, "manifests": list(manifests)}
    return json.dumps(base | more).encode()


def entry(platform, **more):
    os, architecture, *variant = platform.split("/")
    named = {"os": os, "architecture": architecture} | ({"variant": variant[0]} if variant else {})
    return descriptor(types.OCI_MANIFEST, platform=named, **more)


def test_a_manifest_keeps_the_exact_bytes_that_its_digest_names():
    raw = manifest()
    read = parse_document(raw, types.OCI_MANIFEST)
    assert isinstance(read, Manifest)
    assert (read.raw, read.digest()) == (raw, Digest.of(raw))


def test_a_manifest_lists_its_layers_and_adds_up_their_sizes():
    read = parse_document(manifest())
    assert [layer.media_type for layer in read.layers] == [types.OCI_LAYER_GZIP] * 2
    assert (read.size_bytes, read.is_image) == (21, True)


def test_an_artifact_is_no_image():
    raw = manifest(config=descriptor(types.OCI_EMPTY), artifactType="application/sbom", subject=descriptor())
    read = parse_document(raw)
    assert (read.is_image, read.artifact_type) == (False, "application/sbom")
    assert read.subject is not None


@pytest.mark.parametrize("said", ["", "application/json", types.DOCKER_MANIFEST, f"{types.DOCKER_MANIFEST}; v=1"])
def test_dockers_manifests_are_read_as_well(said):
    raw = manifest(mediaType=types.DOCKER_MANIFEST, config=descriptor(types.DOCKER_CONFIG))
    assert parse_document(raw, said).media_type == types.DOCKER_MANIFEST


def test_oci_documents_may_leave_their_type_to_the_registry():
    raw = json.dumps({"schemaVersion": 2, "manifests": []}).encode()
    assert parse_document(raw, types.DOCKER_INDEX).media_type == types.DOCKER_INDEX
    assert parse_document(raw).media_type == types.OCI_INDEX


@pytest.mark.parametrize(
    ("raw", "said", "reason"),
    [
        (b"", "", "JSON_INVALID"),
        (b"\xff", "", "JSON_INVALID"),
        (b"[]", "", "JSON_INVALID"),
        (b"[" * 100_000, "", "JSON_INVALID"),
        (b'{"schemaVersion": NaN}', "", "JSON_INVALID"),
        (b'{"schemaVersion": 1}', "", "SCHEMA_1"),
        (b"{}", "application/vnd.docker.distribution.manifest.v1+prettyjws", "SCHEMA_1"),
        (manifest(mediaType="text/plain"), "", "MANIFEST_TYPE"),
        (manifest(mediaType=types.OCI_CONFIG), "", "MANIFEST_TYPE"),
        (manifest(manifests=[]), "", "MANIFEST_AMBIGUOUS"),
        (index(layers=[]), "", "MANIFEST_AMBIGUOUS"),
        (manifest(), types.OCI_INDEX, "MANIFEST_AMBIGUOUS"),
        (manifest(config=None), "", "MANIFEST_INVALID"),
        (manifest(layers={}), "", "JSON_TYPE_WRONG"),
        (manifest(layers=[1]), "", "JSON_TYPE_WRONG"),
        (manifest(layers=[descriptor(size=-1)]), "", "DESCRIPTOR_INVALID"),
        (manifest(layers=[descriptor(size=True)]), "", "JSON_TYPE_WRONG"),
        (manifest(layers=[descriptor(size=1 << 70)]), "", "JSON_TYPE_WRONG"),
        (manifest(layers=[descriptor(media_type="")]), "", "DESCRIPTOR_INVALID"),
        (manifest(layers=[descriptor(digest="sha256:x")]), "", "DIGEST_INVALID"),
        (index(entry("linux/amd64", annotations={"a": 1})), "", "JSON_TYPE_WRONG"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_reason(raw, said, reason):
    with pytest.raises(MalformedError) as caught:
        parse_document(raw, said)
    assert caught.value.reason == reason


def test_an_index_gives_the_entry_for_the_machine():
    raw = index(entry("linux/arm64", size=1), entry("linux/amd64", size=2), entry("linux/amd64/v3", size=3))
    read = parse_document(raw)
    assert isinstance(read, Index)
    assert read.select(Platform.parse("linux/amd64")).size_bytes == 2
    assert read.select(Platform.parse("linux/amd64/v4")).size_bytes == 3
    assert read.select(Platform.parse("linux/s390x")) is None


def test_of_equal_entries_the_first_is_taken():
    read = parse_document(index(entry("linux/amd64", size=1), entry("linux/amd64", size=2)))
    assert read.select(Platform.parse("linux/amd64")).size_bytes == 1


def test_an_entry_without_a_platform_is_the_last_resort():
    read = parse_document(index(descriptor(types.OCI_MANIFEST, size=1), entry("linux/386", size=2)))
    assert read.select(Platform.parse("linux/amd64")).size_bytes == 2
    assert read.select(Platform.parse("linux/s390x")).size_bytes == 1


def test_attestations_are_never_selected():
    read = parse_document(index(entry("unknown/unknown"), descriptor("application/vnd.in-toto+json")))
    assert read.select(Platform.parse("linux/amd64")) is None


@pytest.mark.parametrize("text", ["linux/arm/v7", "linux/amd64"])
def test_a_descriptor_is_written_as_it_is_read(text):
    one = Descriptor(
        types.OCI_LAYER, Digest.of(b""), 0, annotations={"a": "b"}, platform=Platform.parse(text), urls=("https://x",)
    )
    assert Descriptor.read(json.loads(json.dumps(one.to_json()))) == one


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    ["mediaType", "config", "layers", "manifests", "platform", "size", "digest", "subject", "annotations"]
)


@given(st.dictionaries(keys, st.dictionaries(keys, json_values, max_size=4) | json_values))
def test_any_json_is_a_document_or_malformed(document):
    raw = json.dumps(document).encode()
    try:
        assert parse_document(raw).raw == raw
    except MalformedError as error:
        assert error.reason
