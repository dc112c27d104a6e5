"""A service that is not up costs its own tests and those of what needs it, and no others."""

from typing import Any

import pytest

pytestmark = pytest.mark.processes

SERVICES: dict[str, Any] = {
    "redis": {"fails": "exited 3"},
    "grafana": {"needs": ["redis"]},
    "loki": {},
}


@pytest.mark.case("field/c08", "field/x08")
@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_others_are_tested_and_credited(shop: Any, workers: str) -> None:
    shop.story(services=SERVICES)
    for name in SERVICES:
        shop.about("phase4_data", name)

    done = shop.run("-n", workers)

    assert done.ret == 1
    done.assert_outcomes(passed=1, errors=2)
    done.stdout.fnmatch_lines(
        ["  failed   redis exited 3; not up either: grafana", "error: redis exited 3"]
    )
    done.stdout.fnmatch_lines_random(
        [
            "*grafana needs redis, which is not up: redis exited 3",
            "hint: stacktest up redis; docker compose logs redis",
            "  code: SK-NOT-READY",
        ]
    )
    # Once for all, and not once more for each test that did not run.
    done.stdout.no_fnmatch_line("code: SK-NOT-READY")
    done.stdout.no_fnmatch_line("FAILED suites/phase4_data/*")
    assert not (shop.path / "reports/evidence").exists()
    assert shop.document("loki", "last_pass.json")
    assert shop.document("redis", "last_pass.json") is None
    assert shop.document("grafana", "last_pass.json") is None


def test_exit_code_10_means_that_no_test_could_run(shop: Any) -> None:
    shop.story(services=SERVICES)
    for name in SERVICES:
        shop.about("phase4_data", name)

    done = shop.run("-k", "redis or grafana")

    assert done.ret == 10
    done.stdout.fnmatch_lines(["  failed   redis exited 3; what it created is removed"])


def test_a_test_through_a_front_door_that_is_down_is_an_error(shop: Any) -> None:
    shop.story(services={"caddy": {"fails": "exited 1"}, "loki": {}}, front_door="caddy")
    shop.about("phase4_data", "loki")
    shop.suite(
        "phase0_door/test_door.py",
        """
        @pytest.mark.service("loki")
        def test_through_the_door(api):
            assert False, "never reached"
        """,
    )

    done = shop.run()

    done.assert_outcomes(passed=1, errors=1)
    done.stdout.fnmatch_lines(["*caddy exited 1*"])
    done.stdout.no_fnmatch_line("*never reached*")
