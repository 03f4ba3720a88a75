"""What completion offers at the end of an unfinished line."""

import pytest

from strata_client.cli.completing import Candidate, candidates
from strata_client.main import GLOBAL_OPTIONS


def names(kind: str) -> list[Candidate]:
    networks = ["bridge", "none", "host"]
    known = {"running": ["web"], "container": ["web", "old"], "image": ["debian:12"], "network": networks}
    return [(name, "") for name in known.get(kind, [])]


def offered(line: str) -> list[str]:
    return [word for word, _ in candidates(line.split(" "), GLOBAL_OPTIONS, names)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("im", ["images", "image", "import"]),
        ("-H unix:///x im", ["images", "image", "import"]),
        ("sys", ["system"]),
        ("system ", ["df", "prune"]),
        ("stop ", ["web", "old"]),
        ("stop w", ["web"]),
        ("exec ", ["web"]),
        ("exec -it ", ["web"]),
        ("run ", ["debian:12"]),
        ("run --net", ["--network", "--network-alias"]),
        ("run --network ", ["bridge", "none", "host"]),
        ("run --network b", ["bridge"]),
        ("run --pull ", ["missing", "always", "never"]),
        ("run --pull=a", ["--pull=always"]),
        ("run --name ", []),
        ("run --env-file ", [":file"]),
        ("run debian:12 --", []),
        ("kill -s H", ["HUP"]),
        ("completion ", ["bash", "zsh", "fish"]),
        ("nonsense ", []),
    ],
)
def test_candidates_fit_the_place(line: str, words: list[str]) -> None:
    assert offered(line) == words


def test_every_command_is_offered_with_its_meaning() -> None:
    offered_commands = candidates([""], GLOBAL_OPTIONS, names)
    assert ("ps", "List containers") in offered_commands
