"""A part is never the whole: who earns a pass is decided by all tests of the suites as they are."""

import sys
from pathlib import Path
from typing import Any

import pytest

Shop = Any


pytestmark = pytest.mark.processes

GOOD = """
@pytest.mark.service("red")
def test_a(touch):
    touch("red")
    assert touch
"""
BAD = GOOD.replace("test_a", "test_b").replace("assert touch", "assert not touch")


@pytest.fixture
def parts(shop: Shop) -> Shop:
    """Two files name red, and one of them fails."""
    shop.story(services={"red": {}, "blue": {}}, running=["red", "blue"])
    shop.suite("phase1_a/test_a.py", GOOD)
    shop.suite("phase2_b/test_b.py", BAD)
    shop.path.joinpath("other.ini").write_text(
        (shop.path / "tox.ini").read_text().replace("testpaths = suites", "testpaths = suites/phase1_a")
    )  # fmt: skip
    return shop


def is_credited(shop: Shop, service: str = "red") -> bool:
    return shop.document(service, "last_pass.json") is not None


def reasons(shop: Shop, service: str = "red") -> str:
    return "\n".join(shop.document(service, "last_run.json")["reasons"])


PARTS: dict[str, list[str]] = {
    "a folder": ["suites/phase1_a"],
    "other testpaths": ["-o", "testpaths=suites/phase1_a"],
    "other file names": ["-o", "python_files=test_a*.py"],
    "other function names": ["-o", "python_functions=test_a*"],
    "other folders": ["-o", "norecursedirs=phase2_b"],
    "another configuration file": ["-c", "other.ini"],
    "another root": ["--rootdir=suites/phase1_a", "suites/phase1_a"],
    "an ignored file": ["--ignore=suites/phase2_b"],
    "ignored files": ["--ignore-glob=suites/*_b"],
    "a deselected test": ["--deselect=suites/phase2_b/test_b.py::test_b"],
    "a part of the names": ["-k", "test_a"],
    "one node": ["suites/phase1_a/test_a.py::test_a"],
    "an option that nobody knows to be harmless": ["--import-mode=prepend", "suites/phase1_a"],
}


@pytest.mark.case("freshness/c04-partial-collection")
@pytest.mark.parametrize("name", PARTS)
def test_a_part_earns_nothing(parts: Shop, name: str) -> None:
    assert parts.run(*PARTS[name]).ret == 0
    assert not is_credited(parts)
    assert "1 of 2 tests that name red did not run" in reasons(parts)


