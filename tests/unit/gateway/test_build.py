"""What a build understands before it does anything."""

import io
import re
import tarfile
import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata_gateway.adapters.spool import SpoolFolder
from strata_gateway.adapters.tars import Rewriting, TarIndex, write_members
from strata_gateway.core.build.copying import Destination, fixed_prefix, matches, placed, plain_path
from strata_gateway.core.build.globs import _pieces, _Places, glob
from strata_gateway.core.build.ignore import ignorer
from strata_gateway.core.build.keys import step_key
from strata_gateway.core.build.owners import mode_of, owner_of
from strata_gateway.core.build.stages import needed_stages, stages_of, target_stage
from strata_gateway.core.dockerfile.instruction import DockerfileError
from strata_gateway.core.dockerfile.parser import parse

STAGES = """\
ARG BASE=debian
FROM ${BASE}:${TAG:-12} AS one
FROM scratch AS unused
FROM one
COPY --from=0 /a /b
FROM alpine AS last
COPY --from=one /x /y
"""
PATHS = {"a": True, "a/x.txt": False, "a/y.log": False, "b.txt": False, "c.txt": False}


def test_a_file_has_stages_with_bases_of_their_own():
    stages = stages_of(parse(STAGES), {"BASE": "ubuntu"})
    assert [(stage.name, stage.base, stage.follows) for stage in stages] == [
        ("one", "ubuntu:12", None),
        ("unused", "scratch", None),
        ("", "one", 0),
        ("last", "alpine", None),
    ]


def test_only_what_the_target_stands_on_is_built():
    stages = stages_of(parse(STAGES), {})
    assert [stage.number for stage in needed_stages(stages, stages[-1])] == [0, 3]
    assert [stage.number for stage in needed_stages(stages, target_stage(stages, "one"))] == [0]


@pytest.mark.parametrize("text", ["RUN x", "FROM", "FROM a b", "FROM $nothing", "FROM a AS", "ARG x"])
def test_a_file_without_proper_stages_is_refused(text):
    with pytest.raises(DockerfileError):
        stages_of(parse(text), {})


# Expected values: moby/patternmatcher, patternmatcher_test.go.
@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        ("*.log", "x.log", True),
        ("*.log", "a/x.log", False),
        ("**/*.log", "a/b/x.log", True),
        ("**/*.log", "x.log", True),
        ("a", "a/b", True),
        ("/a/", "a", True),
        ("a/*/c", "a/b/c", True),
        ("a/*/c", "a/b/d/c", False),
        ("*\n!keep", "keep", False),
        ("*\n!keep\nkeep", "keep", True),
        ("# a\n\n!", "a", False),
        ("a?c", "abc", True),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("a\\*b", "a*b", True),
        ("a\\*b", "aab", False),
    ],
)
def test_ignored_paths_are_those_docker_ignores(patterns, path, ignored):
    assert ignorer(patterns)(path) is ignored


@pytest.mark.parametrize(
    ("pattern", "path", "matched"),
    [
        ("*a*b*c", "xaybzc", True),
        ("*a*b*c", "xaybzcd", False),
        ("*a*b*c", "a/b/c", False),
        ("**/x/**/y/**/z", "x/y/z", True),
        ("**/x/**/y/**/z", "1/x/2/3/y/4/z", True),
        ("**/x/**/y/**/z", "1/x/2/3y/4/z", False),
        ("a**b**c**", "a/b/c/d", True),
        ("*/*/*", "a/b/c", True),
        ("*/*/*", "a/b/c/d", False),
        ("**/**/**/[ab]?", "x/b/ac", True),
    ],
)
def test_patterns_of_many_stars_match_as_those_of_few(pattern, path, matched):
    assert glob(pattern)(path) is matched


@given(st.text("ab*?/", max_size=8), st.text("ab/", max_size=8))
def test_both_ways_to_match_agree(pattern, path):
    pieces = tuple(_pieces(pattern))
    expression = re.compile("".join(piece.expression for piece in pieces), re.DOTALL)
    assert _Places(pieces).match(path) is (expression.fullmatch(path) is not None)


def test_no_pattern_takes_for_ever():
    begin = time.process_time()
    assert not ignorer("*a" * 20 + "b")("a" * 200)
    assert not glob("**/a" * 20 + "b")("a/" * 100)
    with pytest.raises(DockerfileError):
        matches("*a" * 20 + "b", {"a" * 200: False})
    assert time.process_time() - begin < 5


@given(st.text(max_size=50), st.text(max_size=20))
def test_no_ignore_file_breaks_a_build(patterns, path):
    ignorer(patterns)(path)


