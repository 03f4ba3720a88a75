"""Pull, run, converse, read the sharing report: with the client library."""

import sys

from strata_client import Client, exec_spec, spec


def main(host: str, image: str) -> int:
    """Say what was done, one line for each step."""
    with Client(host) as strata:
        print("pulled", strata.images.pull(image).digest)  # noqa: T201
        done = strata.containers.run(image, ["echo", "hello from a container"])
        print("ran:", done.stdout.decode().strip())  # noqa: T201
        container = strata.containers.create(spec(image, ["sleep", "600"]))
        try:
            strata.containers.start(container.id)
            with strata.containers.open(container.id, exec_spec(["sh"], stdin=True)) as shell:
                shell.send(b"echo $((6 * 7))\n")
                answer = next(output.stdout for output in shell if output.stdout)
                print("conversed:", answer.decode().strip())  # noqa: T201
                shell.send(b"exit 3\n")
                print("exit status:", [output.exit.exit_code for output in shell][-1])  # noqa: T201
        finally:
            strata.containers.remove(container.id, force=True)
        report = strata.images.sharing_report()
        print(f"stored {report.stored_bytes} bytes for {report.logical_bytes}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
