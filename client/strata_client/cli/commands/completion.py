"""``strata completion``."""

import sys

from strata_client.cli.completion_scripts import SCRIPTS
from strata_client.cli.context import Context
from strata_client.cli.options import Command
from strata_client.cli.parsing import Line, UsageError


def run(line: Line, _context: Context) -> int:
    """Print the script of a shell."""
    shell = line.arguments[0]
    if shell not in SCRIPTS:
        raise UsageError(f"no completion for {shell!r}: there is one for {', '.join(SCRIPTS)}")
    sys.stdout.write(SCRIPTS[shell])
    return 0


COMMANDS = {
    "completion": Command(
        name="completion",
        usage="bash|zsh|fish",
        summary="Print a completion script for a shell: commands, options, and names of containers and images",
        run=run,
        least=1,
        most=1,
        examples="""
            source <(strata completion bash)  # for this shell; put it into ~/.bashrc to keep it
            strata completion zsh > ~/.zfunc/_strata  # with ~/.zfunc in $fpath
            strata completion fish > ~/.config/fish/completions/strata.fish  # for good
        """,
        complete=("shell",),
    )
}
