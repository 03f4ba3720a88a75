"""What a prune may take."""

import pytest

from strata_gateway.core.selection import Selection

LABELS = {"stage": "test", "keep": ""}


@pytest.mark.parametrize(
    ("labels", "taken"),
    [
        ((), True),
        (("stage",), True),
        (("stage=test",), True),
        (("stage=prod",), False),
        (("!keep",), False),
        (("!other", "keep"), True),
        (("!stage=prod",), True),
        (("stage", "other"), False),
    ],
)
def test_labels_select(labels, taken):
    assert Selection(labels=labels).takes(0, LABELS) is taken


def test_only_what_is_older_goes():
    assert Selection(until_s=100).takes(99.9, {})
    assert not Selection(until_s=100).takes(100, {})
