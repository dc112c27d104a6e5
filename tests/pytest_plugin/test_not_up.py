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


FULL_DISK = """
import errno
import tempfile

import pytest


@pytest.hookimpl(tryfirst=True)
def {hook}:
    def refuse(*_, **named):
        raise OSError(errno.ENOSPC, "No space left on device", str(named["dir"]))

    tempfile.mkstemp = refuse
"""


@pytest.mark.parametrize(
    "hook",
    ["pytest_collection_finish(session)", "pytest_runtest_setup(item)"],
    ids=["start", "end"],
)
def test_a_full_disk_is_told_once(shop: Shop, hook: str) -> None:
    shop.story(services={"app": {}, "db": {}})
    shop.about("phase0_x", "app", "db")
    (shop.path / "conftest.py").write_text(FULL_DISK.format(hook=hook))
    done = shop.run()
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    text = done.stdout.str() + done.stderr.str()
    assert text.count("no space left on device") == 1
    assert text.count("hint: make room on the disk that holds ") == 1
    assert "ERROR: error" not in text
    assert ("next      stacktest why" in text) is ("setup" in hook)
    assert shop.document("app", "last_pass.json") is None
