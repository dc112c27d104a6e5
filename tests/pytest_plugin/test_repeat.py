"""The printed command runs the test again where the run was started."""

from pathlib import Path

import pytest

from stacktest.pytest_plugin.repeat import command_again

TEST = "suites/test_web.py::TestIt::test_it[a::b c]"


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        ("", "pytest 'suites/test_web.py::TestIt::test_it[a::b c]'"),
        ("suites", "pytest 'test_web.py::TestIt::test_it[a::b c]'"),
        ("../other", "pytest '../home lab/suites/test_web.py::TestIt::test_it[a::b c]'"),
    ],
)
def test_the_path_is_seen_from_the_folder_of_the_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, folder: str, command: str
) -> None:
    root = pytester.mkdir("home lab")
    place = (root / folder).resolve()
    for needed in (root / "suites", place):
        needed.mkdir(exist_ok=True)
    (root / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(place)
    config = pytester.parseconfig(f"--rootdir={root}", str(root))
    assert command_again(config, TEST) == command


def test_the_stack_that_was_named_is_named_again(pytester: pytest.Pytester) -> None:
    config = pytester.parseconfig("--stack=shop")
    assert Path(config.rootpath) == pytester.path
    assert command_again(config, "test_a.py::test_it") == "pytest --stack=shop test_a.py::test_it"
