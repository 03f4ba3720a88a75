from hypothesis import given
from hypothesis import strategies as st

from strata_registry.core.eviction import Held, choose_victims


def test_nothing_is_evicted_within_the_budget() -> None:
    assert choose_victims([Held("a", 10, 1)], {}, 10) == []


def test_the_least_recently_used_image_goes_whole() -> None:
    held = [Held("old", 1, 1), Held("old-layer", 50, 2), Held("new", 1, 3), Held("new-layer", 50, 3)]
    references = {"old": ["old-layer"], "new": ["new-layer"]}
    assert choose_victims(held, references, 101) == ["old", "old-layer"]


def test_an_image_is_as_recent_as_its_most_recent_part() -> None:
    held = [Held("one", 1, 1), Held("one-layer", 50, 9), Held("two", 1, 5), Held("two-layer", 50, 5)]
    assert choose_victims(held, {"one": ["one-layer"], "two": ["two-layer"]}, 60) == ["two", "two-layer"]


def test_a_shared_layer_stays_with_the_image_that_stays() -> None:
    held = [Held("old", 1, 1), Held("new", 1, 9), Held("shared", 50, 10), Held("own", 50, 1)]
    references = {"old": ["shared", "own"], "new": ["shared"]}
    assert choose_victims(held, references, 60) == ["old", "own"]


def test_what_is_kept_keeps_its_whole_image() -> None:
    held = [Held("old", 1, 1), Held("old-layer", 50, 1, is_kept=True), Held("new", 50, 9)]
    assert choose_victims(held, {"old": ["old-layer"]}, 60) == ["new"]


def test_an_index_takes_its_manifests_along() -> None:
    held = [Held("index", 1, 1), Held("manifest", 1, 1), Held("layer", 10, 1)]
    assert sorted(choose_victims(held, {"index": ["manifest"], "manifest": ["layer"]}, 0)) == [
        "index",
        "layer",
        "manifest",
    ]


DIGESTS = st.integers(0, 12).map(str)
HELD = st.builds(Held, DIGESTS, st.integers(0, 100), st.integers(0, 5).map(float), st.booleans())
IMAGES = st.dictionaries(DIGESTS, st.lists(DIGESTS, max_size=4), max_size=6)


@given(st.lists(HELD, unique_by=lambda held: held.digest), IMAGES, st.integers(0, 500))
def test_nothing_kept_goes_and_nothing_goes_twice(
    held: list[Held], references: dict[str, list[str]], budget: int
) -> None:
    victims = choose_victims(held, references, budget)
    kept = {blob.digest for blob in held if blob.is_kept}
    assert len(victims) == len(set(victims))
    assert not kept & set(victims)


@given(st.lists(HELD, unique_by=lambda held: held.digest), IMAGES, st.integers(0, 500))
def test_an_image_that_stays_is_whole(held: list[Held], references: dict[str, list[str]], budget: int) -> None:
    present = {blob.digest for blob in held}
    victims = set(choose_victims(held, references, budget))
    children = {child for parent in references if parent in present for child in references[parent]}
    for root in present - children - victims:
        assert not victims & (set(references.get(root, ())) & present)
