"""Where the evidence of a failing test is written."""

from pathlib import Path

import pytest

from stacktest.application.evidence_folder import keep_out_of_git, make_folder, write_evidence
from stacktest.pytest_plugin.failure_artifacts import folder_name


@pytest.mark.case("hard/A6-evidence-world-readable")
def test_only_their_owner_may_read_them_and_git_sees_none(tmp_path: Path) -> None:
    folder = tmp_path / "reports/evidence/run/test"
    make_folder(folder)
    write_evidence(folder / "app.log", lambda: "text", ())
    below = sorted((tmp_path / "reports/evidence").rglob("*"))
    assert [path.name for path in below] == ["run", ".gitignore", "test", "app.log"]
    assert [path.stat().st_mode & 0o077 for path in (*below, tmp_path / "reports/evidence")] == [
        0
    ] * 5
    assert (tmp_path / "reports/evidence/run/.gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    ("names", "hidden"),
    [
        (None, True),
        ([], True),
        (["evidence", "junit.xml"], True),
        (["2026-11.md"], False),
        ([".gitignore", "README.md"], False),
    ],
)
def test_git_ignores_the_folder_of_reports_where_nobody_else_has_put_something_into_it(
    tmp_path: Path, names: list[str] | None, *, hidden: bool
) -> None:
    reports = tmp_path / "reports"
    if names is not None:
        reports.mkdir()
        for name in names:
            (reports / name).write_text("mine")
    keep_out_of_git(reports)
    ignore = reports / ".gitignore"
    assert (ignore.exists() and ignore.read_text() == "*\n") == hidden


@pytest.mark.case("hard/D7-evidence-of-two-tests-in-one-folder")
def test_tests_whose_ids_differ_in_signs_only_have_folders_of_their_own() -> None:
    ids = [f"suites/test_x.py::test_x[{value}]" for value in ("a/b", "a b", "a:b", "a-b")]
    assert len({folder_name(nodeid) for nodeid in ids}) == len(ids)


def test_long_ids_that_end_alike_have_folders_of_their_own() -> None:
    ids = [f"suites/{where}/test_x.py::test_{'v' * 200}" for where in ("a", "b")]
    names = {folder_name(nodeid) for nodeid in ids}
    assert len(names) == len(ids)
    assert all(len(name) <= 120 for name in names)


def test_the_value_of_a_parameter_is_not_in_the_name() -> None:
    assert "hunter2" not in folder_name("suites/test_x.py::test_x[hunter2]")


def test_the_name_of_the_folder_is_readable_and_the_same_each_time() -> None:
    name = folder_name("suites/phase1/test_x.py::test_it")
    assert name.startswith("suites-phase1-test_x.py-test_it-")
    assert name == folder_name("suites/phase1/test_x.py::test_it")
