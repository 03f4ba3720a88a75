"""Commands around images, networks and volumes, on a real suite."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.docker_registry import PASSWORD, USERNAME, LocalRegistry, docker_registry
from tests.fixtures.suite import STRATA, Suite


@pytest.fixture
def box(suite: Suite, tiny: str) -> str:
    """Name of a container that runs, and has written something."""
    suite.strata("run", "-d", "--name", "box", tiny, "sh", "-c", "echo hi > /new; sleep 1000")
    return "box"


@pytest.fixture
def clean_images(suite: Suite, tiny: str) -> Iterator[None]:
    """Remove the images that a test made."""
    yield
    suite.remove_all_containers()
    made = set(suite.strata("images", "--format", "{{.Repository}}:{{.Tag}}").lines) - {tiny}
    for name in made:
        if name.startswith(("made", "flat", "built")):
            suite.strata("rmi", "-f", name)


def test_a_network_lets_containers_find_each_other(suite: Suite, tiny: str) -> None:
    suite.strata("network", "create", "shop")
    try:
        suite.strata("run", "-d", "--network", "shop", "--name", "db", tiny, "sleep", "1000")
        assert "1 packets received" in suite.run("--network", "shop", tiny, "ping", "-c", "1", "db")
        assert "shop" in suite.strata("network", "ls", "--format", "{{.Name}}").lines
        document = json.loads(suite.strata("network", "inspect", "shop").stdout)[0]
        assert list(document["Containers"]) == [suite.inspect("db")["Id"]]
        refused = suite.attempt("network", "rm", "shop")
        assert refused.status == 1
        assert len(refused.stderr.splitlines()) == 1
    finally:
        suite.remove_all_containers()
        suite.strata("network", "rm", "shop")


def test_a_container_changes_its_networks(suite: Suite, box: str) -> None:
    suite.strata("network", "create", "second")
    try:
        suite.strata("network", "connect", "second", box)
        assert set(suite.inspect(box)["NetworkSettings"]["Networks"]) == {"bridge", "second"}
        suite.strata("network", "disconnect", "second", box)
        assert set(suite.inspect(box)["NetworkSettings"]["Networks"]) == {"bridge"}
    finally:
        suite.strata("network", "rm", "second")


def test_a_volume_keeps_what_is_written(suite: Suite, tiny: str) -> None:
    suite.strata("volume", "create", "data")
    suite.run("-v", "data:/d", tiny, "sh", "-c", "echo kept > /d/f")
    assert suite.run("-v", "data:/d:ro", tiny, "cat", "/d/f") == "kept\n"
    assert "data" in suite.strata("volume", "ls", "-q").lines
    assert json.loads(suite.strata("volume", "inspect", "data").stdout)[0]["Name"] == "data"
    suite.strata("volume", "rm", "data")
    assert suite.attempt("volume", "inspect", "data").status == 1


def test_a_container_gets_another_name_and_other_limits(suite: Suite, box: str) -> None:
    suite.strata("rename", box, "other")
    suite.strata("update", "-m", "64m", "other")
    assert suite.strata("inspect", "-f", "{{.Name}} {{.HostConfig.Memory}}", "other").stdout.split() == [
        "/other",
        str(64 * 2**20),
    ]


@pytest.mark.usefixtures("clean_images")
def test_changes_become_an_image(suite: Suite, box: str) -> None:
    suite.strata("commit", "-m", "by hand", "-c", 'CMD ["cat","/new"]', box, "made:1")
    assert suite.run("made:1") == "hi\n"
    assert "by hand" in suite.strata("history", "made:1").lines[1]


@pytest.mark.usefixtures("clean_images")
def test_a_file_system_goes_out_and_comes_back_as_an_image(suite: Suite, box: str, tmp_path: Path) -> None:
    tar = tmp_path / "box.tar"
    suite.strata("export", "-o", str(tar), box)
    with tarfile.open(tar) as opened:
        assert {"new", "bin/sh"} <= {name.removeprefix("./") for name in opened.getnames()}
    suite.strata("import", str(tar), "flat:1")
    assert suite.run("flat:1", "cat", "/new") == "hi\n"


@pytest.mark.usefixtures("clean_images")
def test_images_are_saved_and_loaded_with_their_names(suite: Suite, box: str, tmp_path: Path) -> None:
    suite.strata("commit", box, "made:1")
    suite.strata("save", "-o", str(tmp_path / "made.tar"), "made:1")
    suite.strata("rmi", "made:1")
    assert suite.strata("load", "-i", str(tmp_path / "made.tar")).stdout == "Loaded image: made:1\n"
    assert suite.run("made:1", "cat", "/new") == "hi\n"


def test_a_failed_export_leaves_no_file(suite: Suite, tmp_path: Path) -> None:
    assert suite.attempt("export", "-o", str(tmp_path / "x.tar"), "nobody").status == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("clean_images")
def test_a_directory_is_built_into_an_image(suite: Suite, tiny: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {tiny}\nARG WORD\nCOPY . /d\nRUN echo $WORD > /word\n")
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "left").write_text("left")
    (tmp_path / ".dockerignore").write_text("left\n")
    suite.strata("build", "-t", "built:1", "--build-arg", "WORD=said", str(tmp_path))
    assert suite.run("built:1", "sh", "-c", "ls /d; cat /word").split() == ["Dockerfile", "kept", "said"]


def test_a_broken_dockerfile_is_explained(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("NONSENSE\n")
    refused = suite.attempt("build", str(tmp_path))
    assert refused.status == 1
    assert refused.stderr.startswith("strata: ")


@pytest.mark.usefixtures("clean_images")
def test_an_image_is_pushed_with_the_credentials_of_login(
    suite: Suite, box: str, short_folder: Path, tmp_path: Path
) -> None:
    with docker_registry(short_folder / "closed", basic_auth=True) as closed:
        name = f"{closed.address.replace('http://', '')}/made:1"
        suite.strata("commit", box, "made:1")
        suite.strata("tag", "made:1", name)
        env = {"DOCKER_CONFIG": str(tmp_path)}
        assert suite.attempt("push", name, env=env).status == 1
        login(suite, closed, env)
        assert "digest: sha256:" in suite.strata("push", name, env=env).stdout
        suite.strata("rmi", name)


def login(suite: Suite, registry: LocalRegistry, env: dict[str, str]) -> None:
    address = registry.address.replace("http://", "")
    words = ["login", "-u", USERNAME, "--password-stdin", address]
    assert suite.attempt(*words, stdin="wrong\n", env=env).status == 1
    assert "Login Succeeded" in suite.strata(*words, stdin=f"{PASSWORD}\n", env=env).stdout


def test_prune_asks_first_and_removes_what_does_not_run(suite: Suite, box: str, tiny: str) -> None:
    suite.strata("run", "--name", "gone", tiny, "true")
    unasked = suite.attempt("container", "prune")
    assert unasked.status == 125
    assert "--force" in unasked.stderr
    suite.strata("container", "prune", "-f")
    assert suite.strata("ps", "-a", "--format", "{{.Names}}").lines == [box]


def test_an_object_without_a_verb_lists_its_verbs(suite: Suite) -> None:
    assert "create" in suite.strata("network").stdout
    done = subprocess.run([STRATA, "network", "nonsense"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
