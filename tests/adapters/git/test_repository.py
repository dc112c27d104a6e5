"""Git answers one question at a time, or says why it cannot; in real repositories."""

from pathlib import Path

import pytest

from stacktest.adapters.git import repository as git
from stacktest.adapters.git.history import GitHistory
from stacktest.core.unknown import Unknown
from tests.cases.test_documentation_cases import Repository
from tests.support.known import known


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
    assert known(git.changed_paths(repo.root)) == frozenset()


@pytest.mark.parametrize(
    "name", ["ü b.md", "a*b.md", "a\x1eb.md", ":(top)x.md", "-n.md", "a'b\".md"]
)
def test_names_are_taken_as_they_are(repo: Repository, name: str) -> None:
    path = f"docs/{name}"
    repo.commit()
    repo.write(path, "one\n")
    assert known(git.changed_paths(repo.root)) == {path}
    assert known(git.changed_paths(repo.root, [path])) == {path}
    repo.commit()
    assert git.text_at(repo.root, "HEAD", path) == "one\n"
    (commit,) = git.log(repo.root, [path])
    assert git.texts_at(repo.root, [("HEAD", path)]) == {("HEAD", path): "one\n"}
    assert GitHistory(repo.root, [path]).last_real_change(path) == commit
    assert git.is_ancestor(repo.root, commit.parents[0], commit.id)
    assert not git.is_ancestor(repo.root, commit.id, commit.parents[0])


def test_what_is_changed(repo: Repository) -> None:
    repo.commit()
    assert known(git.changed_paths(repo.root)) == frozenset()
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.write("new/file", "x")
    (repo.root / "docker-compose.yml").unlink()
    assert known(git.changed_paths(repo.root)) == {
        "configs/caddy/Caddyfile",
        "new/file",
        "docker-compose.yml",
    }
    assert known(git.changed_paths(repo.root, ["new"])) == {"new/file"}


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


def test_many_texts_at_once(repo: Repository) -> None:
    repo.write("empty", "")
    repo.write("two lines", "one\ntwo missing\n")
    repo.write("folder/file", "x")
    repo.write("line\nbreak", "x")
    repo.commit()
    names = ("empty", "two lines", "nowhere", "folder", "line\nbreak", "folder/file")
    found = git.texts_at(repo.root, [("HEAD", name) for name in names])
    # The folder and the name with a line break are left to `text_at`.
    assert {path: text for (_, path), text in found.items()} == {
        "empty": "",
        "two lines": "one\ntwo missing\n",
        "nowhere": None,
        "folder/file": "x",
    }
    assert git.texts_at(repo.root, []) == {}
    assert git.texts_at(repo.root, [("0" * 40, "empty")]) == {("0" * 40, "empty"): None}


PATHS = ("configs", "docs/a.md", "docs/b.md", "docker-compose.yml")


def grown(repo: Repository) -> None:
    repo.write("docs/a.md", "a\n")
    repo.commit("a")
    repo.write("docs/b.md", "b\n")
    repo.write("configs/new", "n\n")
    repo.commit("b")


def test_one_question_for_a_history_without_merges(
    repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(repo)
    each = {path: git.log(repo.root, [path]) for path in PATHS}
    history = GitHistory(repo.root, [*PATHS, "../outside.md"])
    monkeypatch.setattr(git, "log", None)
    assert {path: history.log([path]) for path in PATHS} == each
    assert history.log(["docs/a.md", "docs/b.md"]) == (*each["docs/b.md"], *each["docs/a.md"])


def test_a_path_outside_of_the_repository_costs_the_others_nothing(repo: Repository) -> None:
    grown(repo)
    history = GitHistory(repo.root, ["docs/a.md", "../../elsewhere/a.md"])
    assert len(history.log(["docs/a.md"])) == 1
    history.read_pages(["docs/a.md", "../../elsewhere/a.md"])
    assert history.text("HEAD", "docs/a.md") == "a\n"
    assert history.text("HEAD", "../../elsewhere/a.md") is None


def test_a_name_is_no_pattern(repo: Repository) -> None:
    repo.write("docs/axb.md", "x")
    repo.commit()
    assert git.text_at(repo.root, "HEAD", "docs/a*b.md") is None
    assert git.text_at(repo.root, "HEAD", "docs") is None


def test_what_lies_outside_of_the_stack_is_asked_about_by_itself(repo: Repository) -> None:
    grown(repo)
    inner = repo.root / "stacks/shop"
    inner.mkdir(parents=True)
    # A service that is built from the stack's own folder: everything in there is its own.
    history = GitHistory(inner, [".", "../../docs/a.md"])
    assert history.log(["../../docs/a.md"]) == git.log(inner, ["../../docs/a.md"])
    assert len(history.log(["../../docs/a.md"])) == 1
    assert history.last_real_change("../../docs/a.md") is not None


def test_what_a_merge_took_nothing_from_is_in_no_log(repo: Repository) -> None:
    grown(repo)
    assert git.is_linear(repo.root)
    main = repo.git("rev-parse", "--abbrev-ref", "HEAD")
    repo.git("checkout", "-q", "-b", "side")
    repo.write("docs/a.md", "a, as the branch has it\n")
    repo.commit("dropped")
    repo.git("checkout", "-q", main)
    repo.write("docs/b.md", "b, as main has it\n")
    repo.commit("kept")
    repo.git("merge", "-q", "-s", "ours", "-m", "nothing of it", "side")
    assert not git.is_linear(repo.root)
    history = GitHistory(repo.root, PATHS)
    assert history.log(["docs/a.md"]) == git.log(repo.root, ["docs/a.md"])
    (only,) = history.log(["docs/a.md"])
    assert history.last_real_change("docs/a.md") == only
    assert repo.git("log", "-1", "--format=%s", only.id) == "a"
