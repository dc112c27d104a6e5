"""The front door's own 404 in place of a service that is not healthy."""

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.diagnosis.facts import Facts, ServiceFacts
from stacktest.core.model import Stack
from stacktest.core.route import Route
from stacktest.core.routing import NOT_FOUND
from tests.support.diagnosed import HOST, STACK, facts, find, refused, running, sentence
from tests.support.known import known

LABEL = "services.wiki.labels.traefik.http.routers.wiki.rule"
ROUTE = Route(host=HOST, service="wiki", port=8080, where=LABEL, upstream="wiki:8080", order=1)
LEFT_OUT = replace(
    ROUTE,
    service=None,
    upstream="",
    statuses=frozenset({404}),
    length=len(NOT_FOUND),
    is_guard=True,
    is_final=False,
    is_hidden=True,
    order=0,
)
ARROW = f"{HOST} → wiki:8080 ({LABEL}): door leaves wiki out and answers 404 by itself"
BY_LABELS = replace(STACK, routes=(LEFT_OUT, ROUTE))


def of(wiki: ServiceFacts, stack: Stack = BY_LABELS) -> Facts:
    return replace(facts(wiki=wiki), stack=stack)


def test_a_service_that_is_still_starting() -> None:
    wiki = running("wiki", health="starting")
    diagnosis = known(find(of(wiki), refused(404, NOT_FOUND)))
    assert diagnosis.sentence == f"{ARROW}: wiki is still starting"
    assert diagnosis.command == "docker compose up -d --wait wiki"


def test_a_service_that_is_unhealthy() -> None:
    wiki = running("wiki", health="unhealthy", health_log="exit 1: connection refused")
    diagnosis = known(find(of(wiki), refused(404, NOT_FOUND)))
    assert diagnosis.sentence == f"{ARROW}: wiki is not healthy: connection refused"
    assert diagnosis.service == "wiki"


@pytest.mark.parametrize(
    ("health", "status", "body"),
    [("healthy", 404, NOT_FOUND), ("starting", 404, "no such page"), ("starting", 200, NOT_FOUND)],
)
def test_an_answer_of_the_service_itself(health: str, status: int, body: str) -> None:
    assert find(of(running("wiki", health=health)), refused(status, body)) is None


def test_a_door_that_leaves_nobody_out() -> None:
    wiki = running("wiki", health="starting")
    assert not sentence(of(wiki, STACK), refused(404, NOT_FOUND))
