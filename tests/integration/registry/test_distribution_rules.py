"""The rules of the OCI distribution specification 1.1, in the four workflows of its conformance suite."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fixtures.http_client import Answer, HttpClient
from tests.fixtures.registry_service import http_flags, registry_service

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
OCTETS = "application/octet-stream"


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpClient]:
    flags = (*http_flags(), "--anonymous-push", "true")
    with registry_service(tmp_path_factory.mktemp("conformance"), *flags) as service:
        yield HttpClient(service.http_address)


@pytest.fixture
def name() -> str:
    """A repository of the test's own."""
    return f"conformance/{secrets.token_hex(4)}"


def push_blob(client: HttpClient, name: str, data: bytes) -> str:
    """Push as most clients do: POST, then PUT."""
    location = client.request("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    digest = digest_of(data)
    answer = client.request("PUT", with_digest(location, digest), data, content_type=OCTETS)
    assert answer.status == 201
    return digest


def with_digest(location: str, digest: str) -> str:
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"


def descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def push_image(client: HttpClient, name: str, reference: str = "", **fields: Any) -> tuple[str, bytes]:
    """Push a manifest with its blobs; its digest and bytes."""
    config, layer = b"{}", secrets.token_bytes(100)
    for data in (config, layer):
        push_blob(client, name, data)
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, config)}
    content = json.dumps({**document, "layers": [descriptor(LAYER, layer)], **fields}).encode()
    answer = put_manifest(client, name, reference or digest_of(content), content)
    assert answer.status == 201
    return digest_of(content), content


def put_manifest(client: HttpClient, name: str, reference: str, content: bytes, media_type: str = MANIFEST) -> Answer:
    return client.request("PUT", f"/v2/{name}/manifests/{reference}", content, content_type=media_type)


# ---------------------------------------------------------------------------------------------------------------- pull


def test_the_root_says_that_this_is_a_registry(client: HttpClient) -> None:
    answer = client.request("GET", "/v2/")
    assert answer.status == 200
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_manifest_by_tag_and_by_digest(client: HttpClient, name: str, method: str) -> None:
    digest, content = push_image(client, name, "v1")
    for reference in ("v1", digest):
        answer = client.request(method, f"/v2/{name}/manifests/{reference}")
        assert answer.status == 200
        assert answer.headers["docker-content-digest"] == digest
        assert answer.headers["content-type"] == MANIFEST
        assert int(answer.headers["content-length"]) == len(content)
        assert answer.body == (content if method == "GET" else b"")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_blob(client: HttpClient, name: str, method: str) -> None:
    data = secrets.token_bytes(5000)
    digest = push_blob(client, name, data)
    answer = client.request(method, f"/v2/{name}/blobs/{digest}")
    assert answer.status == 200
    assert answer.headers["docker-content-digest"] == digest
    assert int(answer.headers["content-length"]) == len(data)
    assert answer.body == (data if method == "GET" else b"")


def test_a_range_of_a_blob(client: HttpClient, name: str) -> None:
    data = secrets.token_bytes(5000)
    digest = push_blob(client, name, data)
    answer = client.request("GET", f"/v2/{name}/blobs/{digest}", range="bytes=1000-1999")
    assert (answer.status, answer.body) == (206, data[1000:2000])
    assert answer.headers["content-range"] == "bytes 1000-1999/5000"
    assert client.request("GET", f"/v2/{name}/blobs/{digest}", range="bytes=5000-").status == 416


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("kind", ["blobs/sha256:" + "0" * 64, "manifests/nope", "manifests/sha256:" + "0" * 64])
def test_what_is_not_there_is_not_found(client: HttpClient, name: str, method: str, kind: str) -> None:
    answer = client.request(method, f"/v2/{name}/{kind}")
    assert answer.status == 404
    if method == "GET":
        assert answer.error_code == ("BLOB_UNKNOWN" if kind.startswith("blobs") else "MANIFEST_UNKNOWN")


