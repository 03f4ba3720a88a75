"""The engine: the composed calls, with what they need and the time they take."""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from strata.gateway.v1 import gateway_pb2 as pb
from strata.registry.v1 import registry_pb2 as registry_pb
from strata.store.v1 import store_pb2 as store_pb
from strata_chassis.metrics import Metrics
from strata_chassis.prometheus_core import Histogram
from strata_gateway.adapters.host import Host
from strata_gateway.adapters.peers import Peers
from strata_gateway.adapters.spool import SpoolFolder
from strata_gateway.engine import create, info, prune, pull, run, usage, version
from strata_gateway.engine.info import Installation


@dataclass(frozen=True)
class Latencies:
    """What users wait for."""

    pull: Histogram
    run: Histogram

    @classmethod
    def of(cls, metrics: Metrics) -> "Latencies":
        """Make the histograms of this process."""
        return cls(
            metrics.histogram("pull_duration_seconds", "Time of successful pulls."),
            metrics.histogram("run_duration_seconds", "Time from a run request until its container has started."),
        )


@dataclass(frozen=True)
class Engine:
    """All that the gateway's fronts (gRPC, Docker) call; what one service does alone they ask ``peers`` for.

    Rare calls are imported when they are first made: an idle gateway does not hold their memory.

    ``folder`` is for files that last no longer than a call.
    """

    peers: Peers
    installation: Installation
    host: Host
    latencies: Latencies
    folder: SpoolFolder

    async def pull(self, request: pb.PullRequest) -> AsyncGenerator[pb.PullResponse, None]:
        """Make an image present and up to date."""
        began = time.perf_counter()
        async for step in pull.pull(self.peers, request):
            yield step
        self.latencies.pull.observe(time.perf_counter() - began)

    async def push(self, request: pb.PushRequest) -> AsyncGenerator[pb.PushResponse, None]:
        """Upload an image."""
        from strata_gateway.engine import push

        async for step in push.push(self.peers, request):
            yield step

    async def create_container(self, request: pb.CreateContainerRequest) -> pb.CreateContainerResponse:
        """Make a container of an image."""
        return await create.create_container_quietly(self.peers, request)

    async def run(self, requests: AsyncIterator[pb.RunRequest]) -> AsyncGenerator[pb.RunResponse, None]:
        """Make a container, attach, start, end with its exit status."""
        began = time.perf_counter()
        has_started = False
        async for step in run.run(self.peers, requests):
            if not has_started and step.WhichOneof("event") == "output":
                has_started = True
                self.latencies.run.observe(time.perf_counter() - began)
            yield step

    async def commit(self, request: pb.CommitRequest) -> store_pb.Image:
        """Make an image of a container's changes."""
        from strata_gateway.engine import commit

        return await commit.commit(self.peers, request)

    async def import_image(self, requests: AsyncIterator[pb.ImportImageRequest]) -> store_pb.Image:
        """Make an image of one layer."""
        from strata_gateway.engine import commit

        return await commit.import_image(self.peers, self.host, requests)

    async def save_images(self, request: pb.SaveImagesRequest) -> AsyncGenerator[bytes, None]:
        """Stream an archive of images."""
        from strata_gateway.engine import archives

        async for piece in archives.save(self.peers, request):
            yield piece

    async def load_images(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[store_pb.Image, None]:
        """Store the images of an archive."""
        from strata_gateway.engine import archives

        async for image in archives.load(self.peers, self.folder, chunks):
            yield image

    async def build(self, requests: AsyncIterator[pb.BuildRequest]) -> AsyncGenerator[pb.BuildResponse, None]:
        """Build an image."""
        from strata_gateway.engine.build import builder

        async for step in builder.build(self.peers, self.host, self.folder, requests):
            yield step

    async def prune(self, request: pb.PruneRequest) -> pb.PruneResponse:
        """Remove what is not used."""
        return await prune.prune(self.peers, request)

    async def disk_usage(self, request: pb.GetDiskUsageRequest) -> pb.GetDiskUsageResponse:
        """Say what takes how much."""
        return await usage.disk_usage(self.peers, request)

    async def info(self) -> pb.GetInfoResponse:
        """Say what runs here."""
        return await info.info(self.peers, self.installation, self.host)

    async def version(self) -> pb.GetVersionResponse:
        """Say which version this is."""
        return await version.engine_version(self.peers, self.host)

    async def check_credentials(self, request: pb.CheckCredentialsRequest) -> pb.CheckCredentialsResponse:
        """Ask a registry whether it accepts credentials."""
        checked = await self.peers.registry.CheckCredentials(
            registry_pb.CheckCredentialsRequest(registry=request.registry, credentials=request.credentials)
        )
        return pb.CheckCredentialsResponse(identity_token=checked.identity_token)