@pytest.mark.case("freshness/c04-partial-collection")
def test_a_part_from_its_own_folder_does_not_wipe_out_a_failure(
    parts: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parts.run().ret == 1
    monkeypatch.chdir(parts.path / "suites/phase1_a")
    assert parts.run().ret == 0
    assert not is_credited(parts)
    assert parts.document("red", "last_run.json")["since_pass"]["failure"]["tests"] == [
        "suites/phase2_b/test_b.py::test_b"
    ]


def test_arguments_of_the_environment_select_as_well(parts: Shop) -> None:
    parts.setenv("PYTEST_ADDOPTS", "-o python_files=test_a*.py")
    assert parts.run().ret == 0
    assert not is_credited(parts)


SNAPSHOTS = """
def pytest_addoption(parser):
    parser.addoption("--snapshot-update", action="store_true")
"""
WEAKER = {
    "no conftest": ["--noconftest"],
    "fewer conftest files": ["--confcutdir=suites/phase1_a"],
    "a plugin is switched off": ["-p", "no:strict_here"],
    "another setting": ["-o", "xfail_strict=false"],
    "warnings are no errors": ["-W", "ignore"],
    "some warnings are no errors": ["--pythonwarnings=default::UserWarning"],
    "answers become what is wanted": ["--snapshot-update"],
}


@pytest.mark.parametrize("name", WEAKER)
def test_tests_that_were_made_weaker_earn_nothing(shop: Shop, name: str) -> None:
    shop.story(services={"red": {}}, running=["red"])
    shop.suite("conftest.py", SNAPSHOTS)
    shop.suite("phase1_a/test_a.py", GOOD)
    assert shop.run(*WEAKER[name]).ret == 0
    assert not is_credited(shop)
    assert "the tests did not run as the suites define them: " in reasons(shop)


def test_stricter_warnings_and_those_of_suites_that_allow_them_make_nothing_weaker(
    shop: Shop,
) -> None:
    shop.story(services={"red": {}}, running=["red"])
    shop.suite("phase1_a/test_a.py", GOOD)
    assert shop.run("-W", "error").ret == 0
    assert is_credited(shop)
    settings = next(shop.path.glob("*.ini"))
    settings.write_text(settings.read_text().replace("filterwarnings = error", ""))
    assert shop.run("-W", "ignore").ret == 0
    assert is_credited(shop)


HIDING = {
    "it skips itself": 'pytest.skip("not today", allow_module_level=True)',
    "its driver is missing": 'pytest.importorskip("no_driver_of_that_name")',
}


@pytest.mark.case("freshness/c05-module-skipped")
@pytest.mark.parametrize("name", HIDING)
def test_a_file_that_vanishes_counts_as_not_run(shop: Shop, name: str) -> None:
    shop.story(services={"red": {}, "blue": {}}, running=["red", "blue"])
    shop.about("phase1_a", "red", "blue")
    shop.suite("phase2_b/test_b.py", HIDING[name] + "\n" + BAD)
    assert shop.run().ret == 0
    assert not is_credited(shop)
    assert is_credited(shop, "blue")
    assert reasons(shop).startswith("suites/phase2_b/test_b.py was not collected (skipped), ")


def test_a_file_that_conftest_leaves_out_counts_as_not_run(parts: Shop) -> None:
    (parts.path / "suites/conftest.py").write_text('collect_ignore = ["phase2_b"]\n')
    assert parts.run().ret == 0
    assert not is_credited(parts)
    assert "suites/phase2_b/test_b.py was not collected" in reasons(parts)


DROP = "items[:] = [item for item in items if item.name != 'test_b']"
MARK = "[i.add_marker(pytest.mark.{}(reason='x')) for i in items if i.name == 'test_b']"
HOOK = """
import pytest

@pytest.hookimpl({how})
def pytest_collection_modifyitems(config, items):
    {body}
    {end}
"""
HOOKS = {
    "it drops tests": HOOK.format(how="", body=DROP, end=""),
    "it drops them first of all": HOOK.format(
        how="wrapper=True, tryfirst=True", body=DROP, end="return (yield)"
    ),
    "it skips them": HOOK.format(how="", body=MARK.format("skip"), end=""),
    "it expects them to fail": HOOK.format(how="", body=MARK.format("xfail"), end=""),
    "it takes no file of that folder": """
def pytest_ignore_collect(collection_path):
    return True if "phase2_b" in collection_path.parts else None
""",
    "it makes no test of that function": """
def pytest_pycollect_makeitem(name):
    return [] if name == "test_b" else None
""",
}


@pytest.mark.case("freshness/c04-partial-collection")
@pytest.mark.parametrize("name", HOOKS)
def test_what_a_hook_of_the_suites_leaves_out_did_not_run(parts: Shop, name: str) -> None:
    (parts.path / "suites/conftest.py").write_text(HOOKS[name])
    assert parts.run().ret == 0
    assert not is_credited(parts)


@pytest.mark.parametrize(("option", "before"), [("--lf", []), ("--sw", ["--sw"])])
def test_the_failures_of_the_last_run_are_a_part(
    parts: Shop, option: str, before: list[str]
) -> None:
    ini = parts.path / "tox.ini"
    ini.write_text(ini.read_text().replace(" -p no:cacheprovider", ""))
    assert parts.run(*before).ret != 0
    parts.suite("phase2_b/test_b.py", BAD.replace("not touch", "touch"))
    assert parts.run(option).ret == 0
    assert not is_credited(parts)
    assert "1 of 2 tests that name red did not run" in reasons(parts)
    assert parts.run("--ff").ret == 0
    assert is_credited(parts)


def test_markers_that_a_hook_gives_are_seen(shop: Shop) -> None:
    shop.story(services={"red": {}}, running=["red"])
    hook = """
def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.service("red"))
"""
    (shop.path / "suites").mkdir()
    (shop.path / "suites/conftest.py").write_text("import pytest\n" + hook)
    shop.suite("test_a.py", GOOD.replace('@pytest.mark.service("red")', ""))
    shop.suite(
        "test_b.py", BAD.replace('@pytest.mark.service("red")', "").replace("not touch", "touch")
    )
    assert shop.run().ret == 0
    assert is_credited(shop)
    assert shop.document("red", "last_pass.json")["tests"]["required"] == 2


# The same tests, however they are started


@pytest.mark.case("field/c15")
@pytest.mark.case("field/b39")
@pytest.mark.case("freshness/a07-node-ids-by-folder")
@pytest.mark.parametrize("where", ["suites", "suites/phase1_a", "elsewhere"])
def test_another_folder_makes_no_other_tests(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    shop.story(services={"red": {}}, running=["red"])
    shop.suite("phase1_a/test_a.py", GOOD)
    assert shop.run().ret == 0
    before = shop.document("red", "last_pass.json")
    (shop.path / "elsewhere").mkdir()
    monkeypatch.chdir(shop.path / where)
    assert shop.run(f"--stack={shop.path}", str(shop.path / "suites")).ret == 0
    after = shop.document("red", "last_pass.json")
    assert after["tests"]["digest"] == before["tests"]["digest"]
    assert after["run"]["seq"] == before["run"]["seq"] + 1


@pytest.mark.case("compose/own-brokentest")
def test_tests_of_the_program_itself_cost_nobody_a_verdict(shop: Shop) -> None:
    shop.story(services={"red": {}}, running=["red"])
    shop.suite("phase1_a/test_a.py", GOOD)
    (shop.path / "stacktest.toml").write_text('[stack]\nsuites = ["suites"]\n')
    (shop.path / "tests").mkdir()
    (shop.path / "tests/test_own.py").write_text("import not_installed_here\n")
    run = shop.run("suites", "tests", "--continue-on-collection-errors")
    assert run.ret == 1
    assert is_credited(shop)


@pytest.mark.case("compose/own-addopts")
def test_options_that_only_a_run_needs_do_not_reach_the_inventory(parts: Shop) -> None:
    ini = parts.path / "tox.ini"
    ini.write_text(
        ini.read_text().replace("addopts =", "addopts = --junitxml=junit.xml -n 1 --reruns 1")
    )
    assert parts.run("suites/phase1_a").ret == 0
    assert "1 of 2 tests that name red did not run" in reasons(parts)


@pytest.mark.case("freshness/r02-removed-or-broken")
def test_tests_in_a_file_that_is_broken_were_not_removed(parts: Shop) -> None:
    parts.about("phase1_a", "blue")
    assert parts.run("suites/phase1_a/test_blue.py").ret == 0
    assert is_credited(parts, "blue")
    parts.suite("phase1_a/test_blue.py", "def broken(:\n")
    parts.run("suites/phase1_a/test_a.py")
    entry = parts.status()["blue"]
    assert (entry["state"], entry["reasons"]) == (
        "error",
        ["tests:suites/phase1_a/test_blue.py:4 cannot be collected: SyntaxError: invalid syntax"],
    )


@pytest.mark.case("freshness/r04-internal-error")
def test_a_root_beside_the_suites_is_no_internal_error(parts: Shop) -> None:
    (parts.path / "elsewhere").mkdir()
    run = parts.run("--rootdir=elsewhere", f"--stack={parts.path}", "suites/phase1_a")
    assert run.ret not in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.OK.value + 100)
    assert "INTERNALERROR" not in run.stdout.str() + run.stderr.str()
    assert not is_credited(parts)


# What is excused, and what asserts nothing


def test_no_contact_excuses_its_own_service_only(shop: Shop) -> None:
    shop.story(services={"red": {}, "blue": {}}, running=["red", "blue"])
    shop.suite(
        "test_a.py",
        """
        @pytest.mark.service("red", no_contact="it reads what red wrote")
        @pytest.mark.service("blue")
        def test_a(touch):
            assert touch
        """,
    )
    assert shop.run().ret == 0
    assert is_credited(shop, "red")
    assert reasons(shop, "blue").endswith("names blue but never touched it")


@pytest.mark.case("freshness/c18-a-test-that-asserts-nothing")
def test_one_test_that_asserts_does_not_cover_another(shop: Shop) -> None:
    shop.story(services={"red": {}}, running=["red"])
    shop.suite("test_a.py", GOOD)
    shop.suite("test_b.py", BAD.replace("assert not touch", "assert True"))
    assert shop.run().ret == 0
    assert not is_credited(shop)
    assert reasons(shop) == "1 of 2 tests that name red asserts nothing: suites/test_b.py::test_b"


# A plan


@pytest.mark.case("compose/plan-runs-tests")
@pytest.mark.parametrize("arguments", [[], ["-n", "2"], ["-k", "own"], ["tests"]])
def test_a_plan_runs_no_test(shop: Shop, arguments: list[str]) -> None:
    shop.story(services={"red": {}})
    ini = shop.path / "tox.ini"
    ini.write_text(ini.read_text().replace("testpaths = suites", "testpaths = tests"))
    (shop.path / "tests").mkdir()
    ran = shop.path / "ran.txt"
    (shop.path / "tests/test_own.py").write_text(
        f"import pathlib\ndef test_own():\n    pathlib.Path({str(ran)!r}).touch()\n"
    )
    run = shop.run("--stack-dry-run", *arguments)
    assert run.ret == 4
    run.stderr.fnmatch_lines(["*no test of a service is left*nothing was run*"])
    assert not ran.exists()


@pytest.mark.case("compose/own-testpaths")
def test_a_plan_is_about_the_suites_where_testpaths_lead_elsewhere(shop: Shop) -> None:
    shop.story(services={"red": {}})
    ini = shop.path / "tox.ini"
    ini.write_text(ini.read_text().replace("testpaths = suites", "testpaths = tests"))
    (shop.path / "tests").mkdir()
    (shop.path / "stacktest.toml").write_text('[stack]\nsuites = ["suites"]\n')
    shop.suite("phase1_a/test_a.py", GOOD)
    run = shop.run("--stack-dry-run", "-n", "2")
    assert run.ret in (0, 5)
    run.stdout.fnmatch_lines(["*red*"])


# A project without a stack


@pytest.mark.case("field/b33")
def test_a_project_without_a_stack_keeps_its_own_names(
    pytester: pytest.Pytester, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pytester.makeini("[pytest]\nmarkers =\n    service: of the program's own\n")
    pytester.makeconftest(
        """
        import pytest
        for name in ("api", "person", "stack", "inside", "stack_ca", "async_api"):
            def own(name=name): ...
        @pytest.fixture
        def api(): return {"version": 2}
        @pytest.fixture
        def person(): return "Ada"
        @pytest.fixture
        def stack(): return [1]
        @pytest.fixture
        def inside(): return True
        """
    )
    pytester.makepyfile(
        """
        import pytest
        def test_version(api): assert api["version"] == 2
        def test_person(person, stack, inside): assert person == "Ada" and stack == [1] and inside
        @pytest.mark.service("billing", timeout=3)
        def test_marked(): assert True
        """
    )
    run = pytester.run(
        sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--strict-markers"
    )
    run.assert_outcomes(passed=3)
    assert not (pytester.path / ".stacktest").exists()


@pytest.mark.case("field/b33")
def test_own_fixtures_beside_a_stack_ask_for_nothing(shop: Shop) -> None:
    shop.story(services={"red": {"fails": "must not be started"}})
    shop.suite(
        "test_own.py",
        """
        @pytest.fixture
        def api():
            return 2

        def test_own(api):
            assert api == 2
        """,
    )
    shop.run().assert_outcomes(passed=1)
