"""Which verbs run code of the folder, held against the table of the reference."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.compose_project import Project, project
from tests.support.exports import exports

__all__ = ["project"]

ROOT = Path(__file__).parents[2]
MARK = (
    "import pathlib as _p\nwith _p.Path({marker!r}).open('a') as _f: _f.write({name!r} + '\\n')\n"
)
TEST = 'import pytest\n@pytest.mark.service("cache")\ndef test_x(inside): assert inside("cache")\n'
HOSTILE = (
    *("conftest.py", "suites/conftest.py", "suites/test_evil.py", "evil_plugin.py"),
    *("sitecustomize.py", "usercustomize.py", "suites/sitecustomize.py"),
    *("json.py", "secrets.py", "token.py", "email.py", "pytest.py", "stacktest.py", "yaml.py"),
)
"""Modules that a stranger may put into a pull request; each notes that it ran."""
PROGRAMS = (
    *("core.fsmonitor", "core.sshCommand", "core.askPass", "core.pager", "credential.helper"),
    *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv"),
    *("diff.evil.command", "diff.external", "gpg.program"),
)
"""Settings of git that name a program, which the folder's own `.git/config` may hold."""
HOOKS = ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc")
VERBS = (
    *(
        "ack cache",
        "check",
        "claims",
        "completion bash",
        "config schema",
        "config show --origin",
        "doctor",
    ),
    "down",
    *(f"export {verb}" for verb in exports("cache")),
    *("fingerprint", "gate", "gate --offline"),
    *("gate --scope repo", "gate --scope repo --base HEAD", "history", "init", "merge ."),
    *("names", "names --hosts", "notify", "notify --test", "page --output p.html", "plan"),
    *("record cache", "status", "up", "why cache"),
)


def table() -> dict[str, bool]:
    """Verb → whether the reference says that it imports code of the folder."""
    text = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]+`) \| (yes|no)\b[^|]*\|", text, re.MULTILINE)
    verbs = [
        (verb, says == "yes") for cell, says in rows for verb in re.findall(r"`([^`]+)`", cell)
    ]
    assert len(dict(verbs)) == len(verbs), "a verb stands in two rows"
    return dict(verbs)


def says_yes(words: str) -> bool:
    """What the table says of a command: its longest row that the command begins with."""
    rows = {
        verb: says
        for verb, says in table().items()
        if words == verb or words.startswith(f"{verb} ")
    }
    return rows[max(rows, key=len)]


@pytest.fixture
def folder(project: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A stack with hostile files in it, and the file in which they note that they ran."""
    marker = tmp_path_factory.mktemp("ran") / "ran"
    project.write(
        "services: {cache: {image: IMAGE, command: [sleep, '60'], stop_grace_period: 0s}}\n"
    )
    root = project.root
    (root / "stacktest.toml").write_text('[services.cache]\nready = "running"\n')
    (root / "pytest.ini").write_text("[pytest]\naddopts = -p evil_plugin\npythonpath = .\n")
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "-p evil_plugin"\n')
    (root / "evil.pth").write_text(f"import sys; open({str(marker)!r}, 'a').write('pth')\n")
    (root / "docs").mkdir()
    (root / "docs/cache.md").write_text("# cache\n\nIt keeps things.\n")
    for name in HOSTILE:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(MARK.format(marker=str(marker), name=name))
    test = root / "suites/test_evil.py"
    test.write_text(test.read_text() + TEST)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], cwd=root, check=True, capture_output=True)
    configure_git(root, marker)
    return root, marker


def configure_git(root: Path, marker: Path) -> None:
    """Programs of the folder wherever git's configuration can name one, and something to look at."""
    (root / ".gitattributes").write_text("* filter=evil diff=evil\n")
    for name in (*PROGRAMS, *HOOKS):
        place = root / ".git/hooks" / name if name in HOOKS else root / "tools" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"#!/bin/sh\necho {name} >> {marker}\n")
        place.chmod(0o755)
        if name in PROGRAMS:
            command = ["git", "config", name, str(place)]
            subprocess.run(command, cwd=root, check=True, capture_output=True)
    (root / "docs/cache.md").write_text("# cache\n\nIt keeps other things.\n")


def ran(folder: tuple[Path, Path], words: str) -> set[str]:
    """What ran of the folder while a command did its work."""
    root, marker = folder
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("stacktest")), *words.split()],
        cwd=root,
        env={**environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 70, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    return set(marker.read_text().split()) if marker.exists() else set()


@pytest.mark.real_docker
@pytest.mark.processes
@pytest.mark.case("hard/G1-check-runs-code")
@pytest.mark.parametrize("words", VERBS)
def test_the_table_says_whose_code_runs(words: str, folder: tuple[Path, Path]) -> None:
    files = ran(folder, words)
    assert bool(files) is says_yes(words), files


def test_every_row_of_the_table_is_tried() -> None:
    assert {
        verb for verb in table() if not any(w == verb or w.startswith(f"{verb} ") for w in VERBS)
    } == set()


@pytest.mark.real_docker
@pytest.mark.processes
def test_the_gate_by_a_base_runs_nothing_of_a_pull_request(folder: tuple[Path, Path]) -> None:
    assert ran(folder, "gate --scope repo --base HEAD") == set()
    # The same files run where a person who trusts them asks.
    assert "evil_plugin.py" in ran(folder, "gate --scope repo")
