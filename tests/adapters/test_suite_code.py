"""What tests consist of: every file that Python imports for them, wherever it lies."""

import importlib
import sys
from pathlib import Path

import pytest

from stacktest.adapters.suite_code import CodeGraph, SuiteCode, saved_at
from stacktest.adapters.suites import locate_suites


def write(root: Path, **files: str) -> Path:
    """Files below `root`, by their path."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def files(root: Path, test: str = "suites/test_it.py", **modules: str) -> set[str]:
    graph = CodeGraph(locate_suites(root, ["suites"]), modules=modules, search=())
    return set(graph.files(root / test))


RELATIVE = {
    "suites/__init__.py": "",
    "suites/test_it.py": "from .helpers import check\n",
    "suites/helpers.py": "def check(): ...\n",
}
BESIDE = {"suites/test_it.py": "from helpers import check\n", "suites/helpers.py": "x = 1\n"}
ABOVE = {
    "suites/__init__.py": "",
    "suites/helpers.py": "x = 1\n",
    "suites/phase1_x/__init__.py": "",
    "suites/phase1_x/test_it.py": "from .. import helpers\n",
}
PYTHONPATH = {
    "pytest.ini": "[pytest]\npythonpath = lib\n",
    "suites/test_it.py": "import mylib\n",
    "lib/mylib.py": "x = 1\n",
}
REEXPORTED = {
    "suites/test_it.py": "from help import answers\n",
    "help/__init__.py": "from .inner import answers\n",
    "help/inner.py": "def answers(): ...\n",
}
NAMED_PLUGIN = {
    "conftest.py": 'pytest_plugins = ["lib.fx"]\n',
    "suites/test_it.py": "",
    "lib/fx.py": "x = 1\n",
}
PLUGIN_OPTION = {
    "pytest.ini": "[pytest]\naddopts = -p lib.fx\n",
    "suites/test_it.py": "",
    "lib/fx.py": "x = 1\n",
}
BY_NAME = {
    "suites/test_it.py": 'import importlib\nlib = importlib.import_module("helpers")\n',
    "suites/helpers.py": "x = 1\n",
}
LAZY = {
    "suites/test_it.py": "def test():\n    from helpers import check\n",
    "suites/helpers.py": "x = 1\n",
}
OF_A_HELPER = {
    "suites/test_it.py": "import helpers\n",
    "suites/helpers.py": "from more import check\n",
    "suites/more.py": "x = 1\n",
}
OF_A_PACKAGE = {
    "suites/__init__.py": "import sys\n",
    "suites/test_it.py": "",
}
OF_A_PARENT = {
    "suites/test_it.py": "import lib.sub.mod\n",
    "lib/__init__.py": "x = 1\n",
    "lib/sub/__init__.py": "",
    "lib/sub/mod.py": "x = 1\n",
}


@pytest.mark.case("field/b40")
@pytest.mark.case("field/c31")
@pytest.mark.case("freshness/c12-helper-code-edited")
@pytest.mark.case("hard/G2-relative-import-not-in-digest")
@pytest.mark.parametrize(
    ("project", "expected"),
    [
        (RELATIVE, "suites/helpers.py"),
        (BESIDE, "suites/helpers.py"),
        (ABOVE, "suites/helpers.py"),
        (PYTHONPATH, "lib/mylib.py"),
        (REEXPORTED, "help/inner.py"),
        (NAMED_PLUGIN, "lib/fx.py"),
        (PLUGIN_OPTION, "lib/fx.py"),
        (BY_NAME, "suites/helpers.py"),
        (LAZY, "suites/helpers.py"),
        (OF_A_HELPER, "suites/more.py"),
        (OF_A_PACKAGE, "suites/__init__.py"),
        (OF_A_PARENT, "lib/__init__.py"),
    ],
)
def test_whatever_is_imported_belongs_to_the_test(
    tmp_path: Path, project: dict[str, str], expected: str
) -> None:
    write(tmp_path, **project)
    (test,) = [name for name in project if name.endswith("test_it.py")]
    assert expected in files(tmp_path, test)


def test_a_module_that_python_loaded_from_elsewhere_is_followed(tmp_path: Path) -> None:
    write(tmp_path, **{"stack/suites/test_it.py": "import helpers\n", "lib/helpers.py": "x = 1\n"})
    loaded = str(tmp_path / "lib/helpers.py")
    assert "../lib/helpers.py" in files(tmp_path / "stack", helpers=loaded)


@pytest.mark.parametrize("is_loaded", [True, False])
def test_another_copy_of_a_package_further_down_the_path_is_none_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_loaded: bool
) -> None:
    """An editable installation of another checkout has the same packages, and its own edits."""
    mine, other = tmp_path / "mine", tmp_path / "other"
    for checkout in (mine, other):
        write(checkout, **{"checks_of_ours/answers.py": "x = 1\n", "checks_of_ours/later.py": ""})
    text = "import checks_of_ours.answers\ndef test():\n    from checks_of_ours import later\n"
    write(mine, **{"suites/test_it.py": text})
    monkeypatch.syspath_prepend(str(other))
    monkeypatch.syspath_prepend(str(mine))
    for name in ("checks_of_ours", "checks_of_ours.answers"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    if is_loaded:
        importlib.import_module("checks_of_ours.answers")
    graph = CodeGraph(locate_suites(mine, ["suites"]))
    assert set(graph.files(mine / "suites/test_it.py")) == {
        "suites/test_it.py",
        "checks_of_ours/answers.py",
        "checks_of_ours/later.py",
    }
    for name in ("checks_of_ours", "checks_of_ours.answers"):
        sys.modules.pop(name, None)


def test_what_a_loaded_package_has_yet_to_import_is_looked_for_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path, **{"elsewhere/kit_of_ours/__init__.py": "", "elsewhere/kit_of_ours/rest.py": ""}
    )
    write(tmp_path, **{"suites/test_it.py": "def test():\n    from kit_of_ours import rest\n"})
    monkeypatch.syspath_prepend(str(tmp_path / "elsewhere"))
    monkeypatch.delitem(sys.modules, "kit_of_ours", raising=False)
    importlib.import_module("kit_of_ours")
    graph = CodeGraph(locate_suites(tmp_path, ["suites"]))
    assert "elsewhere/kit_of_ours/rest.py" in graph.files(tmp_path / "suites/test_it.py")
    del sys.modules["kit_of_ours"]


def test_neither_python_nor_installed_packages_belong_to_a_test(tmp_path: Path) -> None:
    write(tmp_path, **{"suites/test_it.py": "import json, httpx, pytest\n"})
    assert files(tmp_path, json=json_file(), pytest=pytest.__file__) == {"suites/test_it.py"}


def json_file() -> str:
    import json

    return json.__file__


def test_the_conftest_files_above_a_test_belong_to_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{
            "conftest.py": "",
            "suites/conftest.py": "",
            "suites/test_it.py": "",
            "other/conftest.py": "",
        },
    )
    assert files(tmp_path) == {"conftest.py", "suites/conftest.py", "suites/test_it.py"}


def test_an_empty_package_is_no_code_until_it_says_something(tmp_path: Path) -> None:
    write(tmp_path, **RELATIVE)
    assert "suites/__init__.py" not in files(tmp_path)
    write(tmp_path, **{"suites/__init__.py": "import os\n"})
    assert "suites/__init__.py" in files(tmp_path)


# Data files


@pytest.mark.parametrize(
    "code",
    [
        'open(HERE / "cases.json")',
        'open("suites/data/cases.json")',
        '(HERE / "data" / "cases.json").read_text()',
        'sorted(HERE.glob("data/*.json"))',
        'sorted((HERE / "data").iterdir())',
        'open(HERE / f"data/{name}.json")',
        'Path(__file__).with_suffix(".json")',
        'scenarios("cases.json")',
    ],
)
def test_a_data_file_that_the_code_names_belongs_to_the_test(tmp_path: Path, code: str) -> None:
    write(
        tmp_path,
        **{
            "suites/test_it.py": f"{code}\n",
            "suites/data/cases.json": "1",
            "suites/README.md": "1",
        },
    )
    assert files(tmp_path) == {"suites/test_it.py", "suites/data/cases.json"}


@pytest.mark.parametrize("name", ["suites/test_it/one.yml", "suites/__snapshots__/test_it.ambr"])
def test_files_under_the_name_of_a_test_are_its_own(tmp_path: Path, name: str) -> None:
    write(tmp_path, **{"suites/test_it.py": "", name: "1"})
    assert name in files(tmp_path)


@pytest.mark.parametrize(
    "code",
    [
        '(HERE / "log.txt").write_text("x")',
        'page.screenshot(path="suites/log.txt")',
        'open(HERE / "log.txt", "w")',
        'LOG = HERE / "log.txt"\nLOG.touch()',
        '"""It writes log.txt"""',
        'assert x == "unlike log.txt"',
    ],
)
def test_what_the_code_only_writes_is_none_of_it(tmp_path: Path, code: str) -> None:
    write(tmp_path, **{"suites/test_it.py": f"{code}\n", "suites/log.txt": "1"})
    assert files(tmp_path) == {"suites/test_it.py"}


def test_data_behind_a_link_within_the_project_belongs_to_the_test(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{"suites/test_it.py": 'open("data/cases.json")\n', "shared/cases.json": "1"},
    )
    (tmp_path / "suites/data").symlink_to("../shared")
    (tmp_path / "suites/whole").symlink_to("..")
    assert files(tmp_path) == {"suites/test_it.py", "suites/data/cases.json"}


def test_data_behind_a_link_to_elsewhere_is_not_looked_for(tmp_path: Path) -> None:
    write(tmp_path, **{"project/suites/test_it.py": 'open("cases.json")\n', "nas/cases.json": "1"})
    (tmp_path / "project/suites/nas").symlink_to(tmp_path / "nas")
    assert files(tmp_path / "project") == {"suites/test_it.py"}


def test_the_name_of_a_folder_does_not_bring_in_the_code_in_it(tmp_path: Path) -> None:
    write(tmp_path, **{"suites/test_it.py": 'x = "red"\n', "suites/red/test_other.py": ""})
    assert files(tmp_path) == {"suites/test_it.py"}


# The digest


def digest(root: Path) -> str:
    return SuiteCode(root).digest(("test_it.py",))


def test_the_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    path = tmp_path / "test_it.py"
    path.write_text("def test_it(): ...\n")
    digests = [digest(tmp_path)]
    assert digest(tmp_path) == digests[0]
    path.write_text("def test_it(")
    digests.append(digest(tmp_path))
    path.unlink()
    digests.append(digest(tmp_path))
    assert saved_at(path) is None
    assert len(set(digests)) == 3


def test_the_digest_is_the_same_in_every_checkout(tmp_path: Path) -> None:
    for place in ("a", "b/c"):
        write(tmp_path / place, **RELATIVE)
    digests = {
        SuiteCode(root).digest(CodeGraph(locate_suites(root, ["suites"]), modules={}, search=()).files(root / "suites/test_it.py"))
        for root in (tmp_path / "a", tmp_path / "b/c")
    }  # fmt: skip
    assert len(digests) == 1


def test_a_folder_that_has_become_a_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "suites").write_text("")
    assert saved_at(tmp_path / "suites/test_it.py") is None
    assert len(SuiteCode(tmp_path).digest(("suites/test_it.py",))) == 16


def test_a_file_whose_name_is_not_utf_8_is_code_like_any_other(tmp_path: Path) -> None:
    name = b"test_f\xfcr.py".decode("utf-8", "surrogateescape")
    (tmp_path / name).write_text("assert True\n")
    before = SuiteCode(tmp_path).digest((name,))
    (tmp_path / name).write_text("assert False\n")
    assert before != SuiteCode(tmp_path).digest((name,))