def test_a_blob_of_another_repository_is_not_found(client: HttpClient, name: str) -> None:
    digest = push_blob(client, name, secrets.token_bytes(10))
    assert client.request("GET", f"/v2/{name}-other/blobs/{digest}").status == 404


@pytest.mark.parametrize("bad", ["UPPER", "a//b", "a/-b", "a%2e%2e/b", "x" * 256])
def test_a_bad_name_is_refused(client: HttpClient, bad: str) -> None:
    assert client.request("GET", f"/v2/{bad}/manifests/v1").status in {400, 404}


def test_a_bad_digest_is_refused(client: HttpClient, name: str) -> None:
    answer = client.request("GET", f"/v2/{name}/blobs/sha256:short")
    assert (answer.status, answer.error_code) == (400, "DIGEST_INVALID")


# ---------------------------------------------------------------------------------------------------------------- push


def test_a_monolithic_upload_in_one_request(client: HttpClient, name: str) -> None:
    data = secrets.token_bytes(5000)
    answer = client.request("POST", f"/v2/{name}/blobs/uploads/?digest={digest_of(data)}", data, content_type=OCTETS)
    assert answer.status == 201
    assert client.request("GET", answer.headers["location"]).body == data


def test_a_chunked_upload(client: HttpClient, name: str) -> None:
    data = secrets.token_bytes(3000)
    location = client.request("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    for start in (0, 1000):
        chunk = data[start : start + 1000]
        answer = client.request("PATCH", location, chunk, content_type=OCTETS, content_range=f"{start}-{start + 999}")
        assert answer.status == 202
        assert answer.headers["range"] == f"0-{start + 999}"
        location = answer.headers["location"]
    status = client.request("GET", location)
    assert (status.status, status.headers["range"]) == (204, "0-1999")
    answer = client.request(
        "PUT", with_digest(location, digest_of(data)), data[2000:], content_type=OCTETS, content_range="2000-2999"
    )
    assert answer.status == 201
    assert client.request("GET", answer.headers["location"]).body == data


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_chunk_out_of_order_is_refused_and_changes_nothing(client: HttpClient, name: str, method: str) -> None:
    data = secrets.token_bytes(3000)
    location = client.request("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    location = client.request("PATCH", location, data[:1000], content_type=OCTETS, content_range="0-999").headers[
        "location"
    ]
    target = with_digest(location, digest_of(data)) if method == "PUT" else location
    answer = client.request(method, target, data[2000:], content_type=OCTETS, content_range="2000-2999")
    assert (answer.status, answer.headers["range"]) == (416, "0-999")
    final = client.request("PUT", with_digest(location, digest_of(data)), data[1000:], content_type=OCTETS)
    assert final.status == 201


def test_an_upload_with_the_wrong_digest_is_refused(client: HttpClient, name: str) -> None:
    location = client.request("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    answer = client.request("PUT", with_digest(location, digest_of(b"other")), b"data", content_type=OCTETS)
    assert (answer.status, answer.error_code) == (400, "DIGEST_INVALID")
    assert client.request("HEAD", f"/v2/{name}/blobs/{digest_of(b'other')}").status == 404


def test_an_upload_can_be_cancelled(client: HttpClient, name: str) -> None:
    location = client.request("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    assert client.request("DELETE", location).status == 204
    answer = client.request("PATCH", location, b"data", content_type=OCTETS)
    assert (answer.status, answer.error_code) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_with_sha512(client: HttpClient, name: str) -> None:
    data = secrets.token_bytes(1000)
    digest = digest_of(data, "sha512")
    location = client.request("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    location = client.request("PATCH", location, data, content_type=OCTETS).headers["location"]
    assert client.request("PUT", with_digest(location, digest)).status == 201
    assert client.request("GET", f"/v2/{name}/blobs/{digest}").body == data


def test_a_blob_is_mounted_from_another_repository(client: HttpClient, name: str) -> None:
    data = secrets.token_bytes(1000)
    digest = push_blob(client, name, data)
    answer = client.request("POST", f"/v2/{name}-copy/blobs/uploads/?mount={digest}&from={name}")
    assert answer.status == 201
    assert client.request("GET", answer.headers["location"]).body == data


@pytest.mark.parametrize("source", ["", "&from=conformance/nowhere"])
def test_a_mount_that_is_not_possible_begins_an_upload(client: HttpClient, name: str, source: str) -> None:
    answer = client.request("POST", f"/v2/{name}/blobs/uploads/?mount={digest_of(secrets.token_bytes(8))}{source}")
    assert answer.status == 202
    assert f"/v2/{name}/blobs/uploads/" in answer.headers["location"]


def test_a_manifest_names_where_it_is(client: HttpClient, name: str) -> None:
    digest, content = push_image(client, name)
    answer = put_manifest(client, name, "v1", content)
    assert answer.status == 201
    assert answer.headers["docker-content-digest"] == digest
    assert client.request("GET", answer.headers["location"]).body == content


def test_a_manifest_whose_blobs_are_missing_is_refused(client: HttpClient, name: str) -> None:
    content = json.dumps(
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, b"nowhere"), "layers": []}
    ).encode()
    answer = put_manifest(client, name, "v1", content)
    assert (answer.status, answer.error_code) == (400, "MANIFEST_BLOB_UNKNOWN")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"[]", b'{"schemaVersion": 2, "layers": 1}'])
