"""Pulling through the service over HTTP, as docker, podman, containerd and skopeo do."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.docker_registry import LocalRegistry, docker_registry
from tests.fixtures.fault_registry import FaultRegistry, fault_registry
from tests.fixtures.http_client import HttpClient
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.registry_service import RegistryProcess, http_flags, registry_service

NAME = "tiny:one"
DIGEST = build_tiny().names()[NAME].digest
LAYER: str = build_tiny().read_json(DIGEST)["layers"][0]["digest"]


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRegistry]:
    with docker_registry(tmp_path_factory.mktemp("upstream")) as running:
        running.pusher().push_all(build_tiny(), ["tiny:one", "tiny:two", "tiny:multi"])
        yield running


@pytest.fixture
def proxy(tmp_path: Path, upstream: LocalRegistry) -> Iterator[RegistryProcess]:
    """Knows one upstream by the name ``up``, and mirrors it for names without one."""
    flags = (*http_flags(f"up={upstream.address}"), "--mirror-of", "up", "--tag-ttl-s", "0")
    with registry_service(tmp_path / "s", *flags) as running:
        yield running


@pytest.fixture
def client(proxy: RegistryProcess) -> HttpClient:
    return HttpClient(proxy.http_address)


@pytest.mark.parametrize(
    "path", ["/v2/up/tiny/{}", "/v2/tiny/{}?ns=up", "/v2/tiny/{}"], ids=["by path", "by ns", "as docker's mirror"]
)
def test_every_way_leads_to_the_upstream(client: HttpClient, path: str) -> None:
    for place, content in (("manifests/one", DIGEST), (f"blobs/{LAYER}", LAYER)):
        answer = client.request("GET", path.format(place))
        assert answer.status == 200
        assert answer.body == build_tiny().path(content).read_bytes()
        assert answer.headers["docker-content-digest"] == content


def test_the_registry_s_own_address_will_do_for_ns(client: HttpClient, upstream: LocalRegistry) -> None:
    assert client.request("GET", f"/v2/tiny/manifests/one?ns={upstream.address}").status == 200


@pytest.mark.parametrize("path", ["/v2/a/b/manifests/x?ns=example.com", "/v2/a/b/manifests/x?ns=169.254.169.254"])
def test_no_other_registry_is_asked(client: HttpClient, path: str) -> None:
    answer = client.request("GET", path)
    assert (answer.status, answer.error_code) == (403, "DENIED")


def test_skopeo_copies_through_the_proxy(proxy: RegistryProcess, tmp_path: Path) -> None:
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    source = f"docker://{proxy.http_address}/up/tiny:multi"
    subprocess.run(
        ["skopeo", "copy", "--all", "--src-tls-verify=false", source, f"oci:{tmp_path}/layout:x"],
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "layout" / "blobs" / "sha256" / LAYER.removeprefix("sha256:")).exists()


def test_tags_and_referrers_of_the_upstream_are_listed(client: HttpClient) -> None:
    assert client.request("GET", "/v2/up/tiny/tags/list").json()["tags"] == ["multi", "one", "two"]
    assert client.request("GET", f"/v2/up/tiny/referrers/{DIGEST}").json()["manifests"] == []


def test_upstream_repositories_cannot_be_written(client: HttpClient, tmp_path: Path, upstream: LocalRegistry) -> None:
    flags = (*http_flags(f"up={upstream.address}"), "--anonymous-push", "true")
    with registry_service(tmp_path / "w", *flags) as service:
        answer = HttpClient(service.http_address).request("POST", "/v2/up/tiny/blobs/uploads/")
    assert (answer.status, answer.error_code) == (501, "UNSUPPORTED")
    assert client.request("POST", "/v2/up/tiny/blobs/uploads/").status == 403


def test_a_stale_answer_is_marked_as_such(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "upstream") as mortal:
        mortal.pusher().push_all(build_tiny(), [NAME])
        flags = (*http_flags(f"up={mortal.address}"), "--tag-ttl-s", "0")
        with registry_service(tmp_path / "s", *flags) as service:
            client = HttpClient(service.http_address)
            fresh = client.request("GET", "/v2/up/tiny/manifests/one")
            mortal.process.kill()
            mortal.process.wait()
            stale = client.request("GET", "/v2/up/tiny/manifests/one")
    assert (stale.status, stale.body) == (200, fresh.body)
    assert "warning" not in fresh.headers
    assert stale.headers["warning"].startswith("110 ")


def test_a_deleted_tag_is_still_served(tmp_path: Path) -> None:
    with fault_registry() as upstream:
        manifest = build_tiny().path(DIGEST).read_bytes()
        media_type = "application/vnd.oci.image.manifest.v1+json"
        for reference in ("one", DIGEST):
            upstream.add_manifest("tiny", reference, manifest, media_type)
        flags = (*http_flags(f"up={upstream.address}"), "--tag-ttl-s", "0")
        with registry_service(tmp_path / "s", *flags) as service:
            client = HttpClient(service.http_address)
            assert client.request("GET", "/v2/up/tiny/manifests/one").status == 200
            upstream.contents.clear()
            answer = client.request("GET", "/v2/up/tiny/manifests/one")
    assert (answer.status, answer.body) == (200, manifest)
    assert answer.headers["warning"].startswith("110 ")


def test_a_tag_is_believed_for_its_time_to_live(tmp_path: Path) -> None:
    with fault_registry() as upstream:
        add_tiny(upstream)
        flags = (*http_flags(f"up={upstream.address}"), "--tag-ttl-s", "3600")
        with registry_service(tmp_path / "s", *flags) as service:
            client = HttpClient(service.http_address)
            for _ in range(5):
                assert client.request("GET", "/v2/up/tiny/manifests/one").status == 200
        assert len([seen for seen in upstream.seen if seen.path.endswith("/manifests/one")]) <= 2


def test_nothing_changes_for_a_client_that_has_it_already(client: HttpClient) -> None:
    for place in ("manifests/one", f"blobs/{LAYER}"):
        etag = client.request("GET", f"/v2/up/tiny/{place}").headers["etag"]
        answer = client.request("GET", f"/v2/up/tiny/{place}", if_none_match=etag)
        assert (answer.status, answer.body) == (304, b"")


def add_tiny(upstream: FaultRegistry) -> None:
    """Offer a small image."""
    manifest = build_tiny().path(DIGEST).read_bytes()
    for reference in ("one", DIGEST):
        upstream.add_manifest("tiny", reference, manifest, "application/vnd.oci.image.manifest.v1+json")
