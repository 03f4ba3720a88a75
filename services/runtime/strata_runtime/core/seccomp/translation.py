"""From a profile to what an OCI runtime takes: conditions decided, architectures filled in."""

from dataclasses import dataclass
from typing import Any

from strata_runtime.core.seccomp.document import Argument, Condition, Rule, SeccompDocument

_ARCHITECTURES = {
    "386": "SCMP_ARCH_X86",
    "amd64": "SCMP_ARCH_X86_64",
    "arm": "SCMP_ARCH_ARM",
    "arm64": "SCMP_ARCH_AARCH64",
    "mips64le": "SCMP_ARCH_MIPSEL64",
    "ppc64le": "SCMP_ARCH_PPC64LE",
    "riscv64": "SCMP_ARCH_RISCV64",
    "s390x": "SCMP_ARCH_S390X",
}
_OLDEST_KERNEL = (5, 11)  # that Strata runs on


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a container runs with: architecture (OCI's name), capabilities (CAP_X), the host's kernel."""

    architecture: str
    capabilities: frozenset[str] = frozenset()
    kernel: tuple[int, int] = _OLDEST_KERNEL


def translate(document: SeccompDocument, circumstances: Circumstances) -> dict[str, Any]:
    """Return ``linux.seccomp`` of a bundle. Equal arguments give equal results, order included."""
    profile: dict[str, Any] = {"defaultAction": document.default_action}
    if document.default_errno is not None:
        profile["defaultErrnoRet"] = document.default_errno
    profile["architectures"] = list(_architectures(document, circumstances.architecture))
    if document.flags:
        profile["flags"] = list(document.flags)
    profile["syscalls"] = [_oci_rule(rule) for rule in document.rules if _counts(rule, circumstances)]
    return profile


def _architectures(document: SeccompDocument, architecture: str) -> tuple[str, ...]:
    """The host's architecture and those whose programs it runs as well; what the profile says outright comes first."""
    if document.architectures:
        return document.architectures
    own = _ARCHITECTURES.get(architecture)
    if own is None:
        return ()
    return (own, *dict(document.families).get(own, ()))


def _counts(rule: Rule, circumstances: Circumstances) -> bool:
    return _includes(rule.includes, circumstances) and not _excludes(rule.excludes, circumstances)


def _includes(condition: Condition, circumstances: Circumstances) -> bool:
    """All that is named must hold; of architectures, one."""
    return (
        circumstances.capabilities.issuperset(condition.capabilities)
        and (not condition.architectures or circumstances.architecture in condition.architectures)
        and (condition.kernel is None or circumstances.kernel >= condition.kernel)
    )


def _excludes(condition: Condition, circumstances: Circumstances) -> bool:
    """Any that is named suffices."""
    return (
        not circumstances.capabilities.isdisjoint(condition.capabilities)
        or circumstances.architecture in condition.architectures
        or (condition.kernel is not None and circumstances.kernel >= condition.kernel)
    )


def _oci_rule(rule: Rule) -> dict[str, Any]:
    translated: dict[str, Any] = {"names": list(rule.names), "action": rule.action}
    if rule.errno is not None:
        translated["errnoRet"] = rule.errno
    if rule.arguments:
        translated["args"] = [_oci_argument(argument) for argument in rule.arguments]
    return translated


def _oci_argument(argument: Argument) -> dict[str, Any]:
    return {
        "index": argument.index,
        "value": argument.value,
        "valueTwo": argument.value_two,
        "op": argument.operator,
    }
