"""Where the evidence of a failing test is written."""

import pytest

from stacktest.pytest_plugin.failure_artifacts import folder_name


@pytest.mark.case("hard/D7-evidence-of-two-tests-in-one-folder")
def test_tests_whose_ids_differ_in_signs_only_have_folders_of_their_own() -> None:
    ids = [f"suites/test_x.py::test_x[{value}]" for value in ("a/b", "a b", "a:b", "a-b")]
    assert len({folder_name(nodeid) for nodeid in ids}) == len(ids)


def test_long_ids_that_end_alike_have_folders_of_their_own() -> None:
    ids = [f"suites/{where}/test_x.py::test_x[{'v' * 200}]" for where in ("a", "b")]
    names = {folder_name(nodeid) for nodeid in ids}
    assert len(names) == len(ids)
    assert all(len(name) <= 120 for name in names)


def test_the_name_of_the_folder_is_readable_and_the_same_each_time() -> None:
    name = folder_name("suites/phase1/test_x.py::test_it")
    assert name.startswith("suites-phase1-test_x.py-test_it-")
    assert name == folder_name("suites/phase1/test_x.py::test_it")
