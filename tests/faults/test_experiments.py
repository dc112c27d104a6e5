"""The experiments with the lifecycle leave no service of the reference stack out."""

import tomllib

import pytest
from ruamel.yaml import YAML

from fixtures.answers import JOBS, QUESTIONS
from fixtures.kept_data import KEEPERS
from stacktest.core.json_data import Json
from tests.faults.catalogue.lifecycle import NEEDS
from tests.faults.moved import LIFECYCLE
from tests.faults.throwaway import REFERENCE


@pytest.fixture(scope="module")
def services() -> Json:
    return YAML(typ="safe").load(REFERENCE / "docker-compose.yml")["services"]


def test_every_service_has_a_question(services: Json) -> None:
    assert set(QUESTIONS) == set(services)


def test_what_runs_once_is_no_server(services: Json) -> None:
    assert {name for name in services if services[name]["restart"] == "no"} == set(JOBS)


def test_every_service_with_a_volume_of_its_own_is_given_something(services: Json) -> None:
    with_volume = {
        name
        for name, service in services.items()
        if any(
            not str(volume).startswith((".", "$", "site:")) for volume in service.get("volumes", ())
        )
    }
    assert with_volume == set(KEEPERS)


def test_what_compose_says_that_a_service_needs_is_taken_from_it(services: Json) -> None:
    needed = {
        (name, other)
        for name, service in services.items()
        for other in service.get("depends_on", ())
        if other not in JOBS and name not in JOBS
    }
    # LibreChat asks no model here, and nobody is served by the test runner.
    needed -= {("librechat", "localai"), ("test-runner", "browserless")}
    assert needed <= {(name, other) for name, others in NEEDS.items() for other in others}


def test_every_other_service_is_ready_by_a_question_of_its_own(services: Json) -> None:
    sections = tomllib.loads((LIFECYCLE / "stacktest.toml").read_text())["services"]
    by_health_check = {name for name in services if name.endswith("-postgres")}
    ready = {name for name, section in sections.items() if "ready" in section}
    assert ready == set(services) - by_health_check
