"""Make a container of an image, which is fetched first if the caller's policy says so."""

from collections.abc import AsyncGenerator

from strata.gateway.v1 import gateway_pb2 as pb
from strata.oci.v1 import oci_pb2 as oci_pb
from strata.runtime.v1 import container_pb2, runtime_pb2
from strata.store.v1 import store_pb2 as store_pb
from strata_chassis.errors import NotFound, Unavailable
from strata_gateway.adapters.peers import Peers
from strata_gateway.core.pull_policy import PullPolicy
from strata_gateway.engine.pull import find_image, pull

_POLICIES = {
    pb.PULL_POLICY_UNSPECIFIED: PullPolicy.MISSING,
    pb.PULL_POLICY_MISSING: PullPolicy.MISSING,
    pb.PULL_POLICY_ALWAYS: PullPolicy.ALWAYS,
    pb.PULL_POLICY_NEVER: PullPolicy.NEVER,
}

Progress = pb.PullResponse | pb.CreateContainerResponse


async def create_container(peers: Peers, request: pb.CreateContainerRequest) -> AsyncGenerator[Progress, None]:
    """Make the container; yields the steps of a pull, if one is needed, and at last the container."""
    policy = _POLICIES[request.pull_policy]
    if policy is PullPolicy.ALWAYS or request.HasField("platform"):
        image = await _image_here(peers, request)
    else:
        made = await _create_of_what_is_here(peers, request)
        if made is not None:
            yield made
            return
        image = None
    if policy.wants_pull(is_here=image is not None):
        try:
            async for step in pull(peers, _pull_request(request)):
                yield step
                image = step.pulled.image if step.WhichOneof("event") == "pulled" else image
        except Unavailable:
            if image is None:
                raise
    yield await _create_of(peers, request, (image or _refuse(request.spec.image)).digest)


async def create_container_quietly(peers: Peers, request: pb.CreateContainerRequest) -> pb.CreateContainerResponse:
    """Make the container for a caller that does not want to hear of a pull."""
    async for step in create_container(peers, request):
        if isinstance(step, pb.CreateContainerResponse):
            return step
    raise AssertionError  # the last step is always the container


async def _create_of_what_is_here(
    peers: Peers, request: pb.CreateContainerRequest
) -> pb.CreateContainerResponse | None:
    """Let the runtime look the image up, as it leases it: one call less for most containers; None if it is not here."""
    try:
        return await _create_of(peers, request, "")
    except NotFound as error:
        if error.reason != "IMAGE_UNKNOWN":
            raise
        return None


async def _image_here(peers: Peers, request: pb.CreateContainerRequest) -> store_pb.Image | None:
    image = await find_image(peers, request.spec.image)
    if image is not None and request.HasField("platform") and not _fits(image.platform, request.platform):
        return None
    return image


def _fits(has: oci_pb.Platform, wanted: oci_pb.Platform) -> bool:
    return all(
        not getattr(wanted, part) or getattr(has, part) == getattr(wanted, part)
        for part in ("os", "architecture", "variant")
    )


def _pull_request(request: pb.CreateContainerRequest) -> pb.PullRequest:
    return pb.PullRequest(
        reference=request.spec.image,
        platform=request.platform if request.HasField("platform") else None,
        credentials=request.credentials if request.HasField("credentials") else None,
    )


async def _create_of(peers: Peers, request: pb.CreateContainerRequest, digest: str) -> pb.CreateContainerResponse:
    spec = container_pb2.ContainerSpec()
    spec.CopyFrom(request.spec)
    spec.image_digest = digest
    made = await peers.runtime.CreateContainer(
        runtime_pb2.CreateContainerRequest(request_id=request.request_id, spec=spec)
    )
    return pb.CreateContainerResponse(container=made.container, warnings=made.warnings)


def _refuse(image: str) -> store_pb.Image:
    raise NotFound(f"No such image: {image}", reason="IMAGE_UNKNOWN", metadata={"image": image})
