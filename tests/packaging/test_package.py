"""What a user installs: both archives as they are built, and the wheel in an environment of its own."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.support.pair import ALPHA, PAIR

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]


def run(
    *argv: object, folder: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """A program that cannot see this repository unless it stands in it."""
    hidden = ("PYTHON", "PYTEST", "COVERAGE", "STACKTEST")
    environ = {key: v for key, v in os.environ.items() if not key.startswith(hidden)}
    done = subprocess.run(
        [str(word) for word in argv], cwd=folder, env=environ | variables,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source archive, and the wheel that is built from it and from nothing else."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    (source,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return source, wheel


@pytest.fixture(scope="module")
def wheel(archives: tuple[Path, Path]) -> Path:
    return archives[1]


def tracked(*folders: str, under: str = "") -> set[str]:
    """What git knows below `folders`, with new files that it does not ignore."""
    done = run("git", "ls-files", "-co", "--exclude-standard", "--", *folders, folder=ROOT)
    return {under + name for name in done.stdout.splitlines() if (ROOT / name).is_file()}


def test_the_wheel_holds_the_package_and_its_data_and_nothing_else(wheel: Path) -> None:
    found = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert found == tracked("stacktest") | tracked("schemas", under="stacktest/")
    assert {"stacktest/py.typed", "stacktest/schemas/config.v1.schema.json"} <= found
    assert {
        "stacktest/init/templates/stacktest.toml.j2",
        "stacktest/reports/page/templates/page.html.j2",
    } <= found


def test_the_source_archive_holds_what_builds_the_wheel_and_no_tests(
    archives: tuple[Path, Path],
) -> None:
    with tarfile.open(archives[0]) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    own = {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", ".gitignore", "PKG-INFO"}
    assert found == own | tracked("stacktest", "schemas")


def test_an_index_would_take_both_archives(archives: tuple[Path, Path]) -> None:
    done = run(sys.executable, "-m", "twine", "check", "--strict", *archives)
    assert done.stdout.count("PASSED") == len(archives)


def test_the_metadata_say_what_is_needed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        said = Parser().parsestr(archive.read(name).decode())
    assert (said["Name"], said["Requires-Python"]) == ("stacktest", ">=3.11")
    assert said["License-Expression"] == "MIT"
    assert "Typing :: Typed" in said.get_all("Classifier", [])
    needed = [one for one in said.get_all("Requires-Dist", []) if "extra ==" not in one]
    assert any(one.startswith("pytest>=") for one in needed)
    assert not [one for one in needed if one.startswith(("allure-combine", "apprise", "mkdocs"))]


# Installed


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bin` of an environment with the wheel; its dependencies are those of this environment."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin/python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    # Only a folder of the environment itself is searched for .pth files: the editable install of
    # the repository, which such a file makes, stays out of sight.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    shutil.copy(sys.prefix + "/bin/pytest", folder / "bin/pytest")
    text = (folder / "bin/pytest").read_text()
    (folder / "bin/pytest").write_text(f"#!{python}\n" + text.partition("\n")[2])
    return folder / "bin"


def test_the_command_is_the_installed_one(bin_folder: Path, wheel: Path, tmp_path: Path) -> None:
    where = "import stacktest; print(stacktest.__file__)"
    said = run(bin_folder / "python", "-c", where, folder=tmp_path).stdout
    assert said.startswith(str(bin_folder.parent))
    version = wheel.name.split("-")[1]
    assert run(bin_folder / "stacktest", "--version", folder=tmp_path).stdout == (
        f"stacktest, version {version}\n"
    )


def test_the_schema_comes_out_of_the_wheel(bin_folder: Path, tmp_path: Path) -> None:
    said = run(bin_folder / "stacktest", "config", "schema", folder=tmp_path).stdout
    assert said == (ROOT / "schemas/config.v1.schema.json").read_text()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A stack of two that has never heard of stacktest."""
    folder = tmp_path / "stack"
    folder.mkdir()
    shutil.copy(PAIR / "docker-compose.yml", folder)
    return folder


def test_a_first_project_is_begun(bin_folder: Path, project: Path) -> None:
    said = run(bin_folder / "stacktest", "init", folder=project, PAIR_PROJECT="t-package").stdout
    assert "stacktest.toml" in said
    done = run(
        bin_folder / "pytest", "--collect-only", "-q", folder=project, PAIR_PROJECT="t-package"
    )
    assert "test_alpha.py::" in done.stdout


@pytest.mark.real_docker
def test_a_stack_is_proved_outside_of_the_repository(
    bin_folder: Path, project: Path, pair_running: str
) -> None:
    suite = project / "suites/phase0_pair/test_alpha.py"
    suite.parent.mkdir(parents=True)
    suite.write_text(ALPHA)
    (project / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    done = run(
        bin_folder / "pytest", "--stack=stack", "stack/suites",
        folder=project.parent, PAIR_PROJECT=pair_running,
    )  # fmt: skip
    assert "credited  alpha" in done.stdout
    assert (project / "data/tests/alpha/last_pass.json").is_file()
    page = run(
        bin_folder / "stacktest", "page", "--stack", ".", "--output", "page.html",
        folder=project, PAIR_PROJECT=pair_running,
    )  # fmt: skip
    assert page.stdout.splitlines()[0] == "written  page.html"
    assert "alpha" in (project / "page.html").read_text()
