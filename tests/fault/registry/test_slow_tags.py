"""A registry that takes its time over a tag that is in the cache."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strata.registry.v1 import registry_pb2 as pb
from strata_chassis.errors import DeadlineExceeded
from strata_oci import media_types
from tests.fixtures.fault_registry import Fault, FaultRegistry, fault_registry
from tests.fixtures.http_client import Answer, HttpClient
from tests.fixtures.registry_service import http_flags, registry_service

IMPATIENT = ("--tag-ttl-s", "0", "--tag-patience-s", "0.2")
INDEX = json.dumps({"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": []}).encode()


def late(count: int) -> list[Fault]:
    """Answers that do not come while the test lasts."""
    return [Fault(is_late=True) for _ in range(count)]


def ask_again(upstream: FaultRegistry, folder: Path, faults: list[Fault]) -> Answer:
    """Ask for a tag twice, the second time with ``faults``; the second answer."""
    upstream.add_manifest("app", "1", INDEX, media_types.OCI_INDEX)
    with registry_service(folder, *http_flags(f"up={upstream.address}"), *IMPATIENT) as service:
        client = HttpClient(service.http_address)
        client.request("GET", "/v2/up/app/manifests/1")
        upstream.faults = faults
        return client.request("GET", "/v2/up/app/manifests/1")


def test_a_slow_registry_s_tag_is_answered_from_the_cache_and_marked(tmp_path: Path) -> None:
    with fault_registry() as upstream:
        answer = ask_again(upstream, tmp_path / "s", late(4))
    assert (answer.status, answer.body) == (200, INDEX)
    assert answer.headers["warning"].startswith("110")


def test_a_registry_that_answers_in_time_is_believed(tmp_path: Path) -> None:
    with fault_registry() as upstream:
        answer = ask_again(upstream, tmp_path / "s", [])
    assert "warning" not in answer.headers


async def test_patience_does_not_shorten_the_wait_for_what_is_not_cached(tmp_path: Path) -> None:
    with fault_registry() as upstream, registry_service(tmp_path / "s", *IMPATIENT) as service:
        upstream.faults = late(4)
        request = pb.GetManifestRequest(repository=f"{upstream.address}/app", reference="1")
        async with service.stub() as stub:
            with pytest.raises(DeadlineExceeded):
                await stub.GetManifest(request, timeout=1)
