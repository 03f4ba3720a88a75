"""Where a stage stands: its config so far, its variables, and the image of it if one was needed already."""

from dataclasses import dataclass, field
from typing import Any

from strata_gateway.core.build.stages import PREDEFINED_ARGS
from strata_gateway.core.dockerfile.metadata import environment

Config = dict[str, Any]


@dataclass
class StageState:
    """``image`` is the manifest digest of an image that has exactly ``config``; "" when there is none yet."""

    config: Config
    image: str = ""
    args: dict[str, str] = field(default_factory=dict)

    @property
    def execution(self) -> Config:
        """``config`` part of the config."""
        execution: Config = self.config.get("config") or {}
        return execution

    @property
    def diff_ids(self) -> list[str]:
        """Layers so far."""
        return list((self.config.get("rootfs") or {}).get("diff_ids") or ())

    def variables(self) -> dict[str, str]:
        """What instructions may refer to: arguments, and the environment, which wins."""
        return self.args | environment(self.execution)

    def run_environment(self) -> list[str]:
        """Variables a RUN step has besides those of the image."""
        env = environment(self.execution)
        return [f"{name}={value}" for name, value in sorted(self.args.items()) if name not in env]

    def key_arguments(self) -> list[str]:
        """Arguments that decide what a RUN step does: the predefined ones do not count."""
        return [text for text in self.run_environment() if text.partition("=")[0] not in PREDEFINED_ARGS]
