"""What the handlers of the distribution API work with."""

from dataclasses import dataclass

from aiohttp import web

from strata_registry.adapters.gatekeeper import Gatekeeper
from strata_registry.adapters.hosted.repositories import HostedRepositories
from strata_registry.adapters.hosted.uploads import Uploads
from strata_registry.adapters.proxy.blobs import Blobs
from strata_registry.adapters.proxy.listing import Listing
from strata_registry.adapters.proxy.manifests import Manifests
from strata_registry.core.access import AccessPolicy, Action
from strata_registry.core.addressing import Target, Upstreams, address


@dataclass(frozen=True, slots=True)
class DistributionContext:
    """Everything behind the distribution API."""

    upstreams: Upstreams
    manifests: Manifests
    blobs: Blobs
    listing: Listing
    hosted: HostedRepositories
    uploads: Uploads
    gatekeeper: Gatekeeper
    policy: AccessPolicy

    def target(self, request: web.Request) -> Target:
        """Find what the request's path and ``ns`` mean."""
        return address(request.match_info["name"], request.query.get("ns", ""), self.upstreams)

    def may_push(self, request: web.Request) -> bool:
        """Tell whether the sender could push."""
        return request.get(USER) is not None or self.policy.allows_anonymous(Action.PUSH)


USER = "user"
CONTEXT: web.AppKey[DistributionContext] = web.AppKey("context", DistributionContext)
