"""What sharing saves in memory."""

from strata_gateway.core.memory import MountedLayer, residency


def test_each_container_but_the_first_saves_what_is_in_memory():
    found = residency([MountedLayer("a", 100, 3), MountedLayer("b", 7, 1), MountedLayer("c", 5, 0)])
    assert (found.total_bytes, found.saved_bytes) == (112, 200)
    assert found.by_key == {"a": 100, "b": 7, "c": 5}
