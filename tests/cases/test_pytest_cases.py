"""The traps of pytest, on a real stack: who gets credit, by the rows of the case table.

Credit is decided by what was seen of every required test, never by an exit code.
"""

from typing import Any

import pytest

pytestmark = pytest.mark.real_docker
BOTH = {"alpha", "beta"}


@pytest.mark.case("P1", "T1")
def test_collect_only(pair: Any) -> None:
    assert pair.run("--collect-only").ret == 0
    assert pair.credited() == set()
    assert pair.verdict("alpha") is None


@pytest.mark.case("P2")
def test_setup_plan(pair: Any) -> None:
    assert pair.run("--setup-plan").ret == 0
    assert pair.credited() == set()


@pytest.mark.case("P3")
def test_setup_only(pair: Any) -> None:
    assert pair.run("--setup-only").ret == 0
    assert pair.credited() == set()


@pytest.mark.case("P4", "T4")
def test_keyword(pair: Any) -> None:
    assert pair.run("-k", "ping").ret == 0
    assert pair.credited() == {"beta"}
    assert pair.verdict("alpha") == "incomplete"
    reasons = pair.document("alpha", "last_run.json")["reasons"]
    assert reasons == ["1 of 2 tests that name alpha did not run: deselected by -k"]


@pytest.mark.case("P5", "T3")
def test_one_file(pair: Any) -> None:
    pair.write("phase2_more/test_alpha_more.py", ALPHA_MORE)
    assert pair.run("suites/phase0_pair/test_alpha.py").ret == 0
    assert pair.credited() == set()
    (reason,) = pair.document("alpha", "last_run.json")["reasons"]
    assert reason.startswith("1 of 3 tests that name alpha did not run: not selected by ")


@pytest.mark.case("P6", "T5")
def test_nothing_selected(pair: Any) -> None:
    assert pair.run("-k", "zzz").ret == 5
    assert pair.credited() == set()


