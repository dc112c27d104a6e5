"""An inventory that is kept says what a new collection would say, or it is not used."""

import os
import textwrap
from pathlib import Path

import pytest

from stacktest.adapters.ledger import kept_inventory
from stacktest.adapters.suites import locate_suites
from stacktest.application import required_tests
from stacktest.application.required_tests import BackgroundInventory
from stacktest.core.collected_test import Collection
from tests.support.nested_pytest import ADDOPTS

pytestmark = pytest.mark.processes

SUITE = """
import pytest
from helpers import NAMES
pytestmark = pytest.mark.service("web")
@pytest.mark.parametrize("name", NAMES)
def test_it(stack, name): assert name
"""
FILES = {
    "pytest.ini": f"[pytest]\ntestpaths = suites\npythonpath = .\n{ADDOPTS}\n",
    "stacktest.toml": "",
    "compose.yaml": "services: {web: {image: x}}\n",
    "helpers.py": "NAMES = ['a']\n",
    "suites/conftest.py": "import pytest\n@pytest.fixture\ndef thing(): return 1\n",
    "suites/test_web.py": SUITE,
}


class Project:
    """A stack with suites, and the collections that were made of it."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.collections = 0
        self.monkeypatch = monkeypatch
        self.write(FILES)
        monkeypatch.chdir(root)
        run = BackgroundInventory._run

        def counted(inventory: BackgroundInventory, *arguments: object) -> object:
            self.collections += 1
            return run(inventory, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(BackgroundInventory, "_run", counted)

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(textwrap.dedent(text))

    def collect(self) -> tuple[set[str], int]:
        """The names of the tests, and how many collections that took."""
        before = self.collections
        suites = locate_suites(self.root, ())
        collection = BackgroundInventory(suites, stack=str(self.root)).read()
        assert not collection.errors
        names = {f"{test.full}:{','.join(test.services)}" for test in collection.tests}
        return names, self.collections - before

    def fresh(self) -> set[str]:
        """The names of the tests as a collection that knows of no other has them."""
        fresh = BackgroundInventory(locate_suites(self.root, ())).read()
        self.collections -= 1
        return {f"{test.full}:{','.join(test.services)}" for test in fresh.tests}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose files were left alone long enough."""
    monkeypatch.setattr(kept_inventory, "SETTLED", 0)
    return Project(tmp_path, monkeypatch)


def test_nothing_changed_and_nothing_is_collected_again(project: Project) -> None:
    first, _ = project.collect()
    assert first == {"suites/test_web.py::test_it[a]:web"}
    assert project.collect() == (first, 0)
    project.monkeypatch.setenv("SSH_TTY", "/dev/pts/9")
    assert project.collect() == (first, 0)


CHANGES: dict[str, dict[str, str]] = {
    "a test file": {"suites/test_web.py": SUITE.replace("web", "db")},
    "a helper": {"helpers.py": "NAMES = ['b']\n"},
    "a new test file": {"suites/deep/test_new.py": SUITE},
    "a new conftest": {"conftest.py": "collect_ignore = ['suites/test_web.py']\n"},
    "what conftest gives": {
        "suites/conftest.py": """
            import pytest
            @pytest.fixture(autouse=True, params=[1, 2])
            def number(): pass
        """
    },
    "a module that hides another": {
        "suites/helpers/__init__.py": "NAMES = ['d']\n",
        "pytest.ini": f"[pytest]\ntestpaths = suites\npythonpath = suites .\n{ADDOPTS}\n",
    },
    "a setting": {"pytest.ini": f"{FILES['pytest.ini']}python_functions = check\n"},
    "another file of settings": {
        "pytest.toml": """
            [pytest]
            testpaths = ["suites"]
            pythonpath = ["."]
            addopts = ["-p", "no:python"]
        """
    },
    "another place for the suites": {
        "other/test_web.py": SUITE,
        "stacktest.toml": "[stack]\nsuites = ['other']\n",
    },
}


@pytest.mark.parametrize("files", CHANGES.values(), ids=CHANGES)
def test_whatever_changed_is_collected_again(project: Project, files: dict[str, str]) -> None:
    project.collect()
    project.write(files)
    assert project.collect() == (project.fresh(), 1)


