"""Images by the real docker command: build, commit, save, load, import, push."""

import io
import json
import tarfile

import pytest

from tests.fixtures.docker_registry import LocalRegistry
from tests.integration.docker_api.docker_command import Docker

DOCKERFILE = """\
ARG BASE
FROM ${BASE} AS builder
ARG WHO=nobody
ENV GREETING="hello ${WHO}"
WORKDIR /work
COPY . /context/
RUN echo "$GREETING" > greeting && ls /context > listing
FROM ${BASE}
COPY --from=builder --chown=1000:1000 /work/greeting /work/listing /out/
CMD ["cat", "/out/greeting"]
"""


@pytest.fixture
def context(tmp_path):
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / ".dockerignore").write_text("*.log\n!kept.log\n")
    for name in ("file.txt", "left.log", "kept.log"):
        (tmp_path / name).write_text(name)
    return tmp_path


def build(docker: Docker, context, tiny: str, *flags: str) -> str:
    return docker("build", "-q", "--build-arg", f"BASE={tiny}", *flags, str(context)).strip()


def test_a_build_of_several_stages_makes_what_was_asked_for(docker, tiny, context):
    build(docker, context, tiny, "-t", "built:1", "--build-arg", "WHO=world", "--label", "made=here")
    assert docker("run", "--rm", "built:1") == "hello world\n"
    assert docker("run", "--rm", "built:1", "cat", "/out/listing").split() == ["Dockerfile", "file.txt", "kept.log"]
    assert docker("run", "--rm", "built:1", "stat", "-c", "%u:%g", "/out/greeting") == "1000:1000\n"
    assert json.loads(docker("inspect", "built:1"))[0]["Config"]["Labels"]["made"] == "here"


def test_the_cache_hits_exactly_when_it_should(docker, tiny, context):
    first = build(docker, context, tiny)
    (context / "file.txt").touch()
    assert build(docker, context, tiny) == first
    (context / "other.txt").write_text("new in the listing")
    assert build(docker, context, tiny) != first
    assert build(docker, context, tiny, "--build-arg", "WHO=else") != first


def test_the_same_inputs_make_the_same_image_without_any_cache(docker, tiny, context):
    flags = ("--no-cache", "--build-arg", "SOURCE_DATE_EPOCH=1000000000")
    first = build(docker, context, tiny, *flags)
    (context / "file.txt").touch()
    assert build(docker, context, tiny, *flags) == first
    assert json.loads(docker("inspect", first))[0]["Created"] == "2001-09-09T01:46:40Z"


@pytest.mark.parametrize(
    ("dockerfile", "message"),
    [
        ("FROM scratch\nNONSENSE x", "unknown instruction: NONSENSE"),
        ("FROM {base}\nRUN exit 3", "returned a non-zero code: 3"),
        ("FROM {base}\nCOPY missing /", "file not found in build context"),
        ("FROM {base}\nCOPY ../../../etc/passwd /", "file not found in build context"),
        ("FROM {base}\nCOPY --exclude=*.log . /", "the --exclude option requires BuildKit"),
        ("FROM {base}\nCOPY --chown=nosuchuser file.txt /", "can't find user nosuchuser"),
    ],
)
def test_a_build_that_fails_says_why(docker, tiny, context, dockerfile, message):
    (context / "Dockerfile").write_text(dockerfile.format(base=tiny))
    done = docker.attempt("build", "-q", str(context))
    assert done.returncode == 1
    assert message in done.stderr.decode()


def test_a_copy_follows_the_links_of_the_image_but_not_out_of_it(docker, tiny, context):
    (context / "Dockerfile").write_text(
        f"FROM {tiny}\nRUN mkdir /real && ln -s /real /link && ln -s ../../../.. /up\n"
        "COPY file.txt /link/\nCOPY file.txt /up/top\nRUN test -f /real/file.txt && test -f /top && test -L /link"
    )
    docker("build", "-q", str(context))


def test_a_copy_from_an_image_finds_what_is_behind_its_links(docker, tiny, context):
    (context / "Dockerfile").write_text(
        f"FROM {tiny} AS from\n"
        "RUN mkdir -p /usr/real/deep && ln -s usr/real /lib && ln -s /lib/deep /deep && ln -s ../usr/real /usr/up"
        " && touch /lib/a.so /lib/b.so /lib/c /deep/d\n"
        f"FROM {tiny}\nCOPY --from=from /lib/*.so /one/\nCOPY --from=from /lib/c /deep/d /two/\n"
        "COPY --from=from /deep /three/\nCOPY --from=from /usr/up/[ab].so /bin/busybox /four/\n"
        "COPY --from=from /deep/d /five\n"
    )
    docker("build", "-q", "-t", "linked", str(context))
    listed = docker("run", "--rm", "linked", "sh", "-c", "ls -d /one/* /two/* /three/* /four/* /five")
    assert listed.split() == [
        *(
            "/five",
            "/four/a.so",
            "/four/b.so",
            "/four/busybox",
            "/one/a.so",
            "/one/b.so",
            "/three/d",
            "/two/c",
            "/two/d",
        )
    ]


