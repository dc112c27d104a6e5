"""Suites get file names that no other test file of the project has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stacktest.adapters.atomic_write import create_file
from stacktest.core.model import Service, Stack
from stacktest.init import InitResult, initialise


def init(root: Path, *names: str, profiles: tuple[str, ...] = ()) -> InitResult:
    services = {name: Service(name=name, image="redis:7", profiles=profiles) for name in names}
    stack = Stack(name="d", root=root, services=services)
    return initialise(stack, lambda _sources, _stack: (), create=create_file)


def suites(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.glob("suites/*/*.py"))


def own_test(root: Path, name: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("def test_own():\n    assert True\n")


@pytest.mark.case("compose/own-tests")
def test_a_name_that_a_test_of_the_project_has_is_not_used_again(tmp_path: Path) -> None:
    own_test(tmp_path, "tests/test_cache.py")
    result = init(tmp_path, "cache")
    assert suites(tmp_path) == ["suites/phase0_stores/test_stack_cache.py"]
    assert (
        "wrote suites/phase0_stores/test_stack_cache.py "
        "(pytest wants each name once, and there is tests/test_cache.py)"
    ) in result.lines()


@pytest.mark.processes
@pytest.mark.case("compose/own-tests")
def test_pytest_collects_the_own_tests_and_the_suites_together(tmp_path: Path) -> None:
    own_test(tmp_path, "tests/test_cache.py")
    own_test(tmp_path, "app/checks/test_stack_cache.py")
    init(tmp_path, "cache")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, "3 tests collected" in run.stdout) == (0, True), run.stdout


@pytest.mark.parametrize(
    ("names", "own", "files"),
    [
        (("my-app", "my_app"), (), ["test_my_app.py", "test_stack_my_app.py"]),
        (("cache", "stack-cache"), ("tests/test_cache.py",),
         ["test_stack_cache.py", "test_stack_stack_cache.py"]),
        (("cache",), ("a/test_cache.py", "b/test_stack_cache.py"), ["test_stack_cache_2.py"]),
        (("cache",), ("node_modules/x/test_cache.py", ".tox/test_cache.py"), ["test_cache.py"]),
    ],
)  # fmt: skip
def test_every_suite_of_a_stack_has_a_name_of_its_own(
    tmp_path: Path, names: tuple[str, ...], own: tuple[str, ...], files: list[str]
) -> None:
    for name in own:
        own_test(tmp_path, name)
    init(tmp_path, *names)
    assert [Path(name).name for name in suites(tmp_path)] == files


def test_a_test_in_a_package_has_another_module_name(tmp_path: Path) -> None:
    own_test(tmp_path, "tests/test_cache.py")
    (tmp_path / "tests/__init__.py").touch()
    init(tmp_path, "cache")
    assert suites(tmp_path) == ["suites/phase0_stores/test_cache.py"]


@pytest.mark.parametrize("own", [(), ("tests/test_cache.py",)])
def test_a_second_time_nothing_is_written_whatever_phase_the_service_is_in(
    tmp_path: Path, own: tuple[str, ...]
) -> None:
    for name in own:
        own_test(tmp_path, name)
    init(tmp_path, "cache")
    before = suites(tmp_path)
    again = init(tmp_path, "cache", profiles=("data",))
    assert suites(tmp_path) == before
    assert (again.written, before[0] in again.existing) == ((), True)
