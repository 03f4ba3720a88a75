"""Run a bundle with crun alone, again and again: what a start costs before anybody adds to it.

Run by path inside the launcher's mount namespace, where the container's root file system is mounted;
prints one line of seconds per round. Standard library only, as it runs under nsenter.
"""

import os
import sys
import time


def run_once(argv: list[str]) -> float:
    """Seconds from spawn to exit of one command."""
    start = time.perf_counter()
    process = os.posix_spawn(argv[0], argv, os.environ)
    _, status = os.waitpid(process, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{' '.join(argv)} failed")
    return seconds


def main() -> None:
    """``bare_crun.py ROUNDS COMMAND...``, where {} in the command stands for the round's number."""
    rounds, *command = sys.argv[1:]
    for number in range(int(rounds)):
        sys.stdout.write(f"{run_once([word.replace('{}', str(number)) for word in command])}\n")


if __name__ == "__main__":
    main()
