"""Fixtures of the store's tests."""

from __future__ import annotations

import pytest

from tests.fixtures.kernel import require_kernel


@pytest.fixture
def kernel() -> None:
    """Ask for a kernel that mounts what we write, and for root."""
    require_kernel()
