import pytest

from strata_chassis import endpoint
from strata_chassis.errors import InvalidArgument


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("unix:///run/strata/store.sock", "unix:/run/strata/store.sock"),
        ("tcp://127.0.0.1:7001", "127.0.0.1:7001"),
        ("tcp://[::1]:0", "[::1]:0"),
        ("tcp://store.example:65535", "store.example:65535"),
    ],
)
def test_an_endpoint_becomes_grpcs_target(text, target):
    assert endpoint.parse(text).target == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/run/strata/store.sock",
        "unix://relative",
        "unix://" + "/a" * 60,
        "tcp://",
        "tcp://host",
        "tcp://:1",
        "tcp://host:",
        "tcp://host:65536",
        "tcp://host:٣",
        "http://host:1",
    ],
)
def test_what_is_no_endpoint_is_refused(text):
    with pytest.raises(InvalidArgument) as caught:
        endpoint.parse(text)
    assert caught.value.metadata == {"endpoint": text}
