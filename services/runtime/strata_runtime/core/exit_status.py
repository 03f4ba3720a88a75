"""What it means when an OCI runtime could not start a process, in the exit codes that docker gave a meaning."""

import json
import re
from dataclasses import dataclass

ENGINE_FAILED = 125
NOT_EXECUTABLE = 126
NOT_FOUND = 127

_NOT_FOUND = re.compile(r"executable file .*not found|no such file or directory", re.IGNORECASE)
_NOT_EXECUTABLE = re.compile(
    r"permission denied|operation not permitted|exec format error|is a directory|not a directory|text file busy",
    re.IGNORECASE,
)
_ABOUT_COMMAND = re.compile(
    r"executable file|open executable|\bexec(?:ve)?\b.*:|exec format|(?:unable to start|starting) container process",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class StartFailure:
    """Why a process did not start: a sentence and an exit code."""

    exit_code: int
    message: str


def explain_failure(error_log: str, command: str) -> StartFailure:
    """Read what the OCI runtime logged (JSON lines; other text is taken as it is)."""
    text = _last_message(error_log)
    if _ABOUT_COMMAND.search(text):
        if _NOT_FOUND.search(text):
            return StartFailure(NOT_FOUND, f"{command!r} was not found in the container")
        if _NOT_EXECUTABLE.search(text):
            return StartFailure(NOT_EXECUTABLE, f"{command!r} cannot be executed in the container: {_cause(text)}")
    return StartFailure(ENGINE_FAILED, f"the OCI runtime could not start the container: {text or 'it did not say why'}")


def _last_message(error_log: str) -> str:
    message = ""
    for line in error_log.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            message = line.strip() or message
            continue
        if isinstance(record, dict) and record.get("level", "error") in ("error", "fatal"):
            message = str(record.get("msg", "")).strip() or message
    return message


def _cause(text: str) -> str:
    return text.rpartition(": ")[2].strip().lower()
