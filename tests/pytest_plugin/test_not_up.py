"""One service that does not come up costs only itself and what needs it."""

import pytest

from tests.support.fake_stack import Shop

pytestmark = pytest.mark.processes

CAUSE = "db exited 3"


@pytest.fixture
def small(shop: Shop) -> Shop:
    shop.story(services={"db": {"fails": "exited 3"}, "app": {"needs": ["db"]}, "other": {}})
    shop.about("phase0_x", "db", "app", "other")
    return shop


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_its_tests_are_errors_and_the_others_are_credited(
    small: Shop, workers: tuple[str, ...]
) -> None:
    done = small.run(*workers)
    assert done.ret == 1
    done.assert_outcomes(passed=1, errors=2)
    text = done.stdout.str()
    assert CAUSE in text
    assert f"app needs db, which is not up: {CAUSE}" in text
    assert small.document("other", "last_pass.json")
    db, app = (small.document(name, "last_run.json") for name in ("db", "app"))
    assert (db["verdict"], db["start"]["cause"], db["start"]["whole"]) == ("failed", CAUSE, False)
    assert app["start"]["because_of"] == "db"
    assert "failing   db: not up: db exited 3" in text


def test_where_nothing_can_run_the_stack_did_not_come_up(small: Shop) -> None:
    done = small.run("suites/phase0_x/test_app.py")
    assert done.ret == 10
    done.assert_outcomes()
    db = small.document("db", "last_run.json")
    assert (db["start"]["cause"], db["start"]["whole"]) == (CAUSE, True)


def test_a_test_of_both_takes_no_pass_away(small: Shop) -> None:
    small.story(services={"db": {}, "app": {"needs": ["db"]}, "other": {}})
    small.suite(
        "phase0_x/test_both.py",
        """
        @pytest.mark.service("other", "db")
        def test_both(touch):
            touch("other")
            touch("db")
            assert callable(touch)
        """,
    )
    assert small.run().ret == 0
    assert small.document("other", "last_run.json")["refusal"] == ""
    assert small.document("other", "last_run.json")["reasons"] == []
    assert small.document("other", "last_pass.json")
    small.story(services={"db": {"fails": "exited 3"}, "app": {"needs": ["db"]}, "other": {}})
    assert small.run().ret == 1
    record = small.document("other", "last_run.json")
    assert (record["verdict"], record["start"]) == ("incomplete", None)
    assert any(CAUSE in reason for reason in record["reasons"])
    status = small.status()
    assert (status["other"]["state"], status["db"]["state"]) == ("functional", "failing")
