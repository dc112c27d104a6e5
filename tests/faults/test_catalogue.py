"""The catalogue of faults fits the suites and the reference stack as they are now."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from fixtures.hardening import LEAVES
from tests.faults.__main__ import _blind
from tests.faults.catalogue import FAULTS
from tests.faults.catalogue.defects import DEFECTS
from tests.faults.checks import REPOSITORY, all_checks
from tests.faults.model import Edit, Fault, expected, matches
from tests.faults.throwaway import REFERENCE

SUITES = sorted(
    [
        *(REPOSITORY / "suites").glob("*/test_*.py"),
        *(REPOSITORY / "lifecycle" / "suites").glob("test_*.py"),
    ]
)


def names_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    return {n.name for n in tree.body if isinstance(n, ast.FunctionDef) and n.name[:5] == "test_"}


CHECKS = {f"{file}::{name}" for file in SUITES for name in names_in(file)}


def patterns(fault: Fault) -> list[str]:
    return [pattern.partition("[")[0] for pattern in (*fault.red, *fault.but)]


def test_every_fault_has_a_name_of_its_own() -> None:
    assert [n for n, count in Counter(f.name for f in FAULTS).items() if count > 1] == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_names_checks_that_exist(fault: Fault) -> None:
    unknown = [p for p in patterns(fault) if not any(matches(p, check) for check in CHECKS)]
    assert unknown == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_changes_what_is_really_written(fault: Fault) -> None:
    texts: dict[str, str] = {}
    for step in fault.seed:
        if isinstance(step, Edit):
            # A fresh checkout has no `.env` yet; its example has the same names.
            written = ".env.example" if step.file == ".env" else step.file
            text = texts.get(step.file) or (REFERENCE / written).read_text()
            assert text.count(step.old) == 1, f"{step.file}: {step.old!r}"
            texts[step.file] = text.replace(step.old, step.new)


def test_every_check_is_turned_red_by_some_fault() -> None:
    red = {p for fault in FAULTS for p in (r.partition("[")[0] for r in fault.red)}
    assert {check for check in CHECKS if not any(matches(p, check) for p in red)} == set()


@pytest.mark.processes
def test_every_case_of_every_check_is_turned_red_by_some_fault() -> None:
    checks = all_checks()
    assert (
        _blind(checks, {fault.name: expected(fault, checks) for fault in FAULTS}, missed=set())
        == set()
    )


def test_every_service_has_four_faults() -> None:
    model = (REFERENCE / "docker-compose.yml").read_text()
    services = model.partition("\nservices:\n")[2].partition("\nnetworks:\n")[0].splitlines()
    names = {
        line.strip().rstrip(":") for line in services if line[:2] == "  " and line[2] not in " #"
    }
    count = Counter(fault.service for fault in FAULTS)
    assert {name: count[name] for name in names if count[name] < 4} == {}


def test_every_defect_of_the_first_stack_is_brought_back() -> None:
    assert list(DEFECTS) == [f"D{number}" for number in range(1, 22)]
    assert set(DEFECTS.values()) - {fault.name for fault in FAULTS} == set()
    assert len(set(DEFECTS.values())) == len(DEFECTS)


def test_every_exception_from_hardening_says_why_and_ends() -> None:
    assert [leave for leave in LEAVES if len(leave.reason.split()) < 4] == []
    assert max(leave.until for leave in LEAVES).year <= 2027
