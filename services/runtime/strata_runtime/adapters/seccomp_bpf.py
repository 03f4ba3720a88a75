"""Seccomp profiles compiled once: libseccomp takes 11 ms for docker's profile, more than the rest of a start."""

import base64
import ctypes
import ctypes.util
import hashlib
import json
import logging
import os
from collections.abc import Mapping
from typing import Any

from strata_runtime.core.bundle.host import SeccompFilter

_log = logging.getLogger(__name__)

_ACTIONS = {
    "SCMP_ACT_KILL": 0x00000000,
    "SCMP_ACT_KILL_THREAD": 0x00000000,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_ERRNO": 0x00050000,
    "SCMP_ACT_TRACE": 0x7FF00000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_ALLOW": 0x7FFF0000,
}
_WITH_ERRNO = ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE")
_OPERATORS = {
    "SCMP_CMP_NE": 1,
    "SCMP_CMP_LT": 2,
    "SCMP_CMP_LE": 3,
    "SCMP_CMP_EQ": 4,
    "SCMP_CMP_GE": 5,
    "SCMP_CMP_GT": 6,
    "SCMP_CMP_MASKED_EQ": 7,
}
_EPERM = 1
_UNKNOWN_SYSCALL = -1
_FLTATR_CTL_OPTIMIZE, _BINARY_TREE = 8, 2


class _Comparison(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


class SeccompCompiler:
    """Compiles OCI seccomp documents; each once."""

    def __init__(self) -> None:
        self._cache: dict[str, SeccompFilter] = {}
        self._library = _load()

    def compile(self, document: Mapping[str, Any]) -> SeccompFilter:
        """The filter of a document: compiled where libseccomp is at hand, as it is otherwise."""
        key = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
        if key not in self._cache:
            program = _compile(self._library, document) if self._library else b""
            self._cache[key] = SeccompFilter(base64.b64encode(program).decode(), document)
        return self._cache[key]


def _load() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        _log.warning("libseccomp is missing: seccomp profiles are left to the OCI runtime to compile")
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    return library


def _compile(library: ctypes.CDLL, document: Mapping[str, Any]) -> bytes:
    context = ctypes.c_void_p(
        library.seccomp_init(ctypes.c_uint32(_action(document["defaultAction"], document.get("defaultErrnoRet"))))
    )
    try:
        for architecture in document.get("architectures", ()):
            name = architecture.removeprefix("SCMP_ARCH_").lower()
            library.seccomp_arch_add(context, library.seccomp_arch_resolve_name(name.encode()))
        for rule in document.get("syscalls", ()):
            _add_rule(library, context, rule, document)
        library.seccomp_attr_set(context, _FLTATR_CTL_OPTIMIZE, _BINARY_TREE)
        return _export(library, context)
    finally:
        library.seccomp_release(context)


def _add_rule(
    library: ctypes.CDLL, context: ctypes.c_void_p, rule: Mapping[str, Any], document: Mapping[str, Any]
) -> None:
    action = _action(rule["action"], rule.get("errnoRet"))
    if action == _action(document["defaultAction"], document.get("defaultErrnoRet")):
        return  # libseccomp refuses rules that say what is said anyway
    comparisons = [
        _Comparison(item["index"], _OPERATORS[item["op"]], item["value"], item.get("valueTwo", 0))
        for item in rule.get("args") or ()
    ]
    array = (_Comparison * len(comparisons))(*comparisons)
    for name in rule["names"]:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number != _UNKNOWN_SYSCALL:
            library.seccomp_rule_add_array(context, ctypes.c_uint32(action), number, len(comparisons), array)


def _action(name: str, errno: int | None) -> int:
    base = _ACTIONS[name]
    return base | (_EPERM if errno is None else errno) if name in _WITH_ERRNO else base


def _export(library: ctypes.CDLL, context: ctypes.c_void_p) -> bytes:
    file = os.memfd_create("seccomp", os.MFD_CLOEXEC)
    try:
        if library.seccomp_export_bpf(context, file) != 0:
            raise OSError(22, "libseccomp could not compile the profile")
        return os.pread(file, os.fstat(file).st_size, 0)
    finally:
        os.close(file)
