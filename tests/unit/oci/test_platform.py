"""The tables follow platforms_test.go and compare_test.go of github.com/containerd/platforms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_oci.errors import MalformedError
from strata_oci.platform import Platform


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("linux/amd64", "linux/amd64"),
        ("amd64", "linux/amd64"),
        ("x86_64", "linux/amd64"),
        ("linux/x86-64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v2", "linux/amd64/v2"),
        ("i686", "linux/386"),
        ("aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/8", "linux/arm64"),
        ("linux/arm64/v9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/7", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("armhf", "linux/arm/v7"),
        ("armel", "linux/arm/v6"),
        ("Linux/ARM64", "linux/arm64"),
        ("macos/arm64", "darwin/arm64"),
        ("linux/riscv64", "linux/riscv64"),
    ],
)
def test_a_platform_has_one_spelling(text, normal):
    assert str(Platform.parse(text)) == normal


@pytest.mark.parametrize("text", ["", "/", "linux/", "a/b/c/d", "linux/amd 64", "linux/amd64\n", "linux//v1"])
def test_what_is_no_platform_is_refused(text):
    with pytest.raises(MalformedError):
        Platform.parse(text)


@pytest.mark.parametrize(
    ("machine", "images", "best"),
    [
        ("linux/amd64", ["linux/386", "linux/amd64"], "linux/amd64"),
        ("linux/amd64", ["linux/arm64", "linux/386"], "linux/386"),
        ("linux/amd64", ["linux/amd64/v2", "linux/amd64/v3"], None),
        ("linux/amd64/v3", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], "linux/amd64/v2"),
        ("linux/arm/v7", ["linux/arm/v5", "linux/arm/v6", "linux/arm/v8"], "linux/arm/v6"),
        ("linux/arm/v6", ["linux/arm/v7"], None),
        ("linux/arm64", ["linux/arm/v7", "linux/arm64/v8"], "linux/arm64"),
        ("linux/arm64", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"),
        ("linux/arm64/v9", ["linux/arm64/v8.5", "linux/arm64/v8.6"], "linux/arm64/v8.5"),
        ("linux/arm64", ["windows/arm64", "linux/s390x", "unknown/unknown"], None),
    ],
)
def test_the_newest_variant_that_runs_is_chosen(machine, images, best):
    host = Platform.parse(machine)
    ranked = [(host.rank(Platform.parse(image)), image) for image in images]
    suitable = sorted((rank, image) for rank, image in ranked if rank is not None)
    assert (str(Platform.parse(suitable[0][1])) if suitable else None) == best


texts = st.text(max_size=12)


@given(texts, texts, texts)
def test_normal_is_normal(os, architecture, variant):
    once = Platform(os, architecture, variant).normal()
    assert once.normal() == once


@given(texts, texts, texts)
def test_every_machine_runs_its_own_images_best(os, architecture, variant):
    machine = Platform(os, architecture, variant).normal()
    assert machine.rank(machine) == 0
