"""The ``strata`` command: from the words of its line to an exit status."""

import os
import sys
from collections.abc import Sequence

from strata_chassis.errors import StrataError
from strata_chassis.errors_exit import ENGINE_FAILED, FAILURE
from strata_client.cli import failure, registry
from strata_client.cli.context import Context, say, warn
from strata_client.cli.options import Command, Option, flag, text
from strata_client.cli.parsing import HelpAsked, UsageError, parse
from strata_client.wire.endpoint import DEFAULT_HOST, Credentials, parse_endpoint

GLOBAL_OPTIONS: tuple[Option, ...] = (
    text("-H --host", "ADDRESS", "Gateway to talk to; also STRATA_HOST", DEFAULT_HOST),
    text("--tls-ca", "FILE", "Who signed the gateway's certificate; also STRATA_TLS_CA", complete="file"),
    text("--tls-cert", "FILE", "Certificate to show to the gateway; also STRATA_TLS_CERT", complete="file"),
    text("--tls-key", "FILE", "Key of that certificate; also STRATA_TLS_KEY", complete="file"),
    flag("-v --version", "Print the version and quit"),
    flag("-h --help", "Print this"),
)
_SEE_HELP = "See 'strata{} --help' for what there is."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; always returns its status, whatever happens on the way.

    Without ``argv`` it is the program itself and ends here: taking the interpreter apart would be an eighth of its run.
    """
    if argv is not None:
        return _run_words(list(argv))
    status = _run_words(sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)


def _run_words(words: list[str]) -> int:
    """Run one command and write all that it says."""
    try:
        status = _dispatch(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return failure.INTERRUPTED
    except BrokenPipeError:
        failure.silence_stdout()
        return failure.BROKEN_PIPE
    return status


def _dispatch(words: list[str]) -> int:
    """Read the global options and hand the rest to its command."""
    front, rest = _split(words)
    try:
        settings = parse(Command("", "", "", run=lambda _l, _c: 0, options=GLOBAL_OPTIONS), front)
        context = _context(settings.text("host"), {key: settings.text(f"tls-{key}") for key in ("ca", "cert", "key")})
    except (UsageError, StrataError) as error:
        warn(f"strata: {error}\n{_SEE_HELP.format('')}")
        return ENGINE_FAILED
    if settings.flag("version"):
        return _print_version()
    if settings.flag("help") or not rest or rest == ["help"]:
        return _print_help()
    found = registry.find(rest[1:] if rest[0] == "help" else rest)
    if found is None:
        return _print_verbs(rest) if registry.verbs(rest[0]) and rest[1:] in ([], ["--help"]) else _unknown(rest)
    name, arguments = found
    return _run(registry.load(name), ["--help"] if rest[0] == "help" else arguments, context)


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Cut the words into global options and the command with what follows it."""
    takes_value = {name for option in GLOBAL_OPTIONS if option.value for name in option.names}
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in takes_value else 1
    return words[:at], words[at:]


def _context(host: str, tls: dict[str, str]) -> Context:
    """Settle where the gateway is: the flag, else the environment, else the default."""
    environment = os.environ.get("STRATA_HOST", "")
    if host == DEFAULT_HOST and environment:
        host = environment
    files = {key: value or os.environ.get(f"STRATA_TLS_{key.upper()}", "") for key, value in tls.items()}
    credentials = Credentials(files["ca"], files["cert"], files["key"]) if all(files.values()) else None
    return Context(parse_endpoint(host), credentials, has_default_host=host == DEFAULT_HOST)


def _run(command: Command, words: list[str], context: Context) -> int:
    """Parse a command's line and run it."""
    try:
        return command.run(parse(command, words), context)
    except HelpAsked:
        return _print_command_help(command)
    except UsageError as error:
        return _explain_usage(command, error)
    except StrataError as error:
        warn(failure.sentence_of(error))
        return failure.status_of(command.name, error)


def _explain_usage(command: Command, error: UsageError) -> int:
    """Say what is wrong with a line; how many arguments there may be is best seen in its usage."""
    from strata_client.cli.helping import usage_of

    is_about_count = str(error).startswith("'strata")
    usage = f"\n{usage_of(command)}" if is_about_count else ""
    warn(f"strata: {error}{usage}\n{_SEE_HELP.format(' ' + command.name)}")
    return FAILURE if is_about_count else ENGINE_FAILED


def _print_command_help(command: Command) -> int:
    from strata_client.cli.helping import help_of

    say("\n" + help_of(command))
    return 0


def _print_version() -> int:
    from strata_client.version import VERSION

    say(f"strata version {VERSION}")
    return 0


def _print_help() -> int:
    from strata_client.cli.overview import overview

    say(overview(GLOBAL_OPTIONS))
    return 0


def _print_verbs(words: list[str]) -> int:
    from strata_client.cli.overview import verbs_overview

    say(verbs_overview(words[0]))
    return 0


def _unknown(words: list[str]) -> int:
    name = (
        " ".join(words[:2])
        if words[0] in {"system", "suite", "image", "container", "network", "volume", "help"}
        else words[0]
    )
    near = registry.nearest(name)
    hint = f" (did you mean 'strata {near}'?)" if near else ""
    warn(f"strata: unknown command: strata {name}{hint}\n{_SEE_HELP.format('')}")
    return FAILURE


if __name__ == "__main__":
    sys.exit(main())