def test_a_trigger_carries_its_documents_into_the_next_build(docker, tiny, context):
    (context / "Dockerfile").write_text(f"FROM {tiny}\nONBUILD COPY <<EOF /told\nfrom the base\nEOF\n")
    docker("build", "-q", "-t", "triggering", str(context))
    (context / "Dockerfile").write_text("FROM triggering\nRUN grep -q 'from the base' /told\n")
    docker("build", "-q", str(context))


def test_scratch_has_nothing_but_what_is_copied(docker, context):
    (context / "Dockerfile").write_text("FROM scratch\nCOPY file.txt /a/b/\n")
    docker("build", "-q", "-t", "bare", str(context))
    saved = docker.attempt("save", "bare").stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        (layer,) = json.loads(archive.extractfile("manifest.json").read())[0]["Layers"]
        with tarfile.open(fileobj=archive.extractfile(layer)) as files:
            assert [member.name for member in files if member.isfile()] == ["a/b/file.txt"]


def test_an_added_tar_is_taken_apart(docker, tiny, context):
    with tarfile.open(context / "in.tar.gz", "w:gz") as archive:
        archive.add(context / "file.txt", "inside/file.txt")
    (context / "Dockerfile").write_text(f"FROM {tiny}\nADD in.tar.gz /dst/\nRUN cat /dst/inside/file.txt\n")
    docker("build", "-q", str(context))


def test_a_commit_keeps_files_and_settings(docker, tiny):
    docker("run", "--name", "changed", "-e", "A=b", tiny, "sh", "-c", "echo kept > /kept")
    docker("commit", "-c", 'CMD ["cat", "/kept"]', "-m", "why", "changed", "committed:1")
    docker("rm", "changed")
    assert docker("run", "--rm", "committed:1") == "kept\n"
    shown = json.loads(docker("inspect", "committed:1"))[0]
    assert "A=b" in shown["Config"]["Env"]
    assert shown["Comment"] == "why"


def test_a_saved_image_is_the_same_when_it_is_loaded(docker, tiny, tmp_path):
    before = json.loads(docker("inspect", tiny))[0]["Id"]
    docker("save", "-o", str(tmp_path / "saved.tar"), tiny)
    docker("rmi", "-f", tiny)
    assert docker("load", "-i", str(tmp_path / "saved.tar")) == f"Loaded image: {tiny}\n"
    assert json.loads(docker("inspect", tiny))[0]["Id"] == before


def test_broken_archives_are_refused_with_a_sentence(docker):
    for broken in (b"no tar at all" * 100, b"\x1f\x8bno gzip", b"\0" * 10240):
        done = docker.attempt("load", stdin=broken)
        assert done.returncode == 1
        assert b"archive" in done.stderr


def test_an_exported_container_can_be_imported(docker, tiny):
    docker("create", "--name", "exported", tiny)
    tar = docker.attempt("export", "exported").stdout
    docker("rm", "exported")
    docker.attempt("import", "-c", "CMD echo imported", "-", "imported:1", stdin=tar)
    assert docker("run", "--rm", "imported:1") == "imported\n"


def test_a_pushed_image_has_the_digest_it_was_pulled_with(docker, tiny, registry: LocalRegistry):
    docker("rmi", "-f", tiny)
    docker("pull", "-q", tiny)
    copy = registry.reference("copy:1")
    docker("tag", tiny, copy)
    digest = json.loads(docker("inspect", tiny))[0]["RepoDigests"][0].partition("@")[2]
    assert f"digest: {digest}" in docker("push", copy)


def test_a_built_image_can_be_pushed_and_pulled(docker, tiny, context, registry: LocalRegistry):
    name = registry.reference("pushed:1")
    build(docker, context, tiny, "-t", name)
    docker("push", "-q", name)
    docker("rmi", "-f", name)
    docker("pull", "-q", name)
    assert docker("run", "--rm", name) == "hello nobody\n"


def test_files_are_copied_both_ways(docker, tiny, tmp_path):
    (tmp_path / "in").write_text("carried")
    docker("create", "--name", "carrier", tiny, "cat", "/tmp/in")
    docker("cp", str(tmp_path / "in"), "carrier:/tmp/in")
    assert docker("start", "-a", "carrier") == "carried"
    docker("cp", "carrier:/tmp/in", str(tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "carried"
    assert "A /tmp/in" in docker("diff", "carrier").splitlines()
    docker("rm", "carrier")
