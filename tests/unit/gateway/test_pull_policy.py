"""When an image is fetched before it is used."""

import pytest

from strata_gateway.core.pull_policy import PullPolicy


@pytest.mark.parametrize(
    ("policy", "is_here", "pulls"),
    [
        (PullPolicy.MISSING, True, False),
        (PullPolicy.MISSING, False, True),
        (PullPolicy.ALWAYS, True, True),
        (PullPolicy.ALWAYS, False, True),
        (PullPolicy.NEVER, True, False),
        (PullPolicy.NEVER, False, False),
    ],
)
def test_the_policy_decides(policy, is_here, pulls):
    assert policy.wants_pull(is_here=is_here) is pulls
