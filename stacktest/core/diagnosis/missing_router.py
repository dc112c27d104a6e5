"""Diagnoses a 404 by a front door that reads labels and leaves an unhealthy service out.

    wiki.home.lan → wiki:8080 (compose.yaml:9): door leaves wiki out and answers 404 by itself: wiki
    is not healthy: connection refused

It is decided by the engine's health of the container, which may still be starting, and by a 404
page that may be the front door's own according to the routes.
"""

from stacktest.core.changed_copy import replace
from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis import health
from stacktest.core.diagnosis.diagnosis import Diagnosis, shown_place
from stacktest.core.diagnosis.facts import Answered, Facts, Failure
from stacktest.core.route import Route
from stacktest.core.routing import NOT_FOUND, answerers, request_of, routes_taken, target_of


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses the first 404 of the front door itself in place of an unhealthy service."""
    for answer in failure.answers:
        for route in routes_taken(facts.stack.routes, request_of(answer.url)):
            if _may_be_the_doors(facts, answer) and (diagnosis := _explain(facts, answer, route)):
                return diagnosis
    return None


# Private

_MISSING = 404


def _may_be_the_doors(facts: Facts, answer: Answered) -> bool:
    request = replace(request_of(answer.url), length=len(answer.body))
    is_page = answer.status == _MISSING and answer.body == NOT_FOUND
    return is_page and None in answerers(facts.stack.routes, request, answer.status)


def _explain(facts: Facts, answer: Answered, route: Route) -> Diagnosis | None:
    service = facts.services.get(route.service or "")
    if service is None or not service.is_running:
        return None
    place = shown_place(facts.written_line(route.where), route.where)
    arrow = f"{request_of(answer.url).host} → {target_of(route)}{place}"
    door = facts.stack.front_door
    left_out = f"{arrow}: {door} leaves {service.name} out and answers 404 by itself"
    if service.health == "starting":
        return Diagnosis(
            service=service.name,
            sentence=f"{left_out}: {service.name} is still starting",
            command=compose_command(facts.stack, "up", "-d", "--wait", services=[service.name]),
        )
    cause = health.diagnose_service(facts, service, is_start=False)
    return replace(cause, sentence=f"{left_out}: {cause.sentence}") if cause else None
