"""The tables follow reference_test.go and normalize_test.go of github.com/distribution/reference."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_oci.digest import Digest
from strata_oci.errors import MalformedError
from strata_oci.reference import Reference, is_tag

HEX = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
DIGEST = f"sha256:{HEX}"


@pytest.mark.parametrize(
    ("text", "domain", "path", "tag"),
    [
        ("ubuntu", "docker.io", "library/ubuntu", None),
        ("ubuntu:22.04", "docker.io", "library/ubuntu", "22.04"),
        ("user/app", "docker.io", "user/app", None),
        ("library/ubuntu", "docker.io", "library/ubuntu", None),
        ("docker.io/ubuntu", "docker.io", "library/ubuntu", None),
        ("docker.io/library/ubuntu", "docker.io", "library/ubuntu", None),
        ("index.docker.io/ubuntu", "docker.io", "library/ubuntu", None),
        ("index.docker.io/user/app", "docker.io", "user/app", None),
        ("localhost/app", "localhost", "app", None),
        ("localhost:5000/app:1", "localhost:5000", "app", "1"),
        ("localhost", "docker.io", "library/localhost", None),
        ("localhost:5000", "docker.io", "library/localhost", "5000"),
        ("Host/app", "Host", "app", None),
        ("test.com:8080/a/b/c:v1", "test.com:8080", "a/b/c", "v1"),
        ("test:5000/repo", "test:5000", "repo", None),
        ("127.0.0.1:5000/docker/docker", "127.0.0.1:5000", "docker/docker", None),
        ("[2001:db8::1]/repo:tag", "[2001:db8::1]", "repo", "tag"),
        ("[2001:db8::1]:5000/repo", "[2001:db8::1]:5000", "repo", None),
        ("xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com", "myimage", "xn--n3h.com"),
        ("docker/docker", "docker.io", "docker/docker", None),
        ("a/a/a", "docker.io", "a/a/a", None),
        ("foo--bar/baz__qux", "docker.io", "foo--bar/baz__qux", None),
        ("gcr.io/b.gcr.io/test.example.com/my-app", "gcr.io", "b.gcr.io/test.example.com/my-app", None),
        ("aa-a/a", "docker.io", "aa-a/a", None),
        ("a-----------------------b/c", "docker.io", "a-----------------------b/c", None),
    ],
)
def test_a_name_is_completed_as_docker_does(text, domain, path, tag):
    reference = Reference.parse(text)
    assert (reference.domain, reference.path, reference.tag) == (domain, path, tag)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":justtag",
        "@" + DIGEST,
        "repo@sha256:ffff",
        "validname@invaliddigest:" + HEX * 2,
        "repo@sha256:" + HEX.upper(),
        "Uppercase:tag",
        "Uppercase/lowercase:tag/too:many",
        "lowercase/Uppercase:tag",
        "test:5000/Uppercase/lowercase:tag",
        "aa/asdf$$^/aa",
        "-foo/bar",
        "foo/bar-",
        "foo-/bar",
        "foo-/bar/baz",
        "foo..bar/x",
        "foo.-bar/x",
        "foo___bar/x",
        "a//b",
        "/a",
        "a/",
        "a/b/",
        "repo:",
        "repo:-tag",
        "repo:" + "t" * 129,
        "repo:tag:tag",
        "repo tag",
        "repo\n",
        "repo:tag\n",
        "[fe80::1%eth0]:5000/repo",
        "[fe80::1%@invalidzone]:5000/repo",
        "https://github.com/docker/docker",
        "docker.io/",
        "foo_bar.com:8080/app",
        "-test.com/app",
        "test-.com/app",
        "test.com:x/app",
        "repo@",
        "repo@" + DIGEST + "@" + DIGEST,
        "résumé/app",
        "app:tág",
        "٣/app",
        HEX,
        "a/" * 128 + "a",
    ],
)
def test_what_is_no_reference_is_refused(text):
    with pytest.raises(MalformedError) as caught:
        Reference.parse(text)
    assert caught.value.reason in ("REFERENCE_INVALID", "DIGEST_INVALID")


def test_a_path_of_255_characters_is_the_longest():
    path = "a/" * 127 + "a"
    assert Reference.parse(f"test.com/{path}").path == path


def test_tag_and_digest_may_both_be_given():
    reference = Reference.parse(f"test.com/repo:tag@{DIGEST}")
    assert (reference.tag, str(reference.digest)) == ("tag", DIGEST)
    assert str(reference) == f"test.com/repo:tag@{DIGEST}"


@pytest.mark.parametrize(
    ("text", "familiar"),
    [
        ("docker.io/library/ubuntu:1", "ubuntu:1"),
        ("docker.io/user/app", "user/app"),
        ("docker.io/library/a/b", "library/a/b"),
        ("quay.io/library/app", "quay.io/library/app"),
        (f"ubuntu@{DIGEST}", f"ubuntu@{DIGEST}"),
    ],
)
def test_the_familiar_name_is_what_docker_shows(text, familiar):
    assert Reference.parse(text).familiar == familiar


def test_the_tag_latest_is_added_only_to_a_bare_name():
    assert Reference.parse("app").with_default_tag().tag == "latest"
    assert Reference.parse("app:1").with_default_tag().tag == "1"
    assert Reference.parse(f"app@{DIGEST}").with_default_tag().tag is None


def test_a_digest_is_pinned_and_taken_away():
    pinned = Reference.parse("app:1").with_digest(Digest.parse(DIGEST))
    assert pinned.familiar == f"app:1@{DIGEST}"
    assert pinned.without_digest() == Reference.parse("app:1")


@pytest.mark.parametrize(("text", "expected"), [("v1.2-rc_3", True), ("_", True), ("", False), (".a", False)])
def test_tags_are_told_from_other_text(text, expected):
    assert is_tag(text) is expected


components = st.from_regex(r"[a-z0-9]{1,8}([._-][a-z0-9]{1,8}){0,2}", fullmatch=True)
domains = st.one_of(
    st.just("localhost"),
    st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){1,3}(:[0-9]{1,5})?", fullmatch=True),
    st.just("[::1]:5000"),
)
references = st.builds(
    Reference,
    domain=domains,
    path=st.lists(components, min_size=1, max_size=4).map("/".join),
    tag=st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True),
    digest=st.none() | st.binary(max_size=8).map(Digest.of),
)


@given(references)
def test_every_reference_survives_being_written_and_read(reference):
    assert Reference.parse(str(reference)) == reference


@given(references)
def test_the_familiar_name_means_the_same(reference):
    assert Reference.parse(reference.familiar) == Reference.parse(str(reference))


@given(st.text(alphabet=string.printable + "é\x00\ud800", max_size=300))
def test_any_text_is_a_reference_or_malformed(text):
    try:
        assert Reference.parse(str(Reference.parse(text))) == Reference.parse(text)
    except MalformedError as error:
        assert error.message
