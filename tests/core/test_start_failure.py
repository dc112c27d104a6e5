"""What a service that could not be started costs."""

from stacktest.core.runs.start_failure import StartFailure, with_dependants

DB = StartFailure(
    service="db", cause="db exited 3", where="service db", hint="docker compose logs db"
)
NEEDS = {"db": (), "api": ("db",), "web": ("api",), "cache": ()}


def test_a_failure_costs_the_service_and_whatever_needs_it() -> None:
    assert set(with_dependants([DB], NEEDS)) == {"db", "api", "web"}


def test_a_dependant_names_the_service_that_failed_itself() -> None:
    web = with_dependants([DB], NEEDS)["web"]

    assert web.because_of == "db"
    assert web.cause == "web needs api, which is not up: db exited 3"
    assert web.hint == DB.hint


def test_a_service_that_failed_itself_keeps_its_own_cause() -> None:
    own = StartFailure(service="api", cause="api exited 1")

    assert with_dependants([DB, own], NEEDS)["api"] == own


def test_the_lines_are_those_of_an_error() -> None:
    assert DB.lines() == [
        "error: db exited 3",
        "  at: service db",
        "  hint: docker compose logs db",
    ]
