"""What ``strata --help`` says: the commands, the options that hold for all of them, and where to begin."""

from strata_client.cli import registry
from strata_client.cli.helping import table_of_commands, table_of_options
from strata_client.cli.options import Option

_HEAD = """
Usage:  strata [OPTIONS] COMMAND

Containers from images that share every layer and every file, on disk and in memory"""

_EXAMPLES = """Where to begin:
  strata up                                    start the services on this host
  strata run -it debian bash                   a shell in a new container
  strata run -d --name web -p 8080:80 nginx    a server in the background
  strata logs -f web                           what it writes
  strata exec -it web sh                       a shell beside it
  strata system df -v                          what images share, and what that saves

'strata COMMAND --help' says more about a command, with examples."""


def overview(options: tuple[Option, ...]) -> str:
    """The whole text."""
    commands = table_of_commands(registry.summaries())
    return "\n\n".join([_HEAD, commands, "Global options:\n" + table_of_options(options), _EXAMPLES])
