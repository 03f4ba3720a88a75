import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_registry.core.challenge import Challenge, parse_challenges, preferred

HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        ("Basic", [("basic", {})]),
        ('Basic realm="a registry"', [("basic", {"realm": "a registry"})]),
        ('BASIC Realm="x"', [("basic", {"realm": "x"})]),
        ("Bearer realm=plain", [("bearer", {"realm": "plain"})]),
        (r'Basic realm="with \"quotes\" and \\"', [("basic", {"realm": r'with "quotes" and \ '.strip()})]),
        ('Basic realm="a, b"', [("basic", {"realm": "a, b"})]),
        ('Negotiate abc==, Basic realm="x"', [("negotiate", {}), ("basic", {"realm": "x"})]),
        ('Basic realm="x", Bearer realm="y"', [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        ('Basic realm = "x" , charset="UTF-8"', [("basic", {"realm": "x", "charset": "UTF-8"})]),
        ('Basic realm="x", realm="second"', [("basic", {"realm": "x"})]),
        ('realm="no scheme"', []),
        ('Basic realm="unclosed', [("basic", {})]),
    ],
)
def test_challenges_are_read(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert [(found.scheme, dict(found.parameters)) for found in parse_challenges(header)] == expected


def test_docker_hub_s_challenge_is_read() -> None:
    (challenge,) = parse_challenges(HUB)
    assert dict(challenge.parameters) == {
        "realm": "https://auth.docker.io/token",
        "service": "registry.docker.io",
        "scope": "repository:a/b:pull,push",
    }


@pytest.mark.parametrize(
    ("header", "scheme"),
    [
        ('Basic realm="x", Bearer realm="y"', "bearer"),
        ('Bearer service="no realm", Basic realm="x"', "basic"),
        ("Negotiate", None),
    ],
)
def test_a_token_is_preferred_to_a_password(header: str, scheme: str | None) -> None:
    chosen = preferred(parse_challenges(header))
    assert (chosen.scheme if chosen else None) == scheme


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(header: str) -> None:
    parse_challenges(header)


TOKEN = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(st.lists(st.tuples(TOKEN, st.dictionaries(TOKEN, VALUE, min_size=1, max_size=3)), max_size=3))
def test_what_is_written_is_read_back(challenges: list[tuple[str, dict[str, str]]]) -> None:
    header = ", ".join(
        f"{scheme} " + ", ".join(f'{name}="{quoted(value)}"' for name, value in parameters.items())
        for scheme, parameters in challenges
    )
    assert list(parse_challenges(header)) == [Challenge(scheme, parameters) for scheme, parameters in challenges]


def quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