@pytest.mark.parametrize(
    ("sources", "destination", "expected"),
    [
        (["b.txt"], Destination("/d", is_folder=True), {"b.txt": "/d/b.txt"}),
        (["b.txt"], Destination("/d", is_folder=False), {"b.txt": "/d"}),
        (["a"], Destination("/d", is_folder=False), {"a/x.txt": "/d/x.txt", "a/y.log": "/d/y.log"}),
        (["?.txt"], Destination("/d", is_folder=True), {"b.txt": "/d/b.txt", "c.txt": "/d/c.txt"}),
        (["../../b.txt"], Destination("", is_folder=True), {"b.txt": "/b.txt"}),
    ],
)
def test_sources_go_where_docker_puts_them(sources, destination, expected):
    assert placed(sources, destination, PATHS, lambda _: False) == expected


def test_what_is_ignored_is_not_copied():
    copied = placed(["."], Destination("/d", is_folder=True), PATHS, ignorer("*.txt"))
    assert copied == {"a": "/d/a", "a/x.txt": "/d/a/x.txt", "a/y.log": "/d/a/y.log"}


@pytest.mark.parametrize("source", ["missing", "*.nothing", "a/missing"])
def test_a_source_that_is_not_there_is_an_error(source):
    with pytest.raises(DockerfileError, match="file not found"):
        matches(source, PATHS)


@given(st.text())
def test_no_path_leads_out_of_a_context(path):
    assert ".." not in plain_path(path).split("/")
    assert not plain_path(path).startswith("/")


def test_the_fixed_part_of_a_pattern_is_known():
    assert (fixed_prefix("/a/b*/c"), fixed_prefix("a/b"), fixed_prefix("*")) == ("a", "a/b", "")


PASSWD = "root:x:0:0::/:/bin/sh\napp:x:1000:50::/:/bin/sh\n"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("7", (7, 7)), ("7:8", (7, 8)), ("app", (1000, 50)), ("app:staff", (1000, 60)), ("0:staff", (0, 60))],
)
def test_owners_are_looked_up_in_the_image(text, numbers):
    assert owner_of(text, PASSWD, "staff:x:60:\n") == numbers


@pytest.mark.parametrize("text", ["nobody", "app:nobody"])
def test_an_unknown_owner_is_an_error(text):
    with pytest.raises(DockerfileError):
        owner_of(text, PASSWD, "")


def test_modes_are_octal():
    assert (mode_of("755"), mode_of("")) == (0o755, None)
    for text in ("abc", "99999", "-1"):
        with pytest.raises(DockerfileError):
            mode_of(text)


def test_a_key_knows_layers_and_settings_but_not_when_they_were_made():
    base = {"created": "now", "config": {"Env": ["a=b"]}, "rootfs": {"diff_ids": ["x"]}}
    assert step_key(base, ["RUN"]) == step_key({**base, "created": "later"}, ["RUN"])
    assert step_key(base, ["RUN"]) != step_key({**base, "config": {}}, ["RUN"])
    assert step_key(base, ["RUN"]) != step_key({**base, "rootfs": {"diff_ids": ["y"]}}, ["RUN"])
    assert step_key(base, ["RUN", "x"]) != step_key(base, ["RUNx"])


def test_members_are_written_under_new_names_with_new_owners(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("./dir/../file")
        member.size, member.uid, member.mtime = 3, 500, 10**9
        archive.addfile(member, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("hard")
        link.type, link.linkname = tarfile.LNKTYPE, "./dir/../file"
        archive.addfile(link)
    index = TarIndex(buffer)
    rewriting = Rewriting(owner=(1, 2), mode=0o700, latest_mtime_s=5)
    with write_members(index, {"hard": "/to/hard"}, rewriting, SpoolFolder(tmp_path)) as spool:
        spool.file.seek(0)
        with tarfile.open(fileobj=spool.file) as written:
            (member,) = written.getmembers()
            assert (member.name, member.uid, member.gid, member.mode, member.mtime) == ("to/hard", 1, 2, 0o700, 5)
            assert written.extractfile(member).read() == b"abc"
    moved = Rewriting(owner=(1, 2), mode=0o700, latest_mtime_s=4)
    assert index.digest({"file": "/f"}, rewriting) == index.digest({"file": "/f"}, moved)
    assert index.digest({"file": "/f"}, rewriting) != index.digest({"file": "/g"}, rewriting)


def indexed(content: bytes, xattrs: Mapping[str, str]) -> TarIndex:
    """A tar with a file, and a second name of it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("original")
        member.size, member.pax_headers = len(content), dict(xattrs)
        archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("second")
        link.type, link.linkname = tarfile.LNKTYPE, "original"
        archive.addfile(link)
    return TarIndex(buffer)


@pytest.mark.parametrize(
    ("content", "xattrs"),
    [(b"new", {}), (b"old", {"SCHILY.xattr.security.capability": "net"})],
    ids=["content", "attr"],
)
@pytest.mark.parametrize("name", ["original", "second"])
def test_a_file_that_changed_has_another_digest_by_each_of_its_names(name, content, xattrs):
    before, after = indexed(b"old", {}), indexed(content, xattrs)
    assert before.digest({name: "/f"}, Rewriting()) != after.digest({name: "/f"}, Rewriting())
