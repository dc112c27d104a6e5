"""The marker `claim`: a claim that is known to be false is judged, and costs no credit."""

import json
import sys
from pathlib import Path

import pytest

from tests.support.fake_stack import Shop
from tests.support.pair import Pair

SERVICES = {"services": {"redis": {}}, "running": ["redis"]}


def claims(shop: Shop, *, marker: str, body: str, more: bool = True) -> pytest.RunResult:
    """A test with that marker and body, and another one that passes."""
    shop.story(**SERVICES)
    text = f"""
    pytestmark = pytest.mark.service("redis")


    @pytest.mark.claim({marker})
    def test_claim(touch):
        {body}
    """
    if more:
        text += """

    def test_it_answers(touch):
        touch("redis")
        assert touch
    """
    shop.suite("test_redis.py", text)
    return shop.run()


FALSE = '"A8", "429 after 100 requests", source="README.md", holds=False'
ASSERTS = "touch('redis'); answers = 101; assert answers == 100"


@pytest.mark.processes
def test_known_to_be_false_costs_no_credit(shop: Shop) -> None:
    ran = claims(shop, marker=FALSE, body=ASSERTS)
    ran.assert_outcomes(passed=1, xfailed=1)
    ran.stdout.fnmatch_lines(
        ["*1 known false, 1 passed", "credited  redis", "false     1 test stated a claim*"]
    )
    record = shop.document("redis", "last_pass.json")["tests"]
    assert (record["required"], record["passed"], record["known_false"]) == (2, 1, 1)
    run = shop.document("redis", "last_run.json")["tests"]
    assert run["known_false"] == ["suites/test_redis.py::test_claim"]
    assert shop.status()["redis"]["state"] == "functional"


@pytest.mark.processes
@pytest.mark.parametrize(
    ("marker", "body", "line"),
    [
        (FALSE, "touch('redis'); assert touch", "*claim A8 holds now; take `holds=False` away*"),
        (FALSE, "touch('redis'); assert touch; raise OSError('gone')", "*OSError: gone*"),
        (FALSE, "touch('redis'); assert touch; pytest.fail('no')", "*Failed: no*"),
        (FALSE + ', until="2026-01-01"', ASSERTS, "*allowed to be false: A8 until 2026-01-01*"),
        ('"A8"', ASSERTS, "*assert 101 == 100*"),
    ],
    ids=["it holds", "an error", "a time-out", "overdue", "it should hold"],
)
def test_anything_else_is_a_failure(shop: Shop, marker: str, body: str, line: str) -> None:
    ran = claims(shop, marker=marker, body=body)
    ran.assert_outcomes(passed=1, failed=1)
    ran.stdout.fnmatch_lines([line])
    assert shop.document("redis", "last_pass.json") is None
    assert shop.status()["redis"]["state"] == "failing"


@pytest.mark.processes
@pytest.mark.parametrize(
    ("marker", "body", "letter"),
    [
        ('"A8"', ASSERTS, "F"),
        ('"A8"', "touch('redis'); raise OSError('gone')", "E"),
        (FALSE, "touch('redis'); raise OSError('gone')", "E"),
    ],
    ids=["an assertion", "an error", "an error where it is known to be false"],
)
def test_an_error_judges_no_claim(shop: Shop, marker: str, body: str, letter: str) -> None:
    claims(shop, marker=marker, body=body).assert_outcomes(passed=1, failed=1)
    run = shop.document("redis", "last_run.json")
    assert run["verdict"] == "failed"
    lines = (shop.path / "data/tests/redis/history.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["not_passed"]["suites/test_redis.py::test_claim"] == letter


@pytest.mark.processes
@pytest.mark.parametrize(
    ("body", "more", "why"),
    [
        ("answers = 101; assert answers == 100", True, "never touched it"),
        (ASSERTS, False, "every claim about it is known to be false"),
    ],
    ids=["untouched", "nothing passed"],
)
def test_it_has_to_touch_and_something_has_to_pass(
    shop: Shop, body: str, more: bool, why: str
) -> None:
    claims(shop, marker=FALSE, body=body, more=more)
    record = shop.document("redis", "last_run.json")
    assert record["verdict"] == "incomplete"
    assert why in " ".join(record["reasons"])


@pytest.mark.processes
@pytest.mark.parametrize(
    ("marker", "what"),
    [
        ("", "marker claim: no id"),
        ('"A8", until="soon"', "marker claim: until='soon' is not a valid date"),
        ('"A8", holds="False"', "marker claim: holds='False' is neither True nor False"),
        ('"A8", hold=False', "marker claim: unknown: hold"),
    ],
)
def test_a_marker_that_says_nothing_is_a_usage_error(shop: Shop, marker: str, what: str) -> None:
    ran = claims(shop, marker=marker, body="assert touch")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    assert what in ran.stderr.str() + ran.stdout.str()


CLAIMED = """
import pytest

pytestmark = pytest.mark.service("alpha")


@pytest.mark.claim("L2", "it answers", source="README.md")
def test_ping(inside):
    assert inside("alpha").run("redis-cli", "ping").out.strip() == "PONG"


@pytest.mark.claim("L9", "data | survive", source="README.md", holds=False, until="2099-01-01")
def test_it_keeps_a_log(inside):
    assert inside("alpha").run("redis-cli", "config", "get", "appendonly").out.split()[1] == "yes"
"""
LISTED = """
[[claim]]
id = "L31"
text = "Home Assistant is reachable"
source = "TESTING.md"
why = "it is outside of the stack"
"""


@pytest.mark.real_docker
def test_the_table_of_claims(pair: Pair) -> None:
    pair.write("phase0_pair/test_alpha.py", CLAIMED)
    (pair.root / "claims.toml").write_text(LISTED)
    command = (str(Path(sys.executable).with_name("stacktest")), "claims", "--stack=stack")
    before = pair.pytester.run(*command)
    before.stdout.fnmatch_lines(
        ["L2 *not judged*has not run*", "claims: 3, of which 2 not judged, 1 no test"]
    )
    pair.run("suites/phase0_pair").assert_outcomes(passed=1, xfailed=1)
    assert pair.credited() == {"alpha"}
    after = pair.pytester.run(*command)
    assert after.stdout.lines[:-2] == [
        "L31  no test  Home Assistant is reachable  TESTING.md  it is outside of the stack",
        "L2   true     it answers                   README.md",
        "L9   false    data | survive               README.md   known, until 2099-01-01",
    ]
    assert after.stdout.lines[-1] == "claims: 3, of which 1 true, 1 false, 1 no test"
    table = pair.pytester.run(*command, "--md").stdout
    table.fnmatch_lines(
        ["| L9 | data \\| survive | README.md | false; known, until 2099-01-01 | 20* | alpha * |"]
    )
    document = pair.pytester.run(*command, "--json").stdout.str()
    assert '"result": "false"' in document
