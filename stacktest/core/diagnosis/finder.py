"""Finds the one sentence: each kind of trouble is asked in turn, the surest first.

| kind           | what decides it                                                             |
|----------------|-----------------------------------------------------------------------------|
| refusal        | Compose's words, where it could not create a container                      |
| taken_port     | the engine's words, and who listens at the port                             |
| network_owner  | start times, and whose network a container is in                            |
| lost_network   | the networks of a container and of its definition                           |
| ended          | the engine's state, error and exit code; the program's own last words       |
| missing_router | the front door's own 404 in place of a service that is not healthy          |
| health         | the engine's health; what its check printed; when it is checked first       |
| unheard        | what listens in a container whose port should have been listened at         |
| certificate    | what the front door shows, where a test was refused for it                  |
| upstream       | what listens in a container; the front door's own line about the request    |
| moved_route    | where a host led at the last pass; hosts and services of the same name      |
| redirects      | an address that was redirected again and again until the client gave up     |
| storage,       | the program's own log within the test's window, where its own answer was    |
| password       | an error of a server (5xx)                                                  |
| unapplied      | the variables of a container and of its definition                          |

Where none of them decides, there is no diagnosis: nothing is guessed.
"""

import re
from collections.abc import Callable, Sequence

from stacktest.core.changed_copy import replace
from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis import (
    certificate,
    ended,
    health,
    lost_network,
    missing_router,
    moved_route,
    network_owner,
    password,
    redirects,
    refusal,
    storage,
    taken_port,
    unapplied,
    unheard,
    upstream,
)
from stacktest.core.diagnosis.diagnosis import Diagnosis, in_turn
from stacktest.core.diagnosis.facts import Facts, Failure
from stacktest.core.routing import request_of, routes_taken

Kind = Callable[[Facts, Failure], Diagnosis | None]


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """What went wrong; None where the facts do not decide it."""
    diagnosis = next((found for kind in KINDS if (found := kind(facts, failure))), None)
    if diagnosis is None:
        return None
    return _of_copy(facts, diagnosis) if facts.stack.copy else _for_afterwards(facts, diagnosis)


# Private

_LOOKS = re.compile(r" (?:exec -T|logs --tail \d+) (\S+)")
"""A command that is about a container, and the service that it names."""


def _of_copy(facts: Facts, diagnosis: Diagnosis) -> Diagnosis:
    """With the images that were given, and nothing to type: it would be about the stack itself."""
    images = facts.stack.given_images
    notes = [
        # What an update tries is an id, which tells a person nothing.
        f"; the image of {name} in this copy is {'new' if image.startswith('sha256:') else image}"
        for name, image in sorted(images.items())
        if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", diagnosis.sentence)
    ]
    return replace(diagnosis, sentence="".join((diagnosis.sentence, *notes)), before="", command="")


def _for_afterwards(facts: Facts, diagnosis: Diagnosis) -> Diagnosis:
    """With a command that works when it is pasted: after the run, whose containers are gone."""
    gone = {name for name, service in facts.services.items() if service.is_temporary}
    ids = [facts.services[name].container[:12] for name in sorted(gone)]
    asked = sorted(gone.intersection(_LOOKS.findall(diagnosis.command)))
    if any(id_ and id_ in diagnosis.command for id_ in ids):
        up = compose_command(facts.stack, "up", "-d", services=[diagnosis.service])
        return replace(diagnosis, command=up)
    if asked:
        up = compose_command(facts.stack, "up", "-d", services=asked)
        return replace(diagnosis, command=in_turn(up, diagnosis.command))
    return diagnosis


_SERVER_ERROR = 500


def _of_server_errors(facts: Facts, failure: Failure) -> Diagnosis | None:
    """A service that answered 5xx by itself, and whose log says why."""
    for answer in failure.answers:
        if answer.status < _SERVER_ERROR:
            continue
        routes = routes_taken(facts.stack.routes, request_of(answer.url))
        names = {route.service or "" for route in routes}
        for service in facts.concerned(Failure(services=tuple(sorted(names)))):
            for cause in (storage.diagnose_service, password.diagnose_service):
                if diagnosis := cause(facts, service, service.log):
                    return diagnosis
    return None


KINDS: Sequence[Kind] = (
    refusal.diagnose,
    taken_port.diagnose,
    network_owner.diagnose,
    lost_network.diagnose,
    upstream.diagnose_start,
    ended.diagnose,
    missing_router.diagnose,
    health.diagnose,
    unheard.diagnose,
    certificate.diagnose,
    upstream.diagnose,
    moved_route.diagnose,
    redirects.diagnose,
    _of_server_errors,
    unapplied.diagnose,
)
