"""Whether a page is behind its service: one test per row E of the case table, in real repositories."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stacktest.adapters.fingerprint_inputs import read_fingerprints
from stacktest.adapters.fingerprint_inputs.build_context import left_out_of_context
from stacktest.adapters.git import repository as git
from stacktest.adapters.git.docs_pages import PageReading, read_pages
from stacktest.config import Config
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.digest import Key
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.freshness.docs_page import DocsPage, acknowledge, acknowledged, judge_page
from stacktest.core.freshness.states import State
from stacktest.core.model import Build, Mount, Service, Stack
from stacktest.core.unknown import Unknown
from tests.support.known import known
from tests.support.stack_simulator import StackSimulator, hexed

pytestmark = pytest.mark.processes

COMPOSE = """\
services:
  caddy:
    image: caddy:2
    volumes: ["./configs/caddy:/etc/caddy:ro"]
  other:
    image: other:1
"""
PAGE = "# Caddy\n\nCaddy is the front door of the stack.\n"


class Repository:
    """A stack in a git repository of its own; every commit is a minute after the last one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.minutes = 0
        self.pages = "docs/spokes/{service}.md"
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", "--template=")
        self.write("docker-compose.yml", COMPOSE)
        self.write("configs/caddy/Caddyfile", ":80\n")

    def git(self, *arguments: str) -> str:
        time = f"2026-01-06T00:{self.minutes:02}:00+00:00"
        env = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            **{
                f"GIT_{who}_{what}": value
                for who in ("AUTHOR", "COMMITTER")
                for what, value in (("NAME", "n"), ("EMAIL", "e@x"), ("DATE", time))
            },
        }
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, newline="")

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert old in text
        self.write(path, text.replace(old, new))

    def commit(self, message: str = "x", *options: str) -> None:
        self.minutes += 1
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, *options)

    @property
    def stack(self) -> Stack:
        folder = str(self.root)
        mount = Mount(
            kind="bind", source=f"{folder}/configs/caddy", target="/etc/caddy", read_only=True
        )
        return Stack(
            name="shop",
            root=self.root,
            services={
                "caddy": Service(name="caddy", image="caddy:2", mounts=(mount,), definition={}),
                "other": Service(name="other", image="other:1", definition={}),
            },
            compose_files=(f"{folder}/docker-compose.yml",),
        )

    def fingerprints(self, stack: Stack | None = None) -> dict[str, Fingerprint]:
        return dict(
            read_fingerprints(
                stack or self.stack,
                key=Key(secret=bytes(32)),
                images={},
                config=Config(root=self.root),
            )
        )

    def reading(self, stack: Stack | None = None) -> PageReading:
        stack = stack or self.stack
        fingerprint = self.fingerprints(stack)["caddy"]
        return read_pages(stack, {"caddy": fingerprint}, pages=self.pages)["caddy"]

    def judged(self, stack: Stack | None = None) -> DocsPage | Unknown:
        stack = stack or self.stack
        fingerprint = self.fingerprints(stack)["caddy"]
        facts = read_pages(stack, {"caddy": fingerprint}, pages=self.pages)["caddy"].facts
        if isinstance(facts, Unknown):
            return facts
        assert isinstance(fingerprint.repo, str)
        return judge_page(facts, fingerprint=hexed("whole"), repo_fingerprint=fingerprint.repo)

    def page(self, stack: Stack | None = None) -> DocsPage:
        return known(self.judged(stack))


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "stack")


def documented(repo: Repository) -> Repository:
    """The service and its page, in one commit."""
    repo.write("docs/spokes/caddy.md", PAGE)
    repo.commit("change and page")
    page = repo.page()
    assert isinstance(page, DocsPage)
    assert page.holds()
    return repo


