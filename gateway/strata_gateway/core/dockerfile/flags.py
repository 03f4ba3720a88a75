"""Flags of instructions: one that is not understood must not be passed over, as it changes what is made."""

from collections.abc import Iterable, Mapping

from strata_gateway.core.dockerfile.instruction import DockerfileError, Instruction

_UNDERSTOOD: Mapping[str, frozenset[str]] = {
    "FROM": frozenset({"platform"}),
    "ADD": frozenset({"chown", "chmod"}),
    "COPY": frozenset({"from", "chown", "chmod"}),
    "RUN": frozenset({"network", "mount"}),  # --mount is refused with a sentence of its own
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
}
_OF_BUILDKIT: Mapping[str, frozenset[str]] = {
    "ADD": frozenset({"link", "exclude", "checksum", "keep-git-dir", "unpack"}),
    "COPY": frozenset({"link", "exclude", "parents"}),
    "RUN": frozenset({"security", "device"}),
}


def checked(instructions: Iterable[Instruction]) -> tuple[Instruction, ...]:
    """The instructions, whose flags are all understood. Raises DockerfileError."""
    found = tuple(instructions)
    for instruction in found:
        for name in instruction.flags.keys() - _UNDERSTOOD.get(instruction.keyword, frozenset()):
            raise _refusal(instruction, name)
    return found


def _refusal(instruction: Instruction, name: str) -> DockerfileError:
    if name in _OF_BUILDKIT.get(instruction.keyword, ()):
        return DockerfileError(f"the --{name} option requires BuildKit, which is not served", instruction.line)
    return DockerfileError(f"unknown flag: --{name} of {instruction.keyword}", instruction.line)
