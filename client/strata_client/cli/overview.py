"""What ``strata --help`` says: the commands, the options that hold for all of them, and where to begin."""

from strata_client.cli import registry
from strata_client.cli.helping import table_of_commands, table_of_options
from strata_client.cli.options import Option

_HEAD = """
Usage:  strata [OPTIONS] COMMAND

Containers from images that share every layer and every file, on disk and in memory"""

_FOLDED = {"network": "Manage networks", "volume": "Manage volumes"}

_EXAMPLES = """Where to begin:
  strata up                                    start the services on this host
  strata run -it debian bash                   a shell in a new container
  strata run -d --name web -p 8080:80 nginx    a server in the background
  strata logs -f web                           what it writes
  strata exec -it web sh                       a shell beside it
  strata system df -v                          what images share, and what that saves

'strata COMMAND --help' says more about a command, with examples."""


def verbs_overview(word: str) -> str:
    """What may follow a kind of object."""
    verbs = table_of_commands([("Commands", registry.verbs(word))])
    return f"\nUsage:  strata {word} COMMAND\n\n{verbs}\n\n'strata {word} COMMAND --help' says more about a command."


def _folded(commands: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Commands with all verbs of networks and of volumes in one line each: the list should fit a screen."""
    folded: dict[str, str] = {}
    for name, summary in commands:
        word, _, verb = name.partition(" ")
        if word in _FOLDED:
            folded[word] = f"{folded[word]}, {verb}" if word in folded else f"{_FOLDED[word]}: {verb}"
        else:
            folded[name] = summary
    return list(folded.items())


def overview(options: tuple[Option, ...]) -> str:
    """The whole text."""
    commands = table_of_commands([(title, _folded(group)) for title, group in registry.summaries()])
    return "\n\n".join([_HEAD, commands, "Global options:\n" + table_of_options(options), _EXAMPLES])