@pytest.mark.case("E1")
def test_the_page_is_deleted(repo: Repository, world: StackSimulator) -> None:
    documented(repo)
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.commit("change")
    assert repo.page().state == "behind"
    (repo.root / "docs/spokes/caddy.md").unlink()
    repo.commit("delete the page")
    page = repo.page()
    assert page.state == "missing"
    assert not page.holds()
    world.add("caddy", page=page)
    world.run()
    assert world.state("caddy") is State.DOC_MISSING
    assert world.status["caddy"]["documented"] is False
    assert not world.gate().open


@pytest.mark.case("E2")
def test_a_sweep_over_white_space(repo: Repository) -> None:
    documented(repo)
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.commit("change")
    repo.write(
        "docs/spokes/caddy.md",
        PAGE.replace("\n\n", "\n \n\n").replace("front ", "front\t") + "\n\n",
    )
    repo.commit("trailing spaces")
    assert repo.page().state == "behind"
    repo.write("docs/spokes/caddy.md", PAGE + "It listens on 81.\n")
    repo.commit("say it")
    assert repo.page().holds()


@pytest.mark.case("E3")
def test_an_amend_moves_the_date(repo: Repository) -> None:
    documented(repo)
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.commit("change")
    changed = repo.reading().changed_on
    # The page's commit is older; a rebase gives it a date after that of the change.
    repo.git("checkout", "-q", "-b", "side", "HEAD~1")
    repo.minutes = 30
    repo.commit("the same page again", "--amend", "--allow-empty")
    repo.minutes = 2
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.commit("change, on top")
    page = repo.page()
    assert page.updated is not None
    assert changed is not None
    assert page.updated > changed
    assert page.state == "behind"


@pytest.mark.case("E4")
def test_a_shallow_clone(repo: Repository, tmp_path: Path, world: StackSimulator) -> None:
    documented(repo)
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.commit("change")
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", f"file://{repo.root}", str(tmp_path / "clone")],
        check=True,
    )
    clone = Repository.__new__(Repository)
    clone.root, clone.minutes, clone.pages = tmp_path / "clone", 0, repo.pages
    page = clone.judged()
    assert isinstance(page, Unknown)
    assert "git fetch --unshallow" in page.why
    world.add("caddy", page=page)
    world.run()
    assert world.state("caddy") is State.ERROR


@pytest.mark.case("E5")
def test_edited_but_not_committed(repo: Repository, world: StackSimulator) -> None:
    documented(repo)
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.commit("change")
    repo.write("docs/spokes/caddy.md", PAGE + "It listens on 81.\n")
    page = repo.page()
    assert page.state == "behind"
    assert page.reasons == ("doc:behind", "doc_uncommitted")
    world.add("caddy", page=page)
    world.run()
    assert world.index()["caddy"].reasons == ("doc:behind", "doc_uncommitted")
    repo.commit("page")
    page = repo.page()
    assert (page.state, page.reasons) == ("current", ())


