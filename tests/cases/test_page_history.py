"""What makes a page old, and what does not: stacks as Compose reads them, in real repositories."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.fingerprint_inputs import read_fingerprints
from stacktest.bootstrap.page_reader import page_reader
from stacktest.config import Config, ServiceSection
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.digest import Key
from stacktest.core.freshness.docs_page import DocsPage, judge_page
from stacktest.core.freshness.states import State
from stacktest.core.records.status import StatusEntry
from stacktest.core.unknown import Unknown
from tests.cases.test_documentation_cases import PAGE, Repository
from tests.support.known import known
from tests.support.stack_simulator import StackSimulator, hexed

pytestmark = pytest.mark.processes

AT = "docs/spokes/caddy.md"
MOUNTED = 'volumes: ["./configs/caddy:/etc/caddy:ro"]'


class Documented(Repository):
    """A stack of `caddy` and `other`; `caddy` has the keys that are given, and a page."""

    def __init__(self, root: Path, keys: str = MOUNTED, *, folder: str = ".") -> None:
        super().__init__(root)
        self.top, self.root = root, root / folder
        self.ignore: tuple[str, ...] = ()
        self.status: Mapping[str, StatusEntry] = {}
        self.define(keys)
        self.write(AT, PAGE)

    def define(self, keys: str, path: str = "docker-compose.yml", more: str = "") -> None:
        self.write(
            path,
            f"services:\n  caddy:\n    image: caddy:2\n    {keys}\n  other:\n    image: other:1\n{more}",
        )

    def commit(self, message: str = "x", *options: str) -> None:
        self.minutes += 1
        self.git("-C", str(self.top), "add", "-A")
        self.git("commit", "-q", "-m", message, *options)

    def change(self) -> None:
        """Commit another configuration of the service."""
        self.write("configs/caddy/Caddyfile", f":{80 + self.minutes}\n")
        self.commit("change")

    def submodule(self, path: str, files: Mapping[str, str]) -> "Repository":
        """Another repository as a submodule of this one."""
        other = Repository(self.top.parent / "another")
        for name, text in files.items():
            other.write(name, text)
        other.commit()
        self.git(
            "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), path
        )
        return other

    def pull(self, path: str) -> None:
        subprocess.run(["git", "pull", "-q"], cwd=self.root / path, check=True, capture_output=True)

    def judge(self, *, configured: bool = True) -> DocsPage | Unknown | None:
        """The page as commands judge it; None: the stack keeps none."""
        stack = Compose(self.root).model()
        section = replace(Config(root=self.root).stack, pages=self.pages)
        config = Config(
            root=self.root,
            stack=section,
            services={"caddy": ServiceSection(ignore=self.ignore)},
            origins={"stack.pages": "x"} if configured else {},
        )
        key = Key(secret=bytes(32))
        fingerprints = read_fingerprints(stack, key=key, images={}, config=config)
        readings = page_reader(stack, config, lambda: self.status)(fingerprints)
        if not readings:
            return None
        facts, repo = readings["caddy"].facts, known(fingerprints["caddy"].repo)
        if isinstance(facts, Unknown):
            return facts
        return judge_page(facts, fingerprint=hexed("whole"), repo_fingerprint=repo)

    @property
    def state(self) -> str:
        """What is to be said about the page."""
        page = self.judge()
        assert isinstance(page, DocsPage)
        return page.state


Keys = Callable[[Path], str]
Inputs = Mapping[str, str]

FILES: Mapping[str, tuple[str, Inputs, str]] = {
    # the keys of the service, its files, the file that is edited
    "beyond the project": ('volumes: ["../conf:/c:ro"]', {"../conf/x": "1"}, "../conf/x"),
    "a further context": (
        "build: {context: ./app, additional_contexts: {lib: ./lib}}",
        {"app/Dockerfile": "FROM scratch\n", "lib/x": "1"},
        "lib/x",
    ),
    "a Dockerfile beside its context": (
        "build: {context: ./app, dockerfile: ../docker/file}",
        {"app/x": "1", "docker/file": "FROM scratch\n"},
        "docker/file",
    ),
    "a context around the project": (
        "build: {context: .., dockerfile: Dockerfile}",
        {"../Dockerfile": "FROM scratch\n", "../lib/x": "1"},
        "../lib/x",
    ),
    "a seccomp profile": ('security_opt: ["seccomp:sec.json"]', {"sec.json": "{}"}, "sec.json"),
    "the target of a link": (MOUNTED, {"shared/x": "1"}, "shared/x"),
}


@pytest.mark.parametrize("kind", FILES)
def test_whatever_belongs_to_the_service_makes_its_page_old(tmp_path: Path, kind: str) -> None:
    keys, files, edited = FILES[kind]
    stack = Documented(tmp_path / "top", keys, folder="stack")
    for path, text in files.items():
        stack.write(path, text)
    if "link" in kind:
        (stack.root / "configs/caddy").mkdir(parents=True)
        (stack.root / "configs/caddy/link").symlink_to(f"../../{edited}")
    stack.commit()
    assert stack.state == "current"
    stack.write(edited, "FROM scratch\n# another\nRUN true\n")
    assert stack.state == "behind"
    stack.commit()
    assert stack.state == "behind"


def test_mounts_of_another_service_count_with_volumes_from(tmp_path: Path) -> None:
    stack = Documented(tmp_path / "stack", "volumes_from: [other]")
    stack.define("volumes_from: [other]", more='    volumes: ["./shared:/c:ro"]\n')
    stack.write("shared/x", "1")
    stack.commit()
    assert stack.state == "current"
    stack.write("shared/x", "2")
    stack.commit()
    assert stack.state == "behind"


def test_a_volume_that_is_a_folder_counts(tmp_path: Path) -> None:
    root = tmp_path / "stack"
    stack = Documented(root)
    options = f"{{type: none, o: bind, device: {root}/shared}}"
    volume = f"volumes:\n  shared: {{driver_opts: {options}}}\n"
    stack.define('volumes: ["shared:/shared:ro"]', more=volume)
    stack.write("shared/x", "1")
    stack.commit()
    assert stack.state == "current"
    stack.write("shared/x", "2")
    stack.commit()
    assert stack.state == "behind"


@pytest.mark.parametrize(
    ("mount", "path", "state"),
    [
        ("./conf", "c/x", "behind"),
        ("./conf/c", "c/x", "behind"),
        ("./conf/c", "another", "current"),
        ("./conf/c/x", "c/x", "behind"),
    ],
)
def test_files_in_a_submodule_count(tmp_path: Path, mount: str, path: str, state: str) -> None:
    stack = Documented(tmp_path / "stack", f'volumes: ["{mount}:/c:ro"]')
    other = stack.submodule("conf", {"c/x": "1"})
    stack.commit()
    assert stack.state == "current"
    other.write(path, "2")
    other.commit()
    stack.pull("conf")
    assert stack.state == state
    stack.commit()
    assert stack.state == state


NOTHING: Mapping[str, tuple[str, Inputs, Inputs]] = {
    # the keys of the service, its files, their texts after the edit
    "a comment of the Dockerfile": (
        "build: ./app",
        {"app/Dockerfile": "FROM scratch\n"},
        {"app/Dockerfile": "# small\nFROM scratch\n"},
    ),
    "a comment of the ignore file": (
        "build: ./app",
        {"app/Dockerfile": "FROM scratch\n", "app/.dockerignore": "x\n"},
        {"app/.dockerignore": "# not x\nx\n"},
    ),
    "another page is acknowledged": (
        'volumes: ["./docs:/docs:ro"]',
        {"docs/spokes/other.md": "# Other\n\nIt is there.\n"},
        {
            "docs/spokes/other.md": "# Other\n\nIt is there.\n"
            "\n**Last change fingerprint:** 0123456789abcdef\n"
        },
    ),
    "an override for another service": (
        MOUNTED,
        {},
        {"docker-compose.override.yml": "services:\n  other:\n    environment: {A: b}\n"},
    ),
    "an override that git ignores": (
        MOUNTED,
        {".gitignore": "docker-compose.override.yml\n"},
        {"docker-compose.override.yml": "services:\n  caddy:\n    environment: {A: b}\n"},
    ),
    "another service moves into a file of its own": (
        MOUNTED,
        {},
        {
            "docker-compose.yml": "include: [other.yml]\nservices:\n  caddy:\n"
            f"    image: caddy:2\n    {MOUNTED}\n",
            "other.yml": "services:\n  other:\n    image: other:1\n",
        },
    ),
}


@pytest.mark.parametrize("kind", NOTHING)
def test_what_is_no_change_makes_no_page_old(tmp_path: Path, kind: str) -> None:
    keys, files, edits = NOTHING[kind]
    stack = Documented(tmp_path / "stack", keys)
    for path, text in files.items():
        stack.write(path, text)
    stack.commit()
    assert stack.state == "current"
    for path, text in edits.items():
        stack.write(path, text)
    stack.git("add", "-A")
    assert stack.state == "current"
    stack.commit("edit", "--allow-empty")
    assert stack.state == "current"


def test_an_edit_of_a_page_that_is_mounted_is_a_change(tmp_path: Path) -> None:
    stack = Documented(tmp_path / "stack", 'volumes: ["./docs:/docs:ro"]')
    stack.write("docs/spokes/other.md", "# Other\n\nIt is there.\n")
    stack.commit()
    stack.edit("docs/spokes/other.md", "there", "here")
    assert stack.state == "behind"
    stack.commit()
    assert stack.state == "behind"


@pytest.mark.parametrize(
    ("mount", "ignored", "path"),
    [
        ("./configs/caddy:/c:ro", ("cache/",), "configs/caddy/cache/x"),
        ("./:/c:ro", (), "data/tests/caddy/last_pass.json"),
        ("./:/c", (), "data/tests/caddy/last_pass.json"),
        ("./state:/c", (), "state/app.sqlite"),
    ],
)
def test_what_did_not_count_may_be_deleted(
    tmp_path: Path, mount: str, ignored: tuple[str, ...], path: str
) -> None:
    stack = Documented(tmp_path / "stack", f'volumes: ["{mount}"]')
    stack.ignore = ignored
    stack.write(path, "1")
    stack.write("state/text", "1")
    stack.commit()
    assert stack.state == "current"
    stack.git("rm", "-q", path)
    stack.commit()
    assert stack.state == "current"


def test_an_override_that_is_added_or_removed_is_a_change(tmp_path: Path) -> None:
    stack = Documented(tmp_path / "stack")
    stack.commit()
    name = "docker-compose.override.yml"
    stack.write(name, "services:\n  caddy:\n    environment: {A: b}\n")
    stack.commit()
    assert stack.state == "behind"
    stack.write(AT, f"{PAGE}With a variable.\n")
    stack.commit()
    assert stack.state == "current"
    stack.git("rm", "-q", name)
    stack.commit()
    assert stack.state == "behind"


def test_a_compose_file_may_be_renamed(tmp_path: Path) -> None:
    stack = Documented(tmp_path / "stack")
    stack.commit()
    stack.git("mv", "docker-compose.yml", "compose.yaml")
    stack.commit()
    assert stack.state == "current"
    stack.edit("compose.yaml", "caddy:2", "caddy:3")
    stack.commit()
    assert stack.state == "behind"


@pytest.mark.parametrize("page_first", [True, False])
def test_a_page_knows_all_branches_that_were_merged_or_is_behind(
    tmp_path: Path, *, page_first: bool
) -> None:
    stack = Documented(tmp_path / "stack")
    stack.commit()
    stack.git("checkout", "-q", "-b", "side")

    def write_page() -> None:
        stack.write("configs/caddy/one", "1")
        stack.write(AT, f"{PAGE}With one.\n")
        stack.commit("one, and the page")

    def write_other() -> None:
        stack.write("configs/caddy/two", "2")
        stack.commit("two")

    branches = [write_page, write_other] if page_first else [write_other, write_page]
    branches[0]()
    stack.git("checkout", "-q", "main")
    branches[1]()
    stack.minutes += 1
    stack.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    assert stack.state == "behind"
    stack.write(AT, f"{PAGE}With one and two.\n")
    stack.commit("both")
    assert stack.state == "current"


def test_what_only_the_merge_changed_is_a_change(tmp_path: Path) -> None:
    stack = Documented(tmp_path / "stack")
    stack.commit()
    stack.git("checkout", "-q", "-b", "side")
    stack.write("one", "1")
    stack.commit()
    stack.git("checkout", "-q", "main")
    stack.write("two", "2")
    stack.commit()
    stack.git("merge", "-q", "--no-ff", "--no-commit", "side")
    assert stack.state == "current"
    stack.write("configs/caddy/Caddyfile", ":99\n")
    stack.commit("merge")
    assert stack.state == "behind"


def test_a_text_that_comes_back_under_another_name_is_not_newer(tmp_path: Path) -> None:
    stack = Documented(tmp_path / "stack")
    stack.git("add", "-A")
    stack.git("mv", AT, "docs/caddy.md")
    stack.commit()
    stack.change()
    # Moved, edited and put back.
    stack.git("mv", "docs/caddy.md", AT)
    stack.write(AT, f"{PAGE}A typo.\n")
    stack.commit()
    stack.write(AT, PAGE)
    stack.commit()
    assert stack.state == "behind"
    # Deleted here, and written there.
    stack.git("rm", "-q", AT)
    stack.commit()
    stack.pages = "docs/pages/{service}.md"
    stack.write("docs/pages/caddy.md", PAGE)
    stack.commit()
    assert stack.state == "behind"


@pytest.mark.parametrize("line", ["TBD", "0123456789abcdef"])
def test_the_line_of_an_acknowledgement_is_no_text(tmp_path: Path, line: str) -> None:
    stack = Documented(tmp_path / "stack")
    acknowledged = f"{PAGE}\n**Last change fingerprint:** {line}\n"
    stack.write(AT, acknowledged)
    stack.commit()
    stack.change()
    assert stack.state == "behind"
    stack.write(AT, PAGE)
    stack.commit("without the line")
    assert stack.state == "behind"
    stack.write(AT, f"{PAGE}\n**Last change fingerprint:** TBD\n")
    stack.commit("with another line")
    assert stack.state == "behind"


@pytest.mark.parametrize("link", [AT, "docs/spokes", "docs"])
def test_a_page_may_be_behind_a_link(tmp_path: Path, link: str) -> None:
    stack = Documented(tmp_path / "stack")
    target = AT.replace("docs", "wiki")
    (stack.root / "docs").rename(stack.root / "wiki")
    (stack.root / link).parent.mkdir(parents=True, exist_ok=True)
    depth = "../" * link.count("/")
    (stack.root / link).symlink_to(f"{depth}{link.replace('docs', 'wiki')}")
    stack.commit()
    assert stack.state == "current"
    stack.change()
    assert stack.state == "behind"
    stack.edit(target, "front", "back")
    stack.commit()
    assert stack.state == "current"
    # What it leads to is deleted, and then the link from the folder only.
    stack.git("rm", "-q", target)
    stack.commit()
    assert stack.state == "missing"
    (stack.root / link).unlink()
    assert stack.state == "missing"


def test_a_link_to_an_old_page_is_no_new_page(tmp_path: Path) -> None:
    stack = Documented(tmp_path / "stack")
    stack.git("add", "-A")
    stack.git("mv", AT, "docs/caddy.md")
    stack.commit()
    stack.change()
    (stack.root / AT).symlink_to("../caddy.md")
    stack.commit()
    assert stack.state == "behind"
    (stack.root / AT).unlink()
    assert stack.state == "behind"


def test_pages_may_lie_in_a_submodule(tmp_path: Path) -> None:
    stack = Documented(tmp_path / "stack")
    (stack.root / AT).unlink()
    other = stack.submodule("wiki", {"caddy.md": PAGE})
    stack.pages = "wiki/{service}.md"
    stack.commit()
    assert stack.state == "current"
    stack.change()
    assert stack.state == "behind"
    other.write("another.md", PAGE)
    other.commit()
    stack.pull("wiki")
    stack.commit()
    assert stack.state == "behind"
    other.write("caddy.md", f"{PAGE}On another port.\n")
    other.commit()
    stack.pull("wiki")
    assert stack.state == "behind"
    stack.commit()
    assert stack.state == "current"


@pytest.mark.parametrize("is_link", [False, True])
def test_a_page_of_another_repository_is_called_so(tmp_path: Path, is_link: bool) -> None:
    stack = Documented(tmp_path / "stack")
    (stack.root / AT).unlink()
    stack.commit()
    folder = tmp_path / "wiki" if is_link else stack.root / "wiki"
    folder.mkdir()
    (folder / "caddy.md").write_text(PAGE)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    if is_link:
        (stack.root / "wiki").symlink_to(folder)
    stack.pages = "wiki/{service}.md"
    page = stack.judge()
    assert isinstance(page, DocsPage)
    assert (page.state, page.reasons) == ("missing", ("doc:in another repository",))


def test_a_page_that_git_ignores_is_not_committed(tmp_path: Path) -> None:
    stack = Documented(tmp_path / "stack")
    stack.write(".gitignore", "docs\n")
    stack.commit()
    page = stack.judge()
    assert isinstance(page, DocsPage)
    assert (page.state, page.reasons) == ("missing", ("doc_uncommitted",))


@pytest.mark.parametrize(
    ("pattern", "template"),
    [
        ("docs/{service}/README.md", "docs/_template/README.md"),
        ("docs/{service}/README.md", "docs/_template.md"),
        ("docs/{service}/README.md", "docs/caddy/_template.md"),
        ("docs/{service}.md", "docs/template.md"),
        ("{service}.md", "_template.md"),
    ],
)
def test_a_bare_template_is_no_page(tmp_path: Path, pattern: str, template: str) -> None:
    stack = Documented(tmp_path / "stack")
    stack.pages = pattern
    text = "# {service}\n\nWhat {service} is for, in a few words.\n"
    page = pattern.replace("{service}", "caddy")
    stack.write(template, text)
    stack.write(page, text.replace("{service}", "Caddy"))
    stack.commit()
    assert stack.state == "template"
    # Whatever becomes of the template.
    stack.edit(template, "few", "thousand")
    stack.commit()
    assert stack.state == "template"
    stack.git("rm", "-q", template)
    stack.commit()
    assert stack.state == "template"
    stack.write(page, PAGE)
    stack.commit()
    assert stack.state == "current"


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff# Caddy\n",
        "---\ntitle: The front door\n---",
        "---\ntitle: The front door\n--- \n# Caddy\n",
        "The front door\n==============\n",
        "# Caddy\n<!--\nSay what it is for.\n",
    ],
)
def test_a_page_without_a_sentence_is_empty(tmp_path: Path, text: str) -> None:
    stack = Documented(tmp_path / "stack")
    stack.write(AT, text)
    stack.commit()
    assert stack.state == "empty"


@pytest.mark.parametrize("text", [None, "# Caddy\n", "---\ntitle: The front door\n---\n"])
def test_who_denies_old_pages_does_not_lose_them(
    tmp_path: Path, world: StackSimulator, text: str | None
) -> None:
    stack = Documented(tmp_path / "stack")
    stack.commit()
    stack.change()
    if text is None:
        stack.git("rm", "-q", AT)
    else:
        stack.write(AT, text)
    stack.commit()
    page = stack.judge()
    assert isinstance(page, DocsPage)
    # Who never had a page may do without one.
    world.deny = frozenset({State.DOC_STALE})
    world.add("caddy", page=page)
    world.add("other", page=DocsPage(state="missing"))
    world.run()
    assert world.state("caddy") is State.DOC_MISSING
    (blocker,) = world.gate().blockers
    assert (blocker.service, blocker.state) == ("caddy", State.DOC_STALE)
    assert blocker.command == "write docs/spokes/caddy.md and commit it"
    world.deny |= {State.DOC_MISSING}
    blockers = world.gate().blockers
    assert [(b.service, b.state) for b in blockers] == [
        ("caddy", State.DOC_MISSING),
        ("other", State.DOC_MISSING),
    ]


def test_a_look_remembers_pages_that_git_does_not(tmp_path: Path, world: StackSimulator) -> None:
    stack = Documented(tmp_path / "stack")
    (stack.root / AT).unlink()
    (stack.root / "docs/spokes").rmdir()
    stack.commit()
    assert stack.judge(configured=False) is None
    stack.commit("later", "--allow-empty")
    clone = tmp_path / "clone"
    command = ["git", "clone", "-q", "--depth", "1", f"file://{stack.root}", str(clone)]
    subprocess.run(command, check=True)
    stack.root = clone
    assert stack.judge(configured=False) is None
    world.add("caddy")
    world.run()
    stack.status = {"caddy": StatusEntry.from_dict(world.status["caddy"])}
    assert isinstance(stack.judge(configured=False), Unknown)
