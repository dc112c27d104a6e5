"""`--stale`: what is left out, and the night on which nothing is stale."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stacktest.config import Config
from stacktest.core.freshness.states import State
from stacktest.core.model import Dependency, Service, Stack
from stacktest.core.records.exemption import Exemption
from stacktest.pytest_plugin.stale import stale_services
from tests.support.fake_stack import Shop
from tests.support.listener import listening

TODAY = dt.date(2026, 3, 1)


def stale(states: dict[str, State], tmp_path: Path, exempt: Sequence[Exemption] = ()) -> set[str]:
    """The stale services of a stack in which `app` depends on all others."""
    names = {**states, "app": State.FUNCTIONAL}
    needs = tuple(Dependency(service=name) for name in states)
    services = {name: Service(name=name, image="a") for name in states}
    services["app"] = Service(name="app", image="a", depends_on=needs)
    judge: Any = SimpleNamespace(
        config=Config(root=tmp_path, exempt=tuple(exempt)),
        stack=Stack(name="shop", root=tmp_path, services=services),
    )
    judgements: dict[str, Any] = {
        name: SimpleNamespace(state=state) for name, state in names.items()
    }
    return stale_services(judge, judgements, TODAY)


def test_a_broken_dependency_makes_its_dependants_stale(tmp_path: Path) -> None:
    assert stale({"db": State.CHANGED}, tmp_path) == {"db", "app"}
    assert stale({"db": State.DOC_STALE}, tmp_path) == set()


def test_a_job_that_nobody_tests_makes_nobody_stale_for_ever(tmp_path: Path) -> None:
    assert stale({"migrate": State.NO_TESTS}, tmp_path) == {"migrate"}


@pytest.mark.parametrize(
    ("until", "expected"), [(TODAY, {"job"}), (TODAY - dt.timedelta(days=1), {"job", "app"})]
)
def test_nor_does_one_that_an_exemption_excuses_while_it_lasts(
    tmp_path: Path, until: dt.date, expected: set[str]
) -> None:
    exemption = Exemption(service="job", states=("never_run",), reason="runs once", until=until)
    assert stale({"job": State.NEVER_RUN}, tmp_path, [exemption]) == expected
    assert stale({"job": State.FAILING}, tmp_path, [exemption]) == {"job", "app"}


@pytest.fixture
def proved(shop: Shop) -> Shop:
    """Two services, both functional."""
    shop.story(services={"db": {}, "app": {"needs": ["db"]}})
    shop.about("phase0_x", "db", "app")
    assert shop.run().ret == 0
    return shop


@pytest.mark.processes
@pytest.mark.case("field/c07")
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_a_quiet_night_ends_well_and_says_so(proved: Shop, workers: tuple[str, ...]) -> None:
    (proved.path / "stacktest.toml").write_text(
        '[[notify]]\nkind = "healthchecks"\nurl_env = "HEALTHCHECKS_URL"\n'
    )
    with listening() as listener:
        proved.setenv("HEALTHCHECKS_URL", f"{listener.url}/hc")
        done = proved.run("--stale", *workers)
    assert done.ret == 0
    assert "nothing is stale: every service" in done.stdout.str()
    assert listener.lines == ["POST /hc/start", "POST /hc"]


@pytest.mark.processes
def test_what_is_stale_is_tested(proved: Shop) -> None:
    proved.story(services={"db": {"config": "2"}, "app": {"needs": ["db"]}})
    proved.run("--stale").assert_outcomes(passed=2)


@pytest.mark.processes
def test_a_selection_that_matches_nothing_is_no_quiet_night(proved: Shop) -> None:
    done = proved.run("--stale", "-k", "misspelt")
    assert done.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "nothing is stale" not in done.stdout.str()