@pytest.mark.case("E6")
def test_git_does_not_answer(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    documented(repo)
    # A worktree, whose `.git` is a file, is a repository like any other.
    repo.git("worktree", "add", "-q", str(repo.root.parent / "tree"))
    tree = Repository.__new__(Repository)
    tree.root, tree.minutes, tree.pages = repo.root.parent / "tree", 0, repo.pages
    assert tree.page().holds()
    # One that leads nowhere is none.
    (tree.root / ".git").write_text("gitdir: /nowhere\n")
    assert isinstance(tree.reading().facts, Unknown)
    shutil.rmtree(repo.root / ".git")
    facts = repo.reading().facts
    assert isinstance(facts, Unknown)
    assert "not a git repository" in facts.why
    monkeypatch.setenv("PATH", "/nowhere")
    facts = repo.reading().facts
    assert isinstance(facts, Unknown)
    assert "git is not installed" in facts.why


@pytest.mark.case("E7")
def test_it_says_nothing(repo: Repository, world: StackSimulator) -> None:
    template = "# {service}\n\n**Status:** TBD\n\nSay here what the service is for.\n"
    repo.write("docs/spokes/_template.md", template)
    for text, state in (
        ("", "empty"),
        ("# Caddy\n\n**Status:** Functional\n<!-- later -->\n- TODO\n", "empty"),
        (template.replace("{service}", "Caddy"), "template"),
    ):
        repo.write("docs/spokes/caddy.md", text)
        repo.commit("page")
        page = repo.page()
        assert page.state == state
    world.add("caddy", page=page)
    world.run()
    assert world.state("caddy") is State.DOC_MISSING
    assert world.judge("caddy").reasons == ("doc:template",)
    repo.write("docs/spokes/caddy.md", PAGE)
    repo.commit("page")
    assert repo.page().holds()


@pytest.mark.case("E8")
def test_written_on_a_branch(repo: Repository) -> None:
    repo.commit("start")
    repo.git("checkout", "-q", "-b", "docs")
    repo.write("docs/spokes/caddy.md", PAGE)
    repo.commit("page")
    repo.git("checkout", "-q", "main")
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.commit("change")
    repo.minutes += 1
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "docs")
    assert repo.page().state == "behind"
    # The one who looks and finds that it still holds says so.
    fingerprint = repo.fingerprints()["caddy"].repo
    assert isinstance(fingerprint, str)
    path = repo.root / "docs/spokes/caddy.md"
    path.write_text(acknowledge(path.read_text(), fingerprint))
    assert repo.page().state == "behind"
    repo.commit("reviewed")
    assert repo.page().holds()


@pytest.mark.case("E9")
def test_another_user_s_repository(repo: Repository) -> None:
    documented(repo)
    if os.getuid() != 0:
        pytest.skip("only root can give a file to another user")
    for path in (repo.root, repo.root / ".git"):
        os.chown(path, 12345, 12345)
    facts = repo.reading().facts
    assert isinstance(facts, Unknown)
    assert f"git config --global --add safe.directory {repo.root}" in facts.why


@pytest.mark.case("E10")
def test_a_claim_that_is_checked(repo: Repository) -> None:
    repo.write("docs/spokes/caddy.md", PAGE + "\n**Last change fingerprint:** TBD\n")
    repo.commit("page")
    # A word is no claim: the commits speak.
    assert repo.page().holds()
    repo.edit("docs/spokes/caddy.md", "TBD", "`phase8-initial-implementation`")
    repo.commit("page")
    assert repo.page().holds()
    # A fingerprint of something else is one, and it is wrong, whatever the commits say.
    repo.edit("docs/spokes/caddy.md", "phase8-initial-implementation", "e50e0b0e73abb0a5")
    repo.commit("page")
    page = repo.page()
    assert (page.state, page.reasons) == ("behind", ("doc:acknowledges e50e0b0e73abb0a5",))
    # The service's own, or that of its repository part.
    for right in (hexed("whole"), repo.fingerprints()["caddy"].repo):
        path = repo.root / "docs/spokes/caddy.md"
        path.write_text(acknowledge(path.read_text(), str(right)))
        repo.commit("page")
        page = repo.page()
        assert page.holds()
        assert page.names_fingerprint == (right == hexed("whole"))
        assert page.holds(("env",)) == page.names_fingerprint


def test_a_pattern_may_begin_with_the_folder_itself(repo: Repository) -> None:
    documented(repo)
    repo.pages = f"./{repo.pages}"
    assert repo.page().holds()


def test_another_service_s_change_is_not_this_one_s(repo: Repository) -> None:
    documented(repo)
    repo.edit("docker-compose.yml", "other:1", "other:2")
    repo.commit("another service")
    assert repo.page().holds()
    repo.edit("docker-compose.yml", "caddy:2", "caddy:3")
    repo.commit("this service")
    assert repo.page().state == "behind"


