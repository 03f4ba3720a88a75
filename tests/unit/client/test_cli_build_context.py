"""Which files of a directory belong to a build's context."""

from pathlib import Path

import pytest

from strata_client.cli.build_context import IgnoreRules, context_files


@pytest.mark.parametrize(
    ("rules", "path", "is_ignored"),
    [
        (["*.log"], "a.log", True),
        (["*.log"], "deep/a.log", False),
        (["**/*.log"], "deep/er/a.log", True),
        (["**/*.log"], "a.log", True),
        (["node_modules"], "node_modules/x/y", True),
        (["/dist/"], "dist/a", True),
        (["a?c"], "abc", True),
        (["a?c"], "a/c", False),
        (["[ab].txt"], "b.txt", True),
        (["*", "!keep"], "keep", False),
        (["*", "!keep"], "other", True),
        (["!keep", "*"], "keep", True),
        (["docs", "!docs/README.md"], "docs/README.md", False),
        (["# remark", ""], "# remark", False),
        (["./a/../b"], "b", True),
        (["a+b"], "a+b", True),
        (["a+b"], "aab", False),
    ],
)
def test_rules_are_dockers(rules: list[str], path: str, *, is_ignored: bool) -> None:
    assert IgnoreRules(rules).ignores(path) is is_ignored


def tree(folder: Path, *files: str) -> None:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_everything_is_sent_without_rules(tmp_path: Path) -> None:
    tree(tmp_path, "Dockerfile", "a/b", "c")
    assert list(context_files(str(tmp_path), "Dockerfile")) == ["a", "Dockerfile", "c", "a/b"]


def test_the_dockerfile_is_sent_although_it_is_ignored(tmp_path: Path) -> None:
    tree(tmp_path, "Dockerfile", "c")
    (tmp_path / ".dockerignore").write_text("*")
    assert list(context_files(str(tmp_path), "Dockerfile")) == [".dockerignore", "Dockerfile"]


def test_exceptions_reach_into_ignored_directories(tmp_path: Path) -> None:
    tree(tmp_path, "Dockerfile", "docs/a", "docs/keep", "other/b")
    (tmp_path / ".dockerignore").write_text("docs\nother\n!docs/keep\n")
    sent = list(context_files(str(tmp_path), "Dockerfile"))
    assert "docs/keep" in sent
    assert not {"docs/a", "other/b"} & set(sent)


def test_a_dockerfile_may_have_rules_of_its_own(tmp_path: Path) -> None:
    tree(tmp_path, "other.Dockerfile", "a", "b")
    (tmp_path / ".dockerignore").write_text("a")
    (tmp_path / "other.Dockerfile.dockerignore").write_text("b")
    assert "a" in list(context_files(str(tmp_path), "other.Dockerfile"))
    assert "b" not in list(context_files(str(tmp_path), "other.Dockerfile"))
