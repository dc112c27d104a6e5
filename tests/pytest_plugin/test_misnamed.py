"""A service was renamed, and a marker still has its old name: it costs no other service anything."""

import pytest

from tests.support.fake_stack import Shop

pytestmark = pytest.mark.processes
CAUSE = "suites/phase1_x/test_worker.py:5 names 'worker', which is not a service of this stack"


@pytest.fixture
def renamed(shop: Shop) -> Shop:
    """Two services that passed; then `worker` is called `jobs` in the compose file."""
    shop.story(services={"web": {}, "worker": {}})
    shop.about("phase1_x", "web", "worker")
    assert shop.run().ret == 0
    shop.story(services={"web": {}, "jobs": {}})
    return shop


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_the_others_are_tested_and_judged(renamed: Shop, workers: tuple[str, ...]) -> None:
    before = renamed.document("web", "last_pass.json")["run"]["seq"]
    done = renamed.run(*workers, columns=200)
    assert done.ret == 1
    done.assert_outcomes(passed=1, errors=1)
    text = done.stdout.str()
    assert f"error: {CAUSE}" in text
    assert "hint: write its new name there, if it was renamed: jobs?" in text
    assert renamed.document("web", "last_pass.json")["run"]["seq"] > before
    assert {name: entry["state"] for name, entry in renamed.status().items()} == {
        "jobs": "no_tests",
        "web": "functional",
    }
    meta = (renamed.path / "docs/_data/status.meta.json").read_text()
    assert CAUSE in meta
    assert "worker: has records" not in meta


def test_it_is_stale_and_the_others_are_not(renamed: Shop) -> None:
    done = renamed.run("--stale", columns=200)
    assert done.ret == 1
    done.assert_outcomes(errors=1, deselected=1)
    assert CAUSE in done.stdout.str()
    assert "nothing is stale" not in done.stdout.str()


def test_the_plan_of_the_others_is_shown_and_the_name_refused(renamed: Shop) -> None:
    done = renamed.run("--stack-dry-run", columns=200)
    assert done.ret == 4
    assert "named by suites/phase1_x/test_web.py::test_it_answers" in done.stdout.str()
    assert CAUSE in done.stderr.str()


def test_a_service_beside_it_in_one_test_keeps_what_it_had(renamed: Shop) -> None:
    renamed.suite(
        "phase1_x/test_worker.py",
        """
        @pytest.mark.service("web", "worker")
        def test_it_answers(touch):
            touch("web")
            assert touch
        """,
    )
    before = renamed.document("web", "last_pass.json")
    assert renamed.run().ret == 1
    assert renamed.document("web", "last_pass.json") == before
    assert renamed.document("web", "last_run.json")["verdict"] == "incomplete"