def test_a_change_that_is_not_committed_is_ahead_of_every_page(repo: Repository) -> None:
    documented(repo)
    assert repo.reading().changed_on is not None
    repo.write("configs/caddy/extra.conf", "x")
    repo.git("add", "-A")
    assert repo.page().state == "behind"
    assert repo.reading().changed_on is None
    repo.git("rm", "-q", "-f", "configs/caddy/extra.conf")
    assert repo.page().holds()
    repo.edit("docker-compose.yml", "caddy:2", "caddy:3")
    assert repo.page().state == "behind"
    repo.edit("docker-compose.yml", "caddy:3", "caddy:2")
    repo.write("unrelated.txt", "x")
    assert repo.page().holds()


def test_a_deleted_file_is_a_change(repo: Repository) -> None:
    repo.write("configs/caddy/extra.conf", "x")
    documented(repo)
    (repo.root / "configs/caddy/extra.conf").unlink()
    repo.commit("less")
    assert repo.page().state == "behind"


def test_a_build_context_that_is_the_whole_repository(repo: Repository) -> None:
    built = replace(repo.stack.services["caddy"], build=Build(context=str(repo.root)), mounts=())
    repo.write("Dockerfile", "FROM scratch\n")
    repo.write(".dockerignore", "docs\n")
    repo.write("docs/spokes/caddy.md", PAGE)
    repo.write("docs/other.md", "other\n")
    repo.commit("all")
    stack = replace(repo.stack, services={"caddy": built})
    assert repo.page(stack=stack).holds()
    repo.write("docs/other.md", "more\n")
    repo.commit("what the build ignores")
    assert repo.page(stack=stack).holds()
    repo.write("Dockerfile", "FROM busybox\n")
    repo.commit("what it does not")
    assert repo.page(stack=stack).state == "behind"


def test_going_back_is_a_change_too(repo: Repository) -> None:
    repo.commit("start")
    repo.edit("docker-compose.yml", "caddy:2", "caddy:3")
    repo.commit("three")
    repo.write("docs/spokes/caddy.md", PAGE)
    repo.commit("page, about three")
    assert repo.page().holds()
    repo.edit("docker-compose.yml", "caddy:3", "caddy:2")
    repo.commit("two again")
    assert repo.page().state == "behind"


def test_a_page_that_was_moved_as_it_is_has_not_been_read_again(repo: Repository) -> None:
    documented(repo)
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.commit("change")
    repo.git("mv", "docs/spokes/caddy.md", "docs/caddy.md")
    repo.commit("move the pages")
    repo.pages = "docs/{service}.md"
    assert repo.page().state == "behind"
    repo.write("docs/caddy.md", PAGE + "On 81.\n")
    repo.commit("say it")
    assert repo.page().holds()


def test_a_stack_below_the_top_of_its_repository(tmp_path: Path) -> None:
    top = Repository(tmp_path / "top")
    inner = Repository.__new__(Repository)
    inner.root, inner.minutes, inner.pages = top.root / "stacks/shop", 0, top.pages
    inner.write("docker-compose.yml", COMPOSE)
    inner.write("configs/caddy/Caddyfile", ":80\n")
    inner.write("docs/spokes/caddy.md", PAGE)
    inner.commit("all")
    assert inner.page().holds()
    assert git.changed_paths(inner.root) == frozenset()
    inner.write("configs/caddy/Caddyfile", ":81\n")
    assert known(git.changed_paths(inner.root)) == {"configs/caddy/Caddyfile"}
    assert inner.page().state == "behind"
    inner.commit("change")
    assert inner.page().state == "behind"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", "\n**Last change fingerprint:** {}\n"),
        ("a page", "a page\n\n**Last change fingerprint:** {}\n"),
        ("a\r\n", "a\r\n\r\n**Last change fingerprint:** {}\r\n"),
        ("**Last change fingerprint:** TBD\nb\n", "**Last change fingerprint:** {}\nb\n"),
        (
            "- **Last change fingerprint:** `x` \r\nb\r\n",
            "- **Last change fingerprint:** `{}`\r\nb\r\n",
        ),
        ("**Last change fingerprint:**\nb\n", "**Last change fingerprint:** {}\nb\n"),
    ],
)
def test_acknowledging_changes_one_line(text: str, after: str) -> None:
    fingerprint = "e50e0b0e73abb0a5"
    said = acknowledge(text, fingerprint)
    assert said == after.format(fingerprint)
    assert acknowledged(said) == fingerprint
    assert acknowledge(said, fingerprint) == said