@pytest.mark.case("P7", "T7")
def test_all_skipped(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", marked("@pytest.mark.skip(reason='no licence')"))
    assert pair.run().ret == 0
    assert pair.credited() == {"beta"}
    assert pair.verdict("alpha") == "incomplete"


@pytest.mark.case("P8")
def test_empty_parametrize(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", marked("@pytest.mark.parametrize('x', [])", "x, "))
    assert pair.run().ret == 0
    assert pair.credited() == {"beta"}


@pytest.mark.case("P9")
def test_expected_to_fail(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", marked("@pytest.mark.xfail(strict=False)"))
    assert pair.run().ret == 0
    assert pair.credited() == {"beta"}
    pair.write("phase0_pair/test_alpha.py", marked("@pytest.mark.xfail", body="assert 0"))
    assert pair.run().ret == 0
    assert pair.credited() == {"beta"}


@pytest.mark.case("P10")
def test_left_by_exit(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", ALPHA_EXITS)
    assert pair.run().ret == 0
    assert pair.credited() == set()
    assert pair.verdict("alpha") == "incomplete"


@pytest.mark.case("P11")
def test_the_process_vanished(pair: Any) -> None:
    assert pair.run().ret == 0
    pair.write("phase0_pair/test_alpha.py", marked("", body="import os; os._exit(0)"))
    before = pair.document("alpha", "last_pass.json")
    assert pair.run().ret == 0
    assert pair.document("alpha", "last_pass.json") == before
    record = pair.document("alpha", "last_run.json")
    assert record["run"]["finished"] is None
    assert record["run"]["seq"] == before["run"]["seq"] + 1


@pytest.mark.case("P12")
def test_the_worker_crashed(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", marked("", body="import os; os._exit(0)"))
    assert pair.run("-n", "1", "--max-worker-restart=0").ret == 1
    assert pair.credited() == set()


@pytest.mark.case("P13", "T8")
def test_passed_on_the_second_try(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", FLAKY)
    assert pair.run("--reruns", "1").ret == 0
    assert pair.credited() == {"beta"}
    assert "only on a retry" in pair.document("alpha", "last_run.json")["refusal"]


def assert_passed_without_credit(pair: Any) -> None:
    """beta needs alpha: its tests passed, but on a dependency that fails its own."""
    assert pair.verdict("beta") == "passed"
    assert pair.document("beta", "last_run.json")["refusal"].startswith("its dependency alpha ")


@pytest.mark.case("T9")
def test_failed_then_skipped(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", EVADES)
    pair.run("--reruns", "1")
    assert pair.credited() == set()
    assert_passed_without_credit(pair)
    assert pair.verdict("alpha") == "failed"


@pytest.mark.case("P14")
def test_error_in_teardown(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", BAD_TEARDOWN)
    assert pair.run().ret == 1
    assert pair.credited() == set()
    assert_passed_without_credit(pair)
    assert pair.verdict("alpha") == "failed"


@pytest.mark.case("P15")
def test_stopped_at_the_first_failure(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", marked("", body="assert 0"))
    assert pair.run("-x").ret == 1
    assert pair.credited() == set()
    assert pair.verdict("alpha") == "failed"
    assert pair.document("beta", "last_pass.json") is None


@pytest.mark.case("P16")
def test_a_file_that_cannot_be_collected(pair: Any) -> None:
    pair.write("phase2_more/test_broken.py", "import nothing_of_that_name\n")
    assert pair.run("--continue-on-collection-errors").ret == 1
    assert pair.credited() == set()
    assert pair.verdict("beta") == "incomplete"


@pytest.mark.case("P17")
def test_two_workers(pair: Any) -> None:
    assert pair.run("-n", "2").ret == 0
    assert pair.credited() == BOTH
    assert pair.document("alpha", "last_pass.json")["tests"]["passed"] == 2


@pytest.mark.case("T2")
def test_asked_for_help(pair: Any) -> None:
    assert pair.run("--help").ret == 0
    assert pair.credited() == set()


@pytest.mark.case("T10")
def test_one_shard(pair: Any) -> None:
    assert pair.run("--deselect", "suites/phase0_pair/test_alpha.py::test_echo").ret == 0
    assert pair.credited() == {"beta"}


@pytest.mark.case("T12")
def test_nothing_asserted(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", marked("", body="pass"))
    assert pair.run().ret == 0
    assert pair.credited() == {"beta"}
    assert any("asserts" in text for text in pair.document("alpha", "last_run.json")["reasons"])


@pytest.mark.case("T13")
def test_never_touched(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", NEVER_TOUCHED)
    assert pair.run().ret == 0
    assert pair.credited() == {"beta"}
    (reason,) = pair.document("alpha", "last_run.json")["reasons"]
    assert reason.endswith("names alpha but never touched it")


@pytest.mark.case("T15")
def test_one_failure_costs_one_service(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", marked("", body="assert 0"))
    assert pair.run().ret == 1
    assert pair.credited() == set()
    assert_passed_without_credit(pair)
    assert pair.state("alpha") == "failing"


@pytest.mark.case("T18")
def test_a_service_that_is_not_there(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", ALPHA_MORE.replace('"alpha"', '"alhpa"'))
    done = pair.run()
    assert done.ret == 1
    done.stdout.fnmatch_lines(["*:5 names 'alhpa'*", "*did you mean*alpha*"])
    assert pair.credited() == {"beta"}


@pytest.mark.case("T19")
def test_edited_while_its_tests_ran(pair: Any) -> None:
    pair.write("phase0_pair/test_alpha.py", EDITS_ITSELF)
    assert pair.run().ret == 0
    assert pair.credited() == set()
    assert pair.document("beta", "last_run.json")["refusal"].startswith("its dependency alpha ")
    assert "changed while its tests ran" in pair.document("alpha", "last_run.json")["refusal"]


@pytest.mark.case("T20")
def test_the_newest_run_failed(pair: Any) -> None:
    assert pair.run().ret == 0
    assert pair.credited() == BOTH
    pair.write("phase0_pair/test_alpha.py", marked("", body="assert 0"))
    assert pair.run().ret == 1
    assert pair.state("alpha") == "failing"
    assert pair.verdict("alpha") == "failed"


# The suites of the cases

ALPHA_MORE = """
import pytest


@pytest.mark.service("alpha")
def test_more(inside):
    assert inside("alpha").run("redis-cli", "ping").out.strip() == "PONG"
"""
NEVER_TOUCHED = """
import pytest


@pytest.mark.service("alpha")
def test_other(inside):
    assert inside("beta").run("redis-cli", "ping").out.strip() == "PONG"
"""
ALPHA_EXITS = """
import pytest

pytestmark = pytest.mark.service("alpha")


def test_one(inside):
    assert inside("alpha").run("redis-cli", "ping").out.strip() == "PONG"


def test_two(inside):
    pytest.exit("enough", returncode=0)


def test_three(inside):
    assert inside("alpha").run("redis-cli", "ping").out.strip() == "PONG"
"""
FLAKY = """
import pathlib

import pytest

SEEN = pathlib.Path("seen")


@pytest.mark.service("alpha")
def test_flaky(inside):
    assert inside("alpha").run("redis-cli", "ping").out.strip() == "PONG"
    first = not SEEN.exists()
    SEEN.touch()
    assert not first
"""
EVADES = FLAKY.replace(
    "    assert not first", "    if not first:\n        pytest.skip('now it skips')\n    assert 0"
)
BAD_TEARDOWN = """
import pytest


@pytest.fixture
def shaky():
    yield
    raise RuntimeError("teardown")


@pytest.mark.service("alpha")
def test_it(inside, shaky):
    assert inside("alpha").run("redis-cli", "ping").out.strip() == "PONG"
"""
EDITS_ITSELF = """
import pathlib

import pytest


@pytest.mark.service("alpha")
def test_it(inside):
    assert inside("alpha").run("redis-cli", "ping").out.strip() == "PONG"
    config = pathlib.Path("stack/configs/alpha/alpha.conf")
    config.parent.mkdir(parents=True)
    config.write_text("x")
"""


def marked(decorator: str, arguments: str = "", body: str = "") -> str:
    """A suite with one test of alpha under a decorator."""
    body = body or 'assert inside("alpha").run("redis-cli", "ping").out.strip() == "PONG"'
    return f"""
import pytest

{decorator}
@pytest.mark.service("alpha")
def test_it({arguments}inside):
    inside("alpha").run("redis-cli", "ping")
    {body}
"""
