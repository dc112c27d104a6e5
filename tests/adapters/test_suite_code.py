"""The code of tests is read whatever state its files are in."""

import os
from pathlib import Path

from stacktest.adapters.suite_code import SuiteCode, count_checks, saved_at

TEST = "import helping\n\n\ndef test_it():\n    assert helping.SIX == 6\n"


def project(root: Path) -> Path:
    (root / "helping.py").write_text("SIX = 6\n")
    (root / "test_it.py").write_text(TEST)
    return root


def digest(root: Path) -> str:
    return SuiteCode(root).digest("test_it.py")


def test_what_it_imports_belongs_to_it(tmp_path: Path) -> None:
    before = digest(project(tmp_path))
    assert digest(tmp_path) == before
    (tmp_path / "helping.py").write_text("SIX = 6  # half a dozen\n")
    assert digest(tmp_path) != before


def test_a_file_from_the_beginning_of_time_is_a_file(tmp_path: Path) -> None:
    path = project(tmp_path) / "test_it.py"
    os.utime(path, (0, 0))
    assert saved_at(path) == 0
    assert count_checks(path, 4) == 1
    before = digest(tmp_path)
    (tmp_path / "helping.py").write_text("SIX = 7\n")
    assert digest(tmp_path) != before


def test_half_a_file_and_none_say_something_else_each(tmp_path: Path) -> None:
    path = project(tmp_path) / "test_it.py"
    found = [digest(tmp_path)]
    path.write_text("def test_it(")
    found.append(digest(tmp_path))
    assert count_checks(path, 4) == 0
    path.unlink()
    found.append(digest(tmp_path))
    assert saved_at(path) is None
    assert count_checks(path, 4) == 0
    assert len(set(found)) == 3


def test_a_folder_that_has_become_a_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "suites").write_text("")
    assert saved_at(tmp_path / "suites/test_it.py") is None
    assert len(SuiteCode(tmp_path).digest("suites/test_it.py")) == 16