def behind(repo: Repository) -> Repository:
    """A page that says what the service was before its last change."""
    documented(repo)
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.commit("change")
    assert repo.page().state == "behind"
    return repo


@pytest.mark.case("freshness/c21-page-edited-and-reverted")
def test_a_page_that_is_edited_and_reverted_is_not_newer(repo: Repository) -> None:
    behind(repo)
    repo.write("docs/spokes/caddy.md", PAGE + "A typo.\n")
    repo.commit("edit")
    assert repo.page().holds()
    repo.git("revert", "--no-edit", "HEAD")
    assert repo.page().state == "behind"


@pytest.mark.case("freshness/c09-page-deleted")
def test_a_page_that_is_deleted_and_restored_is_not_newer(repo: Repository) -> None:
    behind(repo)
    repo.git("rm", "-q", "docs/spokes/caddy.md")
    repo.commit("delete")
    repo.git("revert", "--no-edit", "HEAD")
    assert repo.page().state == "behind"


def test_a_service_that_is_put_back_with_its_page_is_documented(repo: Repository) -> None:
    documented(repo)
    repo.write("configs/caddy/Caddyfile", ":81\n")
    repo.write("docs/spokes/caddy.md", PAGE + "It listens on 81.\n")
    repo.commit("change both")
    repo.git("revert", "--no-edit", "HEAD")
    assert repo.page().holds()


@pytest.mark.case("freshness/a13-page-behind-without-a-change")
def test_an_ignored_file_that_is_deleted_changes_nothing(repo: Repository) -> None:
    repo.write("configs/caddy/.Caddyfile.swp", "x")
    repo.git("add", "-f", "configs/caddy/.Caddyfile.swp")
    documented(repo)
    repo.git("rm", "-q", "configs/caddy/.Caddyfile.swp")
    repo.commit("an editor's file")
    assert repo.page().holds()
    # The file of a service that is deleted does count.
    repo.write("configs/caddy/more", "x")
    repo.write("docs/spokes/caddy.md", PAGE + "With more.\n")
    repo.commit("more")
    assert repo.page().holds()
    repo.git("rm", "-q", "configs/caddy/more")
    repo.commit("less")
    assert repo.page().state == "behind"


@pytest.mark.case("freshness/a13-page-behind-without-a-change")
@pytest.mark.parametrize(("ignored", "state"), [("*\n!Dockerfile\n", "current"), ("", "behind")])
def test_a_deleted_file_counts_if_it_was_a_part_of_the_build(
    repo: Repository, ignored: str, state: str
) -> None:
    build = Build(context=str(repo.root), dockerfile="Dockerfile")

    def built() -> Stack:
        services = {"caddy": replace(repo.stack.services["caddy"], build=build)}
        return replace(repo.stack, services=services)

    repo.write("Dockerfile", "FROM scratch\nCOPY . /\n")
    repo.write(".dockerignore", ignored)
    repo.write("notes/n.md", "n\n")
    repo.write("docs/spokes/caddy.md", PAGE)
    repo.commit("all")
    repo.git("rm", "-q", "notes/n.md")
    repo.commit("a note is deleted")

    stack = built()
    fingerprint = repo.fingerprints(stack)["caddy"]

    def left_out(service: str, path: str) -> bool:
        return left_out_of_context(build, str(repo.root / path))

    reading = read_pages(stack, {"caddy": fingerprint}, pages=repo.pages, left_out=left_out)
    facts = reading["caddy"].facts
    assert not isinstance(facts, Unknown)
    assert facts.follows_change == (state == "current")
