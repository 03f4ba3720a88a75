"""Commands that remove what is not used."""

from collections.abc import Callable

from strata.gateway.v1.gateway_pb2 import PruneRequest, PruneResponse

from strata_client.cli.context import Context, say
from strata_client.cli.options import Command, Option, flag, many
from strata_client.cli.parsing import Line, UsageError
from strata_client.cli.quantities import parse_moment, size_text, timestamp
from strata_client.cli.terminal import is_terminal

_FORCE = flag("-f --force", "Do not ask")
_FILTER = many("--filter", "KEY=VALUE", "Only what matches: until=24h, label=app=web, label!=keep")


def _containers(_line: Line) -> PruneRequest:
    return PruneRequest(containers=True)


def _images(line: Line) -> PruneRequest:
    return PruneRequest(dangling_images=True, unused_images=line.flag("all"))


def _volumes(line: Line) -> PruneRequest:
    return PruneRequest(anonymous_volumes=True, unused_volumes=line.flag("all"))


def _networks(_line: Line) -> PruneRequest:
    return PruneRequest(networks=True)


def _everything(line: Line) -> PruneRequest:
    return PruneRequest(
        containers=True,
        networks=True,
        dangling_images=True,
        unused_images=line.flag("all"),
        anonymous_volumes=line.flag("volumes"),
        build_cache=True,
    )


def _filter(request: PruneRequest, words: list[str]) -> None:
    for word in words:
        key, _, value = word.partition("=")
        if key == "until" and value:
            request.until.CopyFrom(timestamp(parse_moment(value)))
        elif key in {"label", "label!"} and value:
            request.labels.append(f"!{value}" if key == "label!" else value)
        else:
            raise UsageError(f"invalid filter {word!r}: write until=24h, label=KEY=VALUE or label!=KEY")


def _is_agreed(question: str, line: Line) -> bool:
    """Whether the user wants it; one who cannot be asked has to say so beforehand."""
    if line.flag("force"):
        return True
    if not is_terminal(0):
        raise UsageError("nobody can be asked here: give --force")
    return input(f"This will remove {question}. Are you sure? [y/N] ").strip().lower() in {"y", "yes"}


def _report(response: PruneResponse) -> None:
    kinds = (
        ("Deleted Containers", response.containers),
        ("Deleted Networks", response.networks),
        ("Deleted Volumes", response.volumes),
        ("Untagged Images", response.untagged),
        ("Deleted Images", response.deleted),
    )
    for title, names in kinds:
        if names:
            say(f"{title}:\n" + "\n".join(names) + "\n")
    say(f"Total reclaimed space: {size_text(response.bytes_freed)}")


def _command(
    name: str, what: str, request: Callable[[Line], PruneRequest], options: tuple[Option, ...] = ()
) -> Command:
    def run(line: Line, context: Context) -> int:
        if not _is_agreed(what, line):
            return 0
        wanted = request(line)
        _filter(wanted, line.many("filter"))
        with context.connect() as gateway:
            _report(gateway.call(wanted, PruneResponse))
        return 0

    return Command(name, "", f"Remove {what}", run, (_FILTER, _FORCE, *options))


COMMANDS = {
    "container prune": _command("container prune", "all containers that do not run", _containers),
    "image prune": _command(
        "image prune",
        "all images without a name",
        _images,
        (flag("-a --all", "All images that no container uses, with names too"),),
    ),
    "network prune": _command("network prune", "all networks that no container is in", _networks),
    "system prune": _command(
        "system prune",
        "stopped containers, unused networks, images without a name and the build cache",
        _everything,
        (
            flag("-a --all", "All images that no container uses, with names too"),
            flag("--volumes", "Also volumes without a name that no container uses"),
        ),
    ),
    "volume prune": _command(
        "volume prune",
        "all volumes without a name that no container uses",
        _volumes,
        (flag("-a --all", "With names too"),),
    ),
}
