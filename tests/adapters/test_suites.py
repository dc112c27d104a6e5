"""Where the suites of a stack lie, and which configuration file is theirs."""

from pathlib import Path

import pytest

from stacktest.adapters.suites import config_leaving_out, locate_suites, read_settings


def folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def test_without_a_configuration_the_stack_names_its_tests(tmp_path: Path) -> None:
    assert locate_suites(tmp_path, []).base == tmp_path


def test_the_nearest_folder_upward_that_configures_pytest_names_them(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    stack = folder(tmp_path / "stack")
    suites = locate_suites(stack, ["suites"])
    assert suites.base == tmp_path
    assert suites.relative(stack / "suites/test_a.py") == "stack/suites/test_a.py"


@pytest.mark.case("freshness/a06-suites-elsewhere")
def test_the_folder_that_names_the_stack_names_its_tests(tmp_path: Path) -> None:
    tests = folder(tmp_path / "tests")
    suites = locate_suites(folder(tmp_path / "stack"), [], pointer=tests)
    assert suites.base == tests


def test_suites_outside_of_the_stack_are_named_from_their_own_folder(tmp_path: Path) -> None:
    suites = locate_suites(folder(tmp_path / "stack"), ["../e2e/suites"])
    assert suites.base == tmp_path / "e2e"
    assert suites.holds(tmp_path / "e2e/suites/test_a.py")
    assert not suites.holds(tmp_path / "e2e/other/test_a.py")


def test_a_link_to_the_suites_leads_to_the_same_names(tmp_path: Path) -> None:
    real = folder(tmp_path / "real/suites")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    suites = locate_suites(tmp_path / "real", ["suites"])
    assert suites.relative(tmp_path / "link/suites/test_a.py") == "suites/test_a.py"
    assert suites.holds(tmp_path / "link/suites/test_a.py")
    assert real.is_dir()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\naddopts = -p lib.fx --import-mode=importlib\npythonpath = lib\n"),
        ("tox.ini", "[pytest]\naddopts = -p lib.fx --import-mode=importlib\npythonpath = lib\n"),
        ("setup.cfg", "[tool:pytest]\naddopts = -p lib.fx --import-mode=importlib\npythonpath = lib\n"),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\naddopts = "-p lib.fx --import-mode=importlib"\npythonpath = ["lib"]\n',
        ),
        (
            "pyproject.toml",
            '[tool.pytest]\naddopts = ["-p", "lib.fx", "--import-mode=importlib"]\npythonpath = ["lib"]\n',
        ),
        ("pytest.toml", '[pytest]\naddopts = ["-p", "lib.fx", "--import-mode=importlib"]\npythonpath = "lib"\n'),
    ],
)  # fmt: skip
def test_settings_are_read_from_each_kind_of_file(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    settings = read_settings(folder(tmp_path / "suites"))
    assert settings.file == tmp_path / name
    assert settings.addopts == ("-p", "lib.fx", "--import-mode=importlib")
    assert settings.pythonpath == (tmp_path / "lib",)


@pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1\n", "not toml"])
def test_a_file_without_a_word_on_pytest_does_not_configure_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert read_settings(tmp_path).file != tmp_path / "pyproject.toml"


def test_an_empty_pytest_ini_configures_pytest(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("")
    assert read_settings(tmp_path).file == tmp_path / "pytest.ini"


@pytest.mark.case("compose/own-testpaths")
@pytest.mark.parametrize(
    ("testpaths", "is_left_out"),
    [
        ("tests", True),
        ("tests suites/phase0", True),
        ("suites", False),
        ("tests ./suites/", False),
        (".", False),
        ("s*", False),
        ("", False),
    ],
)
def test_testpaths_that_leave_out_the_suites(
    tmp_path: Path, testpaths: str, is_left_out: bool
) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "tox.ini").write_text(f"[pytest]\ntestpaths = {testpaths}\n")
    assert config_leaving_out(tmp_path, "suites") == ("tox.ini" if is_left_out else "")


def test_testpaths_count_only_in_the_folder_of_their_file(tmp_path: Path) -> None:
    (tmp_path / "stack").mkdir()
    (tmp_path / "tox.ini").write_text("[pytest]\ntestpaths = tests\n")
    assert config_leaving_out(tmp_path / "stack", "suites") == ""