def test_what_is_no_manifest_is_refused(client: HttpClient, name: str, content: bytes) -> None:
    answer = put_manifest(client, name, "v1", content)
    assert (answer.status, answer.error_code) == (400, "MANIFEST_INVALID")


def test_a_manifest_that_is_too_large_is_refused(client: HttpClient, name: str) -> None:
    answer = put_manifest(client, name, "v1", b" " * ((4 << 20) + 1))
    assert answer.status == 413


def test_a_manifest_under_the_wrong_digest_is_refused(client: HttpClient, name: str) -> None:
    _, content = push_image(client, name)
    answer = put_manifest(client, name, digest_of(b"other"), content)
    assert (answer.status, answer.error_code) == (400, "DIGEST_INVALID")


def test_an_index_and_its_manifests(client: HttpClient, name: str) -> None:
    digest, content = push_image(client, name)
    entry = {"mediaType": MANIFEST, "digest": digest, "size": len(content)}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
    assert put_manifest(client, name, "multi", index, INDEX).status == 201
    answer = client.request("GET", f"/v2/{name}/manifests/multi")
    assert (answer.headers["content-type"], answer.body) == (INDEX, index)


# ----------------------------------------------------------------------------------------------------------- discovery


def test_tags_are_listed_in_lexical_order_and_pages(client: HttpClient, name: str) -> None:
    _, content = push_image(client, name)
    for tag in ("b", "a", "d", "c"):
        put_manifest(client, name, tag, content)
    assert client.request("GET", f"/v2/{name}/tags/list").json() == {"name": name, "tags": ["a", "b", "c", "d"]}
    first = client.request("GET", f"/v2/{name}/tags/list?n=3")
    assert first.json()["tags"] == ["a", "b", "c"]
    link = first.headers["link"]
    assert parse_qs(urlsplit(link.partition(">")[0].lstrip("<")).query) == {"n": ["3"], "last": ["c"]}
    second = client.request("GET", link.partition(">")[0].lstrip("<"))
    assert second.json()["tags"] == ["d"]
    assert "link" not in second.headers
    assert client.request("GET", f"/v2/{name}/tags/list?n=0").json()["tags"] == []
    assert client.request("GET", f"/v2/{name}/tags/list?last=b").json()["tags"] == ["c", "d"]


def test_tags_of_an_unknown_repository_are_not_found(client: HttpClient, name: str) -> None:
    answer = client.request("GET", f"/v2/{name}/tags/list")
    assert (answer.status, answer.error_code) == (404, "NAME_UNKNOWN")


