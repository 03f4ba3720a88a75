import pytest

from strata_registry.core.endpoint import EndpointRules, endpoints_of, may_go_without_tls

NO_RULES = EndpointRules()


def urls(registry: str, rules: EndpointRules = NO_RULES) -> list[str]:
    return [endpoint.base_url for endpoint in endpoints_of(registry, rules)]


def test_docker_io_is_served_by_registry_1() -> None:
    assert urls("docker.io") == ["https://registry-1.docker.io"]


def test_a_registry_in_the_network_is_spoken_to_with_tls_only() -> None:
    assert urls("ghcr.io") == ["https://ghcr.io"]


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"])
def test_a_registry_on_this_host_may_go_without_tls(host: str) -> None:
    assert urls(host) == [f"https://{host}", f"http://{host}"]


@pytest.mark.parametrize(
    ("host", "insecure", "expected"),
    [
        ("registry.lan:5000", ("registry.lan:5000",), True),
        ("registry.lan:5000", ("registry.lan",), True),
        ("registry.lan:5001", ("registry.lan:5000",), False),
        ("10.1.2.3:5000", ("10.0.0.0/8",), True),
        ("11.1.2.3:5000", ("10.0.0.0/8",), False),
        ("localhost.example.com", (), False),
        ("127.0.0.1.example.com", (), False),
    ],
)
def test_only_named_hosts_and_networks_are_insecure(host: str, insecure: tuple[str, ...], *, expected: bool) -> None:
    assert may_go_without_tls(host, insecure) is expected


def test_mirrors_are_asked_first_and_take_no_writes() -> None:
    rules = EndpointRules({"docker.io": ("https://one.example", "https://two.example/v2/")})
    assert urls("docker.io", rules) == ["https://one.example", "https://two.example", "https://registry-1.docker.io"]
    writing = endpoints_of("docker.io", rules, for_writing=True)
    assert [endpoint.base_url for endpoint in writing] == ["https://registry-1.docker.io"]


def test_a_mirror_never_gets_the_credentials_of_its_registry() -> None:
    rules = EndpointRules({"docker.io": ("https://mirror.example",)})
    mirror, registry = endpoints_of("docker.io", rules)
    assert (mirror.credential_host, registry.credential_host) == ("mirror.example", "docker.io")


def test_a_mirror_with_a_path_keeps_it() -> None:
    rules = EndpointRules({"quay.io": ("https://cache.example/quay.io",)})
    assert urls("quay.io", rules)[0] == "https://cache.example/quay.io"
