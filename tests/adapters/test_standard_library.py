"""A project's `wave.py` is its own for its tests, and never the standard library's for a library."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from stacktest.adapters.standard_library import prefer_standard_library
prefer_standard_library()
prefer_standard_library()
exec(compile("import wave; print(wave.__file__)", sys.argv[2], "exec"))
"""


def imported(folder: Path, importer: str) -> Path:
    argv = [sys.executable, "-c", PROGRAM, str(folder), importer]
    return Path(subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip())


@pytest.mark.case(
    "hard/D2-module-in-folder-disarms-watchdog", "hard/D3-module-in-folder-breaks-status"
)
def test_who_imports_decides(tmp_path: Path) -> None:
    own = tmp_path / "wave.py"
    own.write_text("")
    library = f"{sysconfig.get_path('purelib')}/anything/client.py"
    standard = f"{sysconfig.get_path('stdlib')}/anything.py"
    assert imported(tmp_path, str(tmp_path / "suites/test_x.py")) == own
    assert imported(tmp_path, library) != own
    assert imported(tmp_path, standard) != own
    # pytest imports conftest and test modules by their names.
    assert imported(tmp_path, f"{sysconfig.get_path('purelib')}/_pytest/pathlib.py") == own


@pytest.mark.parametrize("name", ["secrets", "token", "logging", "email", "http", "json", "queue"])
def test_the_command_starts_beside_any_module(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text("raise RuntimeError('the file of a person')")
    argv = [sys.executable, "-m", "stacktest", "config", "schema"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
