"""Start the launcher: ``python -m strata_runtime.launcher --run-dir DIR``."""

import contextlib
import os
import resource
import signal
import socket
import sys
from pathlib import Path

from strata_runtime.launcher import cgroup_moves, kernel, namespace, places
from strata_runtime.launcher.loop import READABLE, Loop
from strata_runtime.launcher.server import Server


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM finds nothing running."""
    words = sys.argv[1:] if argv is None else argv
    run_dir = option(words, "--run-dir", "/run/strata")
    try:
        namespace.check_root()
    except RuntimeError as error:
        sys.stderr.write(f"strata-launcher: {error}\n")
        return 1
    try:
        serve(Path(run_dir).absolute())
    except places.NotOurs as error:
        sys.stderr.write(f"strata-launcher: {error}\n")
        return 1
    return 0


def option(words: list[str], name: str, default: str) -> str:
    """Value of ``name VALUE`` or ``name=VALUE``; others are the services' and not the launcher's. Saves argparse."""
    for word, following in zip(words, [*words[1:], default], strict=True):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return default


def serve(run_dir: Path) -> None:
    """Set the process up and run its loop."""
    become_independent()
    run_dir.mkdir(parents=True, exist_ok=True)
    namespace.prepare(run_dir)
    cgroup_moves.favour()
    loop = Loop()
    root = run_dir / "launcher"
    places.claim(root)
    server = Server(loop, root)
    watch_signals(loop, server)
    server.adopt()
    listener = listen(run_dir / "launcher.sock")
    loop.watch(listener.fileno(), READABLE, lambda _: server.accept(listener))
    notify_ready()
    loop.run()
    with contextlib.suppress(FileNotFoundError):
        (run_dir / "launcher.sock").unlink()


def become_independent() -> None:
    """Leave the terminal's session, inherit orphans, allow as many descriptors as the host does."""
    with contextlib.suppress(PermissionError):  # leads its process group already
        os.setsid()
    kernel.become_subreaper()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.umask(0o077)


def watch_signals(loop: Loop, server: Server) -> None:
    """Serve SIGCHLD and SIGTERM in the loop. SIGINT is the terminal's business, not the containers'."""
    wake_reader, wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wake(_mask: int) -> None:
        numbers = os.read(wake_reader, 4096)
        server.reap()
        if signal.SIGTERM in numbers and not server.has_live_tasks():
            loop.stop()

    loop.watch(wake_reader, READABLE, wake)


def listen(path: Path) -> socket.socket:
    """The launcher's socket: root only."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(64)
    return listener


def notify_ready() -> None:
    """Tell who started us (``sd_notify``) that the socket is there."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
            notifier.connect("\0" + address[1:] if address.startswith("@") else address)
            notifier.send(b"READY=1")


if __name__ == "__main__":
    sys.exit(main())
