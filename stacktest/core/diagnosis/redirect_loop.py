"""Diagnoses a URL that is redirected to itself until the client gives up."""

import re
from collections import Counter

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Facts, Failure
from stacktest.core.routing import request_of, routes_taken

ROUNDS = 5
"""From this number of redirects of one URL within a test on, they count as a loop."""
GIVEN_UP = re.compile(
    r"ERR_TOO_MANY_REDIRECTS|max redirect count exceeded|too ?many ?redirects"
    r"|exceeded (?:maximum allowed|\d+) redirects",
    re.IGNORECASE,
)


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses the URL that was redirected most often, if the client gave up."""
    redirects = Counter(
        (answer.url, answer.status) for answer in failure.answers if answer.status in _REDIRECTS
    )
    if not redirects or not GIVEN_UP.search(failure.text):
        return None
    (url, status), count = redirects.most_common(1)[0]
    if count < ROUNDS:
        return None
    routes = routes_taken(facts.stack.routes, request_of(url))
    route = routes[0] if len(routes) == 1 else None
    culprit = (route.service if route else "") or facts.stack.front_door
    behind = f"; {route.service} answers there ({route.where})" if route and route.service else ""
    return Diagnosis(
        service=culprit,
        sentence=f"{url} is redirected in a circle: {count} answers {status}{behind}",
        before="let the application know that the front door speaks TLS for it "
        "(X-Forwarded-Proto), or take the redirect away",
        command=compose_command(facts.stack, "logs", "--tail", "20", services=[culprit]),
    )


# Private

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
