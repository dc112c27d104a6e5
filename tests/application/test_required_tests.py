"""The required tests are collected by a second pytest that sees what the first one sees."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

COLLECT = """
from pathlib import Path
from stacktest.application.required_tests import BackgroundInventory
from stacktest.adapters.suites import locate_suites
print([file.cause for file in BackgroundInventory(locate_suites(Path.cwd(), ())).read().errors])
"""


def test_a_collection_that_ends_without_a_word_is_named_by_its_code(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text("import os\nos._exit(3)\n")
    done = subprocess.run(
        [sys.executable, "-P", "-c", COLLECT],
        cwd=tmp_path, capture_output=True, text=True, check=True, env=os.environ | {"CI": ""},
    )  # fmt: skip
    expected = "the tests could not be collected: pytest ended with code 3 and wrote nothing"
    assert done.stdout == f"['{expected}']\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import os\nraise RuntimeError('a password')\n", "2: RuntimeError"),
        ("import os\n\ndef (:\n", "3: SyntaxError"),
    ],
)
def test_an_error_of_the_first_conftest_has_its_place_and_no_message(
    tmp_path: Path, text: str, line: str
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-P", "-c", COLLECT],
        cwd=tmp_path, capture_output=True, text=True, check=True, env=os.environ | {"CI": ""},
    )  # fmt: skip
    assert done.stdout == f"['the tests could not be collected: conftest.py:{line}']\n"


@pytest.mark.case("hard/D3-module-in-folder-breaks-status")
def test_a_module_in_the_working_folder_does_not_replace_the_standard_library(
    tmp_path: Path,
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text("def test_it():\n    assert 1\n")
    (tmp_path / "secrets.py").write_text("TOKEN = 'x'\n")
    done = subprocess.run(
        [sys.executable, "-P", "-c", COLLECT],
        cwd=tmp_path, capture_output=True, text=True, check=True, env=os.environ | {"CI": ""},
    )  # fmt: skip
    assert done.stdout == "[]\n"


def test_a_look_leaves_no_file_in_the_suites(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "helper.py").write_text("")
    (tmp_path / "conftest.py").write_text("import helper\n")
    (tmp_path / "test_a.py").write_text("def test_it():\n    assert 1 + 1 == 2\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", COLLECT],
        cwd=tmp_path, capture_output=True, text=True, check=True, env=variables,
    )  # fmt: skip
    assert done.stdout == "[]\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
