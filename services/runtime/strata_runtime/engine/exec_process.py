"""The process of an exec session."""

import json
from typing import Any

from strata_runtime.adapters.users import look_up_user
from strata_runtime.core.bundle import process
from strata_runtime.core.container.record import Container
from strata_runtime.core.exec_session import ExecSpec
from strata_runtime.engine.parts import Parts


def exec_process(parts: Parts, container: Container, spec: ExecSpec) -> dict[str, Any]:
    """OCI process of a session: the container's own, with what the session asks for.

    Reads the bundle and the container's users: blocking.
    """
    base = json.loads((parts.paths.bundle(container.id) / "config.json").read_text())["process"]
    value = dict(base)
    value.pop("consoleSize", None)
    value.update(terminal=spec.tty, args=list(spec.command), cwd=spec.working_dir or base["cwd"])
    environment = [entry for entry in base["env"] if not (spec.user and entry.startswith("HOME="))]
    home = "/"
    if spec.user:
        user = look_up_user(str(parts.paths.rootfs(container.id)), spec.user)
        value["user"], home = process.user_value(user), user.home
    terminal_env = ("TERM=xterm",) if spec.tty else ()
    value["env"] = process.merged_environment((*terminal_env, *environment), spec.env, home)
    if spec.privileged:
        value["capabilities"] = process.capability_sets(parts.host.capabilities)
    return value