def test_referrers_of_a_manifest(client: HttpClient, name: str) -> None:
    digest, content = push_image(client, name)
    subject = {"mediaType": MANIFEST, "digest": digest, "size": len(content)}
    kind = "application/vnd.example.sbom"
    annotations = {"org.example": "yes"}
    sbom, _ = push_image(client, name, subject=subject, artifactType=kind, annotations=annotations)
    other, _ = push_image(client, name, subject=subject)
    answer = client.request("GET", f"/v2/{name}/referrers/{digest}")
    assert (answer.status, answer.headers["content-type"]) == (200, INDEX)
    found = {entry["digest"]: entry for entry in answer.json()["manifests"]}
    assert set(found) == {sbom, other}
    assert (found[sbom]["artifactType"], found[sbom]["annotations"]) == (kind, annotations)
    assert found[other]["artifactType"] == CONFIG
    filtered = client.request("GET", f"/v2/{name}/referrers/{digest}?artifactType={kind}")
    assert filtered.headers["oci-filters-applied"] == "artifactType"
    assert [entry["digest"] for entry in filtered.json()["manifests"]] == [sbom]


def test_a_manifest_with_a_subject_is_told_that_referrers_are_known(client: HttpClient, name: str) -> None:
    missing = {"mediaType": MANIFEST, "digest": digest_of(b"not pushed yet"), "size": 14}
    config, layer = b"{}", b"layer"
    for data in (config, layer):
        push_blob(client, name, data)
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, config)}
    content = json.dumps({**document, "layers": [descriptor(LAYER, layer)], "subject": missing}).encode()
    answer = put_manifest(client, name, digest_of(content), content)
    assert answer.headers["oci-subject"] == missing["digest"]


def test_a_digest_without_referrers_has_an_empty_list(client: HttpClient, name: str) -> None:
    answer = client.request("GET", f"/v2/{name}/referrers/{digest_of(b'nobody')}")
    assert (answer.status, answer.json()["manifests"]) == (200, [])
    assert client.request("GET", f"/v2/{name}/referrers/nonsense").status == 400


def test_the_catalog_lists_repositories(client: HttpClient, name: str) -> None:
    push_image(client, name)
    found: list[str] = []
    path: str | None = "/v2/_catalog?n=2"
    while path:
        answer = client.request("GET", path)
        found += answer.json()["repositories"]
        path = answer.headers["link"].partition(">")[0].lstrip("<") if "link" in answer.headers else None
    assert name in found
    assert found == sorted(set(found))


# ---------------------------------------------------------------------------------------------------------- management


def test_deleting_a_tag_leaves_the_manifest(client: HttpClient, name: str) -> None:
    digest, content = push_image(client, name, "v1")
    assert client.request("DELETE", f"/v2/{name}/manifests/v1").status == 202
    assert client.request("GET", f"/v2/{name}/manifests/v1").status == 404
    assert client.request("GET", f"/v2/{name}/manifests/{digest}").body == content


def test_deleting_a_manifest_takes_its_tags_along(client: HttpClient, name: str) -> None:
    digest, _ = push_image(client, name, "v1")
    assert client.request("DELETE", f"/v2/{name}/manifests/{digest}").status == 202
    for reference in ("v1", digest):
        assert client.request("GET", f"/v2/{name}/manifests/{reference}").status == 404
    assert client.request("DELETE", f"/v2/{name}/manifests/{digest}").status == 404


def test_deleting_a_blob(client: HttpClient, name: str) -> None:
    digest = push_blob(client, name, secrets.token_bytes(100))
    assert client.request("DELETE", f"/v2/{name}/blobs/{digest}").status == 202
    assert client.request("GET", f"/v2/{name}/blobs/{digest}").status == 404
    assert client.request("DELETE", f"/v2/{name}/blobs/{digest}").status == 404
