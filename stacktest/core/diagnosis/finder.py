"""Finds the cause of a failure: tries every kind of diagnosis in turn, the most certain first.

| kind             | facts that decide it                                                        |
|------------------|-----------------------------------------------------------------------------|
| start_error      | Compose's error when it could not create a container                        |
| taken_port       | the engine's error, and the program that listens at the port                |
| stale_network    | start times, and the container whose network is used                        |
| lost_network     | the networks of a container and of its definition                           |
| exited_container | the engine's state, error and exit code; the program's last error line      |
| missing_router   | the front door's own 404 in place of a service that is not healthy          |
| health           | the engine's health; the check's output; the time of the first check        |
| wrong_port       | open ports of a container in which an expected port is closed               |
| certificate      | the front door's certificate, if a test failed because of it                |
| upstream         | open ports of a container; the front door's log line about the request      |
| moved_route      | where a host led at the last pass; hosts and services of the same name      |
| redirect_loop    | a URL that was redirected again and again until the client gave up          |
| storage,         | the program's log during the test, if the program answered with a           |
| password         | server error (5xx)                                                          |
| stale_container  | the variables of a container and of its definition                          |

If none of them applies, there is no diagnosis: nothing is guessed.
"""

import re
from collections.abc import Callable, Sequence

from stacktest.core.changed_copy import replace
from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis import (
    certificate,
    exited_container,
    health,
    lost_network,
    missing_router,
    moved_route,
    password,
    redirect_loop,
    stale_container,
    stale_network,
    start_error,
    storage,
    taken_port,
    upstream,
    wrong_port,
)
from stacktest.core.diagnosis.diagnosis import Diagnosis, in_turn
from stacktest.core.diagnosis.facts import Facts, Failure
from stacktest.core.routing import request_of, routes_taken

Kind = Callable[[Facts, Failure], Diagnosis | None]


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """The diagnosis of a failure; None if the facts do not decide it."""
    diagnosis = next((found for kind in KINDS if (found := kind(facts, failure))), None)
    if diagnosis is None:
        return None
    return _of_copy(facts, diagnosis) if facts.stack.copy else _for_afterwards(facts, diagnosis)


# Private

_LOOKS = re.compile(r" (?:exec -T|logs --tail \d+) (\S+)")
"""Matches a command that needs a service's container; the group is the service."""


def _of_copy(facts: Facts, diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis with the copy's images, without a command: that would act on the real stack."""
    images = facts.stack.given_images
    notes = [
        # An update tries an image by its id, which tells a person nothing.
        f"; the image of {name} in this copy is {'new' if image.startswith('sha256:') else image}"
        for name, image in sorted(images.items())
        if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", diagnosis.sentence)
    ]
    return replace(diagnosis, sentence="".join((diagnosis.sentence, *notes)), before="", command="")


def _for_afterwards(facts: Facts, diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis with a command that works after the run, when temporary containers are gone."""
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
    """Diagnoses a service that answered with 5xx itself and whose log shows the cause."""
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
    start_error.diagnose,
    taken_port.diagnose,
    stale_network.diagnose,
    lost_network.diagnose,
    upstream.diagnose_start,
    exited_container.diagnose,
    missing_router.diagnose,
    health.diagnose,
    wrong_port.diagnose,
    certificate.diagnose,
    upstream.diagnose,
    moved_route.diagnose,
    redirect_loop.diagnose,
    _of_server_errors,
    stale_container.diagnose,
)
