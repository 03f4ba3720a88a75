"""What the cache does for a second pull, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from strata.registry.v1 import registry_pb2 as pb
from strata_chassis.errors import NotFound, Unavailable
from tests.fixtures.docker_registry import LocalRegistry, docker_registry
from tests.fixtures.images.catalogue import build_tiny
from tests.fixtures.registry_service import RegistryProcess, read_blob, registry_service


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[LocalRegistry]:
    """A registry that a test may end."""
    with docker_registry(tmp_path / "upstream") as running:
        running.pusher().push_all(build_tiny(), ["tiny:one", "tiny:two"])
        yield running


async def pull(service: RegistryProcess, reference: str) -> tuple[pb.ResolveResponse, list[bytes]]:
    """Pull all of an image: what it resolved to, and its blobs."""
    async with service.stub() as stub:
        answer = await stub.Resolve(pb.ResolveRequest(reference=reference))
        document = build_tiny().read_json(answer.manifest.digest)
        await stub.GetManifest(pb.GetManifestRequest(repository=answer.repository, reference=answer.manifest.digest))
        parts = (document["config"], *document["layers"])
        return answer, [await read_blob(stub, answer.repository, part["digest"]) for part in parts]


async def test_a_second_pull_is_served_with_the_upstream_gone(
    fresh_service: RegistryProcess, upstream: LocalRegistry
) -> None:
    first, blobs = await pull(fresh_service, upstream.reference("tiny:one"))
    upstream.process.kill()
    upstream.process.wait()
    second, again = await pull(fresh_service, upstream.reference("tiny:one"))
    assert again == blobs
    assert second.target == first.target
    assert (first.stale, second.stale) == (False, True)


async def test_the_cache_outlives_the_service(fresh_service: RegistryProcess, upstream: LocalRegistry) -> None:
    _, blobs = await pull(fresh_service, upstream.reference("tiny:one"))
    upstream.process.kill()
    fresh_service.kill()
    fresh_service.start()
    _, again = await pull(fresh_service, upstream.reference("tiny:one"))
    assert again == blobs


async def test_a_tag_that_moved_is_followed(fresh_service: RegistryProcess, upstream: LocalRegistry) -> None:
    await pull(fresh_service, upstream.reference("tiny:one"))
    other = build_tiny().names()["tiny:two"]
    upstream.pusher().push(build_tiny(), "tiny:one", other)
    answer, _ = await pull(fresh_service, upstream.reference("tiny:one"))
    assert answer.target.digest == other.digest


async def test_a_cached_answer_will_do_where_the_caller_says_so(
    fresh_service: RegistryProcess, upstream: LocalRegistry
) -> None:
    reference = upstream.reference("tiny:one")
    first, _ = await pull(fresh_service, reference)
    upstream.pusher().push(build_tiny(), "tiny:one", build_tiny().names()["tiny:two"])
    async with fresh_service.stub() as stub:
        answer = await stub.Resolve(pb.ResolveRequest(reference=reference, freshness=pb.FRESHNESS_CACHED))
    assert answer.target == first.target


async def test_strict_freshness_never_answers_from_the_cache(
    fresh_service: RegistryProcess, upstream: LocalRegistry
) -> None:
    reference = upstream.reference("tiny:one")
    await pull(fresh_service, reference)
    upstream.process.kill()
    upstream.process.wait()
    async with fresh_service.stub() as stub:
        with pytest.raises(Unavailable):
            await stub.Resolve(pb.ResolveRequest(reference=reference, freshness=pb.FRESHNESS_STRICT))


async def test_usage_counts_what_lies_on_the_disk(fresh_service: RegistryProcess, upstream: LocalRegistry) -> None:
    await pull(fresh_service, upstream.reference("tiny:one"))
    await pull(fresh_service, upstream.reference("tiny:one"))
    files = [path for path in (fresh_service.cache / "blobs").rglob("*") if path.is_file()]
    async with fresh_service.stub() as stub:
        usage = await stub.GetCacheUsage(pb.GetCacheUsageRequest())
    assert usage.blobs == len(files)
    assert usage.bytes == sum(path.stat().st_size for path in files)
    assert usage.misses == usage.blobs - 1  # the manifest is no blob for the caller
    assert usage.partial_blobs == 0


async def test_pruning_to_nothing_empties_the_cache(fresh_service: RegistryProcess, upstream: LocalRegistry) -> None:
    await pull(fresh_service, upstream.reference("tiny:one"))
    async with fresh_service.stub() as stub:
        pruned = await stub.PruneCache(pb.PruneCacheRequest(keep_bytes=0))
        usage = await stub.GetCacheUsage(pb.GetCacheUsageRequest())
    assert pruned.blobs_removed > 0
    assert (usage.blobs, usage.bytes) == (0, 0)
    assert [path for path in (fresh_service.cache / "blobs").rglob("*") if path.is_file()] == []
    await pull(fresh_service, upstream.reference("tiny:one"))


async def test_the_budget_evicts_the_image_that_was_used_least_recently(
    tmp_path: Path, upstream: LocalRegistry
) -> None:
    layout = build_tiny()
    both = {*digests("tiny:one"), *digests("tiny:two")}
    too_little = sum(layout.path(digest).stat().st_size for digest in both) - 1
    flags = ("--cache-bytes", str(too_little), "--cache-grace-s", "0")
    with registry_service(tmp_path / "service", *flags) as service:
        for name in ("tiny:one", "tiny:two"):
            await pull(service, upstream.reference(name))
        assert service.stop() == 0
        held = {f"sha256:{path.name}" for path in (service.cache / "blobs").rglob("*") if path.is_file()}
    shared = set(digests("tiny:one")) & set(digests("tiny:two"))
    assert layout.names()["tiny:two"].digest in held
    assert held & set(digests("tiny:one")) <= shared


async def test_an_offline_service_serves_what_it_has_and_asks_nobody(
    tmp_path: Path, fresh_service: RegistryProcess, upstream: LocalRegistry
) -> None:
    _, blobs = await pull(fresh_service, upstream.reference("tiny:one"))
    fresh_service.kill()
    with registry_service(fresh_service.folder, "--offline", "true") as service:
        answer, again = await pull(service, upstream.reference("tiny:one"))
        assert again == blobs
        assert not answer.stale
        async with service.stub() as stub:
            with pytest.raises(NotFound, match="offline"):
                await stub.Resolve(pb.ResolveRequest(reference=upstream.reference("tiny:two")))


def digests(name: str) -> list[str]:
    """The digests of an image's manifest, config and layers."""
    manifest = build_tiny().names()[name].digest
    document = build_tiny().read_json(manifest)
    return [manifest, document["config"]["digest"], *(layer["digest"] for layer in document["layers"])]
