"""Which subcommands there are, and in which module each one is found. Names only: importing them all is slow."""

import importlib

from strata_client.cli.options import Command

# Heading, then: name, module in ``commands``, summary. Several commands may live in one module.
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Common commands",
        (
            ("run", "run", "Create and run a new container from an image"),
            ("exec", "exec", "Run a command in a running container"),
            ("ps", "ps", "List containers"),
            ("pull", "pull", "Download an image from a registry"),
            ("images", "images", "List images"),
            ("logs", "logs", "Show what a container has written"),
            ("stop", "lifecycle", "Stop running containers"),
            ("rm", "rm", "Remove containers"),
            ("version", "version", "Show the versions of client and engine"),
            ("info", "info", "Show what the engine runs on and with"),
        ),
    ),
    (
        "Containers",
        (
            ("attach", "attach", "Connect this terminal to a running container"),
            ("commit", "commit", "Make an image of a container's changes"),
            ("container prune", "prune", "Remove all containers that do not run"),
            ("cp", "cp", "Copy files between a container and this machine"),
            ("create", "create", "Create a container without starting it"),
            ("diff", "diff", "Show what a container changed in its file system"),
            ("export", "archives", "Write a container's whole file system as a tar"),
            ("inspect", "inspect", "Show everything about containers and images as JSON"),
            ("kill", "lifecycle", "Send a signal to running containers"),
            ("pause", "lifecycle", "Freeze all processes of containers"),
            ("port", "port", "Show where a container's ports are published"),
            ("rename", "rename", "Give a container another name"),
            ("restart", "lifecycle", "Stop containers and start them again"),
            ("start", "start", "Start stopped containers"),
            ("stats", "stats", "Show what containers use, live"),
            ("top", "top", "Show the processes of a container"),
            ("unpause", "lifecycle", "Let frozen containers go on"),
            ("update", "update", "Change limits, restart policy, ports or mounts of containers"),
            ("wait", "lifecycle", "Wait until containers stop, and print their exit statuses"),
        ),
    ),
    (
        "Images",
        (
            ("build", "build", "Build an image from a Dockerfile"),
            ("history", "history", "Show the steps by which an image was made"),
            ("image prune", "prune", "Remove all images without a name"),
            ("import", "archives", "Make an image of the tar of a root file system"),
            ("load", "archives", "Read images that were saved"),
            ("login", "login", "Keep credentials for a registry"),
            ("logout", "login", "Forget the credentials for a registry"),
            ("push", "push", "Upload an image to a registry"),
            ("rmi", "rmi", "Remove images"),
            ("save", "archives", "Write images as a tar"),
            ("tag", "tag", "Give an image one more name"),
        ),
    ),
    (
        "Networks and volumes",
        (
            ("network connect", "networks", "Put a container into one more network"),
            ("network create", "networks", "Make a network"),
            ("network disconnect", "networks", "Take a container out of a network"),
            ("network inspect", "networks", "Show everything about networks as JSON"),
            ("network ls", "networks", "List networks"),
            ("network prune", "prune", "Remove all networks that no container is in"),
            ("network rm", "networks", "Remove networks"),
            ("volume create", "volumes", "Make a volume"),
            ("volume inspect", "volumes", "Show everything about volumes as JSON"),
            ("volume ls", "volumes", "List volumes"),
            ("volume prune", "prune", "Remove all volumes without a name that no container uses"),
            ("volume rm", "volumes", "Remove volumes"),
        ),
    ),
    (
        "System",
        (
            ("completion", "completion", "Print a completion script for a shell"),
            ("doctor", "doctor", "Check this host and the suite, and say what to do"),
            ("down", "suite", "Stop the services of the suite"),
            ("events", "events", "Show what happens, as it happens"),
            ("status", "suite", "Show the services of the suite"),
            ("suite restart", "suite", "Restart one service of the suite; containers do not notice"),
            ("system df", "system_df", "Show disk use, and what sharing saves"),
            ("system prune", "prune", "Remove what is not used"),
            ("up", "suite", "Start the services of the suite on this host"),
        ),
    ),
)

# Docker's longer names, and names that people type out of habit.
ALIASES = {
    "df": "system df",
    "suite up": "up",
    "suite down": "down",
    "suite status": "status",
    "container ls": "ps",
    "container list": "ps",
    "container ps": "ps",
    "image ls": "images",
    "image list": "images",
    "image rm": "rmi",
    "image remove": "rmi",
    "image inspect": "inspect",
    "network list": "network ls",
    "network remove": "network rm",
    "volume list": "volume ls",
    "volume remove": "volume rm",
    "system info": "info",
    "system events": "events",
}

# What may be written with the kind of object before it: "container stop", "image pull".
_MANAGED = {
    "container": {
        name for title, commands in GROUPS if title in {"Common commands", "Containers"} for name, _, _ in commands
    },
    "image": {"build", "history", "import", "load", "pull", "push", "save", "tag"},
}
_HIDDEN = {"__complete": "complete"}
_MODULES = {name: module for _, commands in GROUPS for name, module, _ in commands} | _HIDDEN


def names() -> list[str]:
    """Every command that help shows."""
    return [name for _, commands in GROUPS for name, _, _ in commands]


def summaries() -> list[tuple[str, list[tuple[str, str]]]]:
    """Names and summaries of all commands under their headings."""
    return [(title, [(name, summary) for name, _, summary in commands]) for title, commands in GROUPS]


def verbs(word: str) -> list[tuple[str, str]]:
    """Verbs that may follow a kind of object, such as "network", with their summaries."""
    pairs = [(name.split(), summary) for _, commands in GROUPS for name, _, summary in commands]
    found = {name[1]: summary for name, summary in pairs if len(name) > 1 and name[0] == word}
    found |= {" ".join(name): summary for name, summary in pairs if name[0] in _MANAGED.get(word, ())}
    return sorted(found.items())


def find(words: list[str]) -> tuple[str, list[str]] | None:
    """Name of the command that a line begins with, and the words that follow it."""
    for size in (2, 1):
        name = " ".join(words[:size])
        name = ALIASES.get(name, name)
        if name in _MODULES:
            return name, words[size:]
    if len(words) > 1 and words[0] in _MANAGED and words[1] in _MANAGED[words[0]]:
        return words[1], words[2:]
    return None


def load(name: str) -> Command:
    """Import a command."""
    module = importlib.import_module(f"strata_client.cli.commands.{_MODULES[name]}")
    commands: dict[str, Command] = module.COMMANDS
    return commands[name]


def nearest(word: str) -> str | None:
    """Find the command that was probably meant."""
    from difflib import get_close_matches

    matches = get_close_matches(word, names(), n=1, cutoff=0.7)
    return matches[0] if matches else None
