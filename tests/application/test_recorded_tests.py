"""What a record and texts tell of a service's tests, in a process that imports none of them."""

import subprocess
from pathlib import Path

import pytest

from stacktest.adapters.git.repository import commit_named, files_at
from stacktest.adapters.suite_code import CodeGraph, SuiteCode
from stacktest.adapters.suites import Suites, locate_suites
from stacktest.application.recorded_tests import NEVER, recorded_tests
from stacktest.core.changed_copy import replace
from stacktest.core.collected_test import Collected
from stacktest.core.freshness.inputs import NOT_RUN, Evidence
from stacktest.core.freshness.inputs import Tests as Required
from stacktest.core.records.documents import HistoryLine, LastPass
from stacktest.core.runs import requirements as runs
from stacktest.core.unknown import Unknown
from tests.support.board import build_board

ID = "suites/test_a.py::test_x"
OTHER = "suites/test_b.py::test_y"
BOOM = "raise SystemExit('it was imported')\n"


@pytest.fixture
def suites(tmp_path: Path) -> Suites:
    for name, text in {
        "stacktest.toml": "",
        "conftest.py": BOOM,
        "suites/helpers.py": BOOM + "def ping(cache): ...\n",
        "suites/test_a.py": BOOM + "from helpers import ping\nimport pytest\n"
        '@pytest.mark.service("cache")\ndef test_x(inside): assert ping(inside("cache"))\n',
        "suites/test_b.py": BOOM
        + 'import pytest\npytestmark = pytest.mark.service("db", "cache")\n'
        'def test_y(inside): assert inside("db")\n',
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return locate_suites(tmp_path, ())


def as_collected(suites: Suites, nodeid: str, *services: str) -> Collected:
    path = nodeid.partition("::")[0]
    return Collected(
        nodeid=nodeid, reported=nodeid, services=services, phase="", routed=False, path=path,
        source=path, line=1, checks=1, files=CodeGraph(suites, modules={}).files(suites.base / path), saved=None,
    )  # fmt: skip


@pytest.fixture
def records(suites: Suites) -> tuple[dict[str, Evidence], dict[str, list[HistoryLine]]]:
    """What a run of these suites leaves: a pass of `cache` and one of `db`; `web` never ran."""
    board = build_board(runs=4)
    tests = [as_collected(suites, ID, "cache"), as_collected(suites, OTHER, "db", "cache")]
    digests = runs.tests_of(tests, lambda test: SuiteCode(suites.base).digest(test.files))
    evidence = {"web": Evidence(service="web", last_pass=None, last_run=None)}
    lines = {"web": list[HistoryLine]()}
    for name, ids in {"cache": (ID, OTHER), "db": (OTHER,)}.items():
        passed = board.passes["caddy"]
        result = replace(passed.tests, digest=digests[name].digest, required=len(ids))
        record = replace(passed, service=name, tests=result)
        evidence[name] = Evidence(service=name, last_pass=record, last_run=None)
        line = replace(board.histories["caddy"][-1], service=name, run=record.run.id)
        lines[name] = [replace(line, tests=dict.fromkeys(ids, "."))]
    return evidence, lines


Records = tuple[dict[str, Evidence], dict[str, list[HistoryLine]]]


def look(suites: Suites, records: Records, *differing: str) -> dict[str, Required | Unknown]:
    evidence, lines = records
    return recorded_tests(suites, evidence, lambda name: lines[name], differing)


def whys(tests: dict[str, Required | Unknown]) -> dict[str, str]:
    return {name: item.why for name, item in tests.items() if isinstance(item, Unknown)}


def test_tests_that_are_as_recorded_are_known_without_importing(
    suites: Suites, records: Records
) -> None:
    tests = look(suites, records)
    assert whys(tests) == {}
    assert tests["web"] is NEVER
    cache, last_pass = tests["cache"], records[0]["cache"].last_pass
    assert isinstance(cache, Required)
    assert isinstance(last_pass, LastPass)
    assert (cache.digest, cache.nodeids) == (last_pass.tests.digest, frozenset({ID, OTHER}))


EDITED = f"{NOT_RUN}: their code is not the recorded one"
CHANGES = {
    "a test": ("suites/test_a.py", "# x\n", {"cache": EDITED}),
    "a helper": ("suites/helpers.py", "# x\n", {"cache": EDITED}),
    "a conftest": ("conftest.py", "# x\n", {"cache": EDITED, "db": EDITED}),
    "a new conftest": ("suites/conftest.py", "x = 1\n", {"cache": EDITED, "db": EDITED}),
    "a new module that hides another": (
        "suites/pytest.py",
        "x = 1\n",
        {"cache": EDITED, "db": EDITED},
    ),
    "a new test": (
        "suites/test_c.py",
        'import pytest\n@pytest.mark.service("db")\ndef test_z(): ...\n',
        {"db": f"{NOT_RUN}: suites/test_c.py may hold tests"},
    ),
    "a new test with a name of its own": (
        "suites/deep/check.py",
        'import pytest\npytestmark = pytest.mark.service("db")\n',
        {"db": f"{NOT_RUN}: suites/deep/check.py may hold tests"},
    ),
    "a new test of a service that only running tells": (
        "suites/test_c.py",
        "import pytest\n@pytest.mark.service(NAME)\ndef test_z(): ...\n",
        dict.fromkeys(("cache", "db"), f"{NOT_RUN}: suites/test_c.py may hold tests"),
    ),
    "a new test that a hook gives its service": (
        "suites/test_c.py",
        "def test_z(inside): ...\n",
        dict.fromkeys(("cache", "db"), f"{NOT_RUN}: suites/test_c.py may hold tests"),
    ),
    "text that is no Python": ("suites/test_a.py", "(((((", {"cache": EDITED}),
    "a new module of no concern": ("suites/other.py", "x = 1\n", {}),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_whatever_only_running_would_tell_is_not_known(
    kind: str, suites: Suites, records: Records
) -> None:
    name, text, expected = CHANGES[kind]
    file = suites.base / name
    file.parent.mkdir(exist_ok=True)
    file.write_text((file.read_text() if file.exists() else "") + text)
    assert whys(look(suites, records)) == expected


def test_a_test_that_is_gone_is_not_known(suites: Suites, records: Records) -> None:
    (suites.base / "suites/test_b.py").unlink()
    assert whys(look(suites, records)) == {"cache": EDITED, "db": EDITED}


def test_another_configuration_makes_all_of_it_unknown(suites: Suites, records: Records) -> None:
    why = f"{NOT_RUN}: pytest.ini was changed"
    assert whys(look(suites, records, "pytest.ini")) == dict.fromkeys(("cache", "db", "web"), why)


def test_a_history_that_does_not_name_the_tests_is_not_enough(
    suites: Suites, records: Records
) -> None:
    why = f"{NOT_RUN}: the history does not name them"
    records[1]["db"].clear()
    assert whys(look(suites, records))["db"] == why
    records[1]["cache"][0] = replace(records[1]["cache"][0], tests={ID: "."})
    assert whys(look(suites, records))["cache"] == why


def test_files_of_a_commit_are_read_as_they_are(tmp_path: Path) -> None:
    odd = b"f\xfcr\n.json".decode("utf-8", "surrogateescape")
    (tmp_path / "data/a").mkdir(parents=True)
    (tmp_path / "data/a" / odd).write_bytes(b"\xff\x00")
    (tmp_path / "data/link").symlink_to("/etc/passwd")
    for words in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    commit = commit_named(tmp_path, "HEAD")
    assert len(commit) == 40
    (tmp_path / "data/a" / odd).write_bytes(b"later")
    assert files_at(tmp_path, commit, ["data", "absent.json"]) == {f"data/a/{odd}": b"\xff\x00"}


@pytest.mark.parametrize("name", ["nope", "--output=x", "", "HEAD:data", "HEAD\n"])
def test_what_is_no_commit_is_none(name: str, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert commit_named(tmp_path, name) == ""
