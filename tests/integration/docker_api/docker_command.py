"""The docker command, speaking to one suite."""

import subprocess
from dataclasses import dataclass

import pexpect

from tests.fixtures.suite import Suite


@dataclass(frozen=True)
class Docker:
    """The docker command, speaking to one suite."""

    suite: Suite

    @property
    def command(self) -> list[str]:
        return ["docker", "-H", f"unix://{self.suite.root}/run/docker.sock"]

    @property
    def env(self) -> dict[str, str]:
        """The classic builder, and none of the settings of whoever runs the tests."""
        return {**self.suite.env(), "DOCKER_BUILDKIT": "0", "DOCKER_HOST": self.command[-1]}

    def attempt(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*self.command, *arguments], input=stdin, env=self.env, capture_output=True, timeout=60, check=False
        )

    def __call__(self, *arguments: str, stdin: bytes = b"") -> str:
        done = self.attempt(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def on_terminal(self, *arguments: str) -> "pexpect.spawn[str]":
        return pexpect.spawn(
            self.command[0],
            [*self.command[1:], *arguments],
            env=self.env,
            encoding="utf-8",
            timeout=20,
            dimensions=(30, 100),
        )
