"""Git answers one question at a time, or says why it cannot; in real repositories."""

from pathlib import Path

import pytest

from stacktest.adapters import git
from stacktest.core.unknown import Unknown
from tests.cases.test_documentation_cases import Repository


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "stack")


def test_before_the_first_commit(repo: Repository) -> None:
    assert git.why_not(repo.root) == Unknown("git has no commit here yet")
    assert git.head(repo.root) == Unknown("git has no commit here")
    repo.commit()
    assert git.why_not(repo.root) is None
    assert git.head(repo.root) == repo.git("rev-parse", "HEAD")


def test_outside_a_repository(tmp_path: Path) -> None:
    for answer in (git.why_not(tmp_path), git.head(tmp_path), git.changed_paths(tmp_path)):
        assert isinstance(answer, Unknown)
        assert "not a git repository" in answer.why


def test_without_git(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for answer in (git.why_not(repo.root), git.head(repo.root), git.changed_paths(repo.root)):
        assert isinstance(answer, Unknown)
        assert "git is not installed" in answer.why


def test_a_hook_s_repository_is_not_this_one(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit()
    other = Repository(tmp_path / "other")
    other.write("else", "x")
    other.commit()
    here = git.head(repo.root)
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git/index"))
    assert git.head(repo.root) == here
    assert git.changed_paths(repo.root) == frozenset()


@pytest.mark.parametrize("name", ["ü b.md", "a*b.md", ":(top)x.md", "-n.md", "a'b\".md"])
def test_names_are_taken_as_they_are(repo: Repository, name: str) -> None:
    path = f"docs/{name}"
    repo.commit()
    repo.write(path, "one\n")
    assert git.changed_paths(repo.root) == {path}
    assert git.changed_paths(repo.root, [path]) == {path}
    repo.commit()
    assert git.text_at(repo.root, "HEAD", path) == "one\n"
    (commit,) = git.log(repo.root, [path])
    assert git.last_real_change(repo.root, path) == commit
    assert git.is_ancestor(repo.root, commit.parents[0], commit.id)
    assert not git.is_ancestor(repo.root, commit.id, commit.parents[0])


def test_what_is_changed(repo: Repository) -> None:
    repo.commit()
    assert git.changed_paths(repo.root) == frozenset()
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.write("new/file", "x")
    (repo.root / "docker-compose.yml").unlink()
    assert git.changed_paths(repo.root) == {
        "configs/caddy/Caddyfile",
        "new/file",
        "docker-compose.yml",
    }
    assert git.changed_paths(repo.root, ["new"]) == {"new/file"}


def test_the_log_is_by_ancestry(repo: Repository) -> None:
    repo.minutes = 30
    repo.commit("late by its clock")
    repo.minutes = 0
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.commit("early by its clock")
    newest, oldest = git.log(repo.root, ["configs"])
    assert newest.committed < oldest.committed
    assert newest.parents == (oldest.id,)
    assert newest.files == ("configs/caddy/Caddyfile",)
    assert git.log(repo.root, []) == ()


def test_a_commit_that_is_not_there_is_an_error(repo: Repository) -> None:
    from stacktest.errors import StacktestError

    repo.commit()
    with pytest.raises(StacktestError, match="git cannot compare two commits"):
        git.is_ancestor(repo.root, "0" * 40, "HEAD")
    assert git.text_at(repo.root, "0" * 40, "x") is None
