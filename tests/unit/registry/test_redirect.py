import pytest

from strata_chassis.errors import PermissionDenied
from strata_registry.core.redirect import is_private_host, keeps_credentials, next_url

REGISTRY = "https://registry.example/v2/a/blobs/sha256:0"


def test_a_relative_redirect_stays_on_its_host() -> None:
    assert next_url(REGISTRY, "/other", allow_private=False) == "https://registry.example/other"


@pytest.mark.parametrize(
    "target",
    [
        "http://cdn.example/x",
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://localhost:9090/",
        "file:///etc/passwd",
    ],
)
def test_redirects_inwards_or_out_of_tls_are_refused(target: str) -> None:
    with pytest.raises(PermissionDenied, match="is refused"):
        next_url(REGISTRY, target, allow_private=False)


def test_private_addresses_can_be_allowed() -> None:
    assert next_url(REGISTRY, "https://10.0.0.1/x", allow_private=True) == "https://10.0.0.1/x"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("https://registry.example/other", True),
        ("https://registry.example:443/other", True),
        ("https://registry.example:8443/", False),
        ("http://registry.example/", False),
        ("https://cdn.registry.example/", False),
        ("https://registry.example.evil/", False),
    ],
)
def test_credentials_go_to_the_same_origin_only(target: str, *, expected: bool) -> None:
    assert keeps_credentials(REGISTRY, target) is expected


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.1.1.1", "192.168.0.1", "169.254.1.1", "localhost", "0.0.0.0"])  # noqa: S104
def test_private_hosts_are_known(host: str) -> None:
    assert is_private_host(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "registry.example", "2606:4700::1111"])
def test_public_hosts_are_known(host: str) -> None:
    assert not is_private_host(host)
