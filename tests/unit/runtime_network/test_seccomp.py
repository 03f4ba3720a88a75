"""Seccomp profiles: read, decided, translated."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.seccomp import Circumstances, default_profile, parse_profile, translate

NAMESPACE_FLAGS = 0x7E020000
DOCKER_CAPABILITIES = frozenset(
    f"CAP_{name}"
    for name in [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)


def allowed(profile):
    """Names that some rule allows whatever their arguments are."""
    return {
        name
        for rule in profile["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW" and "args" not in rule
        for name in rule["names"]
    }


def translated(document, architecture="amd64", capabilities=(), kernel=(6, 1)):
    return translate(parse_profile(json.dumps(document)), Circumstances(architecture, frozenset(capabilities), kernel))


def test_the_default_denies_what_is_not_named():
    profile = default_profile("amd64", DOCKER_CAPABILITIES)
    assert (profile["defaultAction"], profile["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", 1)
    assert profile["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]


@pytest.mark.parametrize(
    "name",
    [
        "add_key",
        "bpf",
        "finit_module",
        "fsopen",
        "io_uring_enter",
        "io_uring_register",
        "io_uring_setup",
        "kexec_load",
        "keyctl",
        "mount",
        "move_mount",
        "open_by_handle_at",
        "perf_event_open",
        "pivot_root",
        "quotactl",
        "reboot",
        "request_key",
        "setns",
        "settimeofday",
        "swapon",
        "umount2",
        "unshare",
        "userfaultfd",
    ],
)
def test_the_default_keeps_dangerous_calls_from_an_ordinary_container(name):
    assert name not in allowed(default_profile("amd64", DOCKER_CAPABILITIES))


@pytest.mark.parametrize(
    "name", ["chroot", "close_range", "execve", "futex_waitv", "mmap", "openat2", "ptrace", "statx"]
)
def test_the_default_lets_ordinary_programs_live(name):
    assert name in allowed(default_profile("amd64", DOCKER_CAPABILITIES))


@pytest.mark.parametrize(
    ("capability", "name"),
    [
        ("CAP_SYS_ADMIN", "mount"),
        ("CAP_SYS_ADMIN", "unshare"),
        ("CAP_SYS_ADMIN", "clone3"),
        ("CAP_SYS_PTRACE", "kcmp"),
        ("CAP_SYS_TIME", "settimeofday"),
        ("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
        ("CAP_BPF", "bpf"),
    ],
)
def test_a_capability_brings_the_calls_that_need_it(capability, name):
    assert name not in allowed(default_profile("amd64", DOCKER_CAPABILITIES))
    assert name in allowed(default_profile("amd64", DOCKER_CAPABILITIES | {capability}))


def test_clone_makes_no_namespaces_and_clone3_seems_not_to_exist():
    rules = default_profile("amd64", DOCKER_CAPABILITIES)["syscalls"]
    (clone,) = [rule for rule in rules if rule["names"] == ["clone"]]
    assert clone["args"] == [{"index": 0, "value": NAMESPACE_FLAGS, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]
    (clone3,) = [rule for rule in rules if rule["names"] == ["clone3"]]
    assert (clone3["action"], clone3["errnoRet"]) == ("SCMP_ACT_ERRNO", 38)


def test_on_s390x_the_flags_of_clone_are_its_second_argument():
    rules = default_profile("s390x", DOCKER_CAPABILITIES)["syscalls"]
    (clone,) = [rule for rule in rules if rule["names"] == ["clone"]]
    assert clone["args"][0]["index"] == 1


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        ({"includes": {"caps": ["CAP_A"]}}, True),
        ({"includes": {"caps": ["CAP_A", "CAP_B"]}}, False),
        ({"excludes": {"caps": ["CAP_A", "CAP_B"]}}, False),
        ({"includes": {"arches": ["arm64", "amd64"]}}, True),
        ({"includes": {"arches": ["arm64"]}}, False),
        ({"excludes": {"arches": ["amd64"]}}, False),
        ({"includes": {"minKernel": "6.1"}}, True),
        ({"includes": {"minKernel": "6.10"}}, False),
        ({"excludes": {"minKernel": "4.8"}}, False),
        ({"includes": {"caps": ["CAP_A"]}, "excludes": {"caps": ["CAP_A"]}}, False),
        ({}, True),
    ],
)
def test_conditions_are_decided_as_moby_decides_them(condition, applies):
    rule = {"names": ["read"], "action": "SCMP_ACT_ALLOW", **condition}
    profile = translated({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [rule]}, capabilities={"CAP_A"})
    assert bool(profile["syscalls"]) is applies


def test_the_first_version_of_the_format_is_read_too():
    document = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86"],
        "syscalls": [{"name": "mkdir", "action": "SCMP_ACT_ERRNO", "args": None}],
    }
    assert translated(document) == {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86"],
        "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}],
    }


RULE = {"names": ["read"], "action": "SCMP_ACT_ALLOW"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "[" * 100_000,
        "{}",
        json.dumps({"defaultAction": "SCMP_ACT_NOTIFY"}),
        json.dumps({"defaultAction": ["SCMP_ACT_ALLOW"]}),
        json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {}}),
        json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [1]}),
        json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ALLOW"}]}),
        json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{**RULE, "names": ["re\nad"]}]}),
        json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{**RULE, "errnoRet": -1}]}),
        json.dumps(
            {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{**RULE, "args": [{"index": 6, "op": "SCMP_CMP_EQ"}]}]}
        ),
        json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{**RULE, "args": [{"op": "=="}]}]}),
        json.dumps(
            {
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [{**RULE, "args": [{"value": 1 << 64, "op": "SCMP_CMP_EQ"}]}],
            }
        ),
        json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{**RULE, "includes": {"minKernel": "new"}}]}),
    ],
)
def test_a_broken_profile_is_refused_with_a_reason(text):
    with pytest.raises(InvalidArgument, match="invalid seccomp profile: "):
        parse_profile(text)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["SCMP_ACT_ALLOW", "SCMP_CMP_EQ"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["defaultAction", "syscalls", "names", "action", "args", "op", "includes", "caps", "archMap"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(values)
def test_any_json_is_read_or_refused_and_nothing_else(value):
    try:
        document = parse_profile(json.dumps(value))
    except InvalidArgument:
        return
    translate(document, Circumstances("amd64"))
