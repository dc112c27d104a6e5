"""`--stack-shard`: every test runs in one shard, and the joined shards say what one run says."""

import json
from typing import Any

import pytest

from tests.support.fake_stack import Shop

pytestmark = pytest.mark.processes


@pytest.fixture
def fair(shop: Shop) -> Shop:
    """Three services with a test each, and tests of no stack beside them."""
    shop.story(services={"db": {}, "app": {"needs": ["db"]}, "other": {}})
    shop.about("phase0_x", "db", "app", "other")
    shop.suite("phase0_x/test_plain.py", "def test_plain():\n    assert True\n")
    return shop


def record(shop: Shop, name: str) -> Any:
    return json.loads((shop.path / "reports/shards" / name).read_text())


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_each_test_runs_in_one_shard(fair: Shop, workers: tuple[str, ...]) -> None:
    passed = 0
    ran: list[str] = []
    for index in (1, 2):
        done = fair.run(f"--stack-shard={index}/2", *workers)
        assert done.ret == 0
        passed += done.parseoutcomes()["passed"]
        document = record(fair, f"{index}-of-2.json")
        ran += [outcome["nodeid"] for outcome in document["outcomes"]]
        assert len(document["order"]) == 3
    assert passed == 4
    assert sorted(ran) == sorted(set(ran))
    assert len(ran) == 3


def test_a_shard_credits_only_what_it_has_tested_as_a_whole(fair: Shop) -> None:
    fair.suite(
        "phase0_x/test_more.py",
        """
        @pytest.mark.service("other")
        @pytest.mark.parametrize("number", range(9))
        def test_more(touch, number):
            touch("other")
            assert callable(touch)
        """,
    )
    assert fair.run("--stack-shard=2/2").ret == 0
    verdicts = {
        name: (fair.document(name, "last_run.json") or {}).get("credited")
        for name in ("db", "app", "other")
    }
    assert verdicts["other"] is False


@pytest.mark.parametrize("value", ["3/2", "half"])
def test_a_wrong_value_is_one_usage_error(fair: Shop, value: str) -> None:
    done = fair.run(f"--stack-shard={value}")
    assert done.ret == 4
    assert done.stderr.str().count("--stack-shard: ") == 1
    done.stderr.fnmatch_lines(["*hint: --stack-shard 1/4*"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--stack-shard=1/4"], "*there are only 3 tests of the stack to divide*"),
        (["--stack-shard=1/2", "--stack-copy"], "*a copy of it is tested as a whole*"),
    ],
)
def test_what_cannot_be_divided_is_a_usage_error(
    fair: Shop, options: list[str], message: str
) -> None:
    done = fair.run(*options)
    assert done.ret == 4
    done.stderr.fnmatch_lines([message])


def test_a_run_that_comes_to_no_end_leaves_no_record(fair: Shop) -> None:
    assert fair.run("--stack-shard=1/2").ret == 0
    fair.suite("phase0_x/test_broken.py", "import nowhere\n")
    assert fair.run("--stack-shard=1/2").ret != 0
    assert not (fair.path / "reports/shards/1-of-2.json").exists()


def test_a_record_holds_no_text_of_a_test(fair: Shop) -> None:
    fair.about("phase0_x", "db", body="assert touch == 'hunter2'")
    for index in (1, 2):
        fair.run(f"--stack-shard={index}/2")
    text = "".join(path.read_text() for path in (fair.path / "reports/shards").iterdir())
    assert "test_db.py::test_it_answers" in text
    assert "hunter2" not in text