def test_a_file_that_went_is_missed(project: Project) -> None:
    project.write({"suites/test_two.py": SUITE})
    assert len(project.collect()[0]) == 2
    (project.root / "suites/test_two.py").unlink()
    assert project.collect() == ({"suites/test_web.py::test_it[a]:web"}, 1)


def test_neither_size_nor_time_hides_a_change(project: Project) -> None:
    project.collect()
    helper = project.root / "helpers.py"
    stat = helper.stat()
    helper.write_text("NAMES = ['c']\n")
    os.utime(helper, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    # What Python compiled before deceives Python itself, and not the comparison.
    assert project.collect()[1] == 1


def test_another_environment_is_another_question(project: Project) -> None:
    project.collect()
    project.monkeypatch.setenv("SOMETHING", "else")
    assert project.collect()[1] == 1


NEVER_KEPT = {
    "a file": "import json, pathlib\nNAMES = json.loads(pathlib.Path(__file__).with_name('n.json').read_text())\n",
    "a folder": "import pathlib\nNAMES = sorted(p.name for p in pathlib.Path(__file__).parent.glob('*.json'))\n",
    "a variable": "import os\nNAMES = [os.environ['NAMES']]\n",
    "a clock": "import datetime\nNAMES = [str(datetime.datetime.now().year)]\n",
    "a program": "import subprocess\nNAMES = subprocess.check_output(['cat', 'n.json'], text=True).split()\n",
    "a package": "import pluggy\nNAMES = [pluggy.__version__]\n",
}  # fmt: skip


@pytest.mark.parametrize("helper", NEVER_KEPT.values(), ids=NEVER_KEPT)
def test_what_depends_on_more_than_code_is_collected_each_time(
    project: Project, helper: str
) -> None:
    project.write({"n.json": '["x"]', "helpers.py": helper})
    project.monkeypatch.setenv("NAMES", "x")
    assert project.collect()[1] == project.collect()[1] == 1


def test_a_file_that_is_saved_meanwhile_keeps_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = BackgroundInventory._run

    def edited(inventory: BackgroundInventory, *arguments: object) -> object:
        done = run(inventory, *arguments)  # type: ignore[arg-type]
        # Of another size: Python takes what it compiled of a file of the same second and size.
        project.write({"helpers.py": "NAMES = ['other']\n"})
        return done

    monkeypatch.setattr(required_tests.BackgroundInventory, "_run", edited)
    project.collect()
    assert project.collect() == ({"suites/test_web.py::test_it[other]:web"}, 1)


@pytest.mark.parametrize("later", [0, 1])
def test_a_file_of_the_same_moment_was_there_before(project: Project, later: int) -> None:
    """To the nanosecond: as floating-point seconds, one of eight times is later than itself."""
    helper = project.root / "helpers.py"
    inputs = kept_inventory.Inputs(installed=(), own=(str(helper),), folders=())
    for number in range(40):
        helper.write_text(f"NAMES = ['{number}']\n")
        inventories = kept_inventory.KeptInventories(project.root, [str(number)], {})
        inventories.write(Collection(), inputs, helper.stat().st_ctime_ns - later)
        assert (inventories.read() is None) == bool(later)


def test_a_damaged_inventory_is_collected_again(project: Project) -> None:
    first, _ = project.collect()
    (file,) = (project.root / ".stacktest/inventory").glob("*.json")
    for text in ("", "[]", '{"format": "stacktest.inventory/1"}', file.read_text()[:-9]):
        file.write_text(text)
        assert project.collect() == (first, 1)


def test_where_nothing_can_be_written_the_suites_are_collected_each_time(project: Project) -> None:
    project.write({".stacktest/inventory": "a file in the way"})
    assert project.collect() == project.collect() == ({"suites/test_web.py::test_it[a]:web"}, 1)


def test_only_the_newest_inventories_are_kept(project: Project) -> None:
    for number in range(kept_inventory.KEPT + 1):
        project.monkeypatch.setenv("NUMBER", str(number))
        project.collect()
    assert len(list((project.root / ".stacktest/inventory").glob("*.json"))) == kept_inventory.KEPT
    assert project.collect()[1] == 0


@pytest.mark.timeout(20)
def test_a_pipe_in_the_place_of_a_data_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "data.txt")
    assert not kept_inventory._content(str(tmp_path / "data.txt"))
