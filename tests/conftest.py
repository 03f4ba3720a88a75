"""Configuration of all tests, and their fixtures; what these start, they start when a test asks for it."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fixtures.session"]

# No test's outcome may depend on how busy the machine is: no deadlines; in CI also no chance.
settings.register_profile(
    "strata",
    max_examples=60,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "strata"))
