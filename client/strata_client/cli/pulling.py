"""Pulling before creating: ``create`` is one short call, so that the progress has to be asked for beforehand."""

import sys

from strata.gateway.v1.gateway_pb2 import CreateContainerRequest, PullRequest, PullResponse
from strata.store.v1.store_pb2 import GetImageRequest, GetImageResponse

from strata.gateway.v1 import gateway_pb2
from strata_chassis.errors import NotFound
from strata_client.cli.context import warn
from strata_client.cli.progress import PullReport
from strata_client.gateway import Gateway


def pull_as_asked(gateway: Gateway, request: CreateContainerRequest, *, is_quiet: bool) -> None:
    """Pull the image as the policy of a request says, with its progress on stderr."""
    image = request.spec.image
    if request.pull_policy == gateway_pb2.PULL_POLICY_NEVER:
        return
    if request.pull_policy != gateway_pb2.PULL_POLICY_ALWAYS:
        try:
            gateway.call(GetImageRequest(image=image), GetImageResponse)
        except NotFound:
            if not is_quiet:
                warn(f"Unable to find image '{image}' locally")
        else:
            return
    report = PullReport(sys.stderr, is_quiet=is_quiet)
    pull = PullRequest(
        reference=image,
        platform=request.platform if request.HasField("platform") else None,
        credentials=request.credentials if request.HasField("credentials") else None,
    )
    with gateway.stream(pull, PullResponse) as events:
        for event in events:
            report.show(event)
