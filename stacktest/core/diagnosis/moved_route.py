"""Diagnoses a host name that leads to another service than the one that a test is about.

    wiki.home.lan → files:8080 (conf.d/apps.conf:9): it led to wiki:8080 when wiki last passed
    wiki.home.lan → files:8080 (conf.d/apps.conf:9): this test is about wiki, to which
    files.home.lan leads (conf.d/apps.conf:12)

The first is decided by the routes of the last pass. If those are not known, the second is used if
host and service have the same name. There is no diagnosis if the front door started before its
files were last written: it may still use their former content. If a label or a variable of a
service defines the route, the service has to be started after the compose file was written.
"""

from collections.abc import Iterator

from msgspec import Struct

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis, edit_command, in_turn, shown_place
from stacktest.core.diagnosis.facts import Facts, Failure, SourceLine
from stacktest.core.diagnosis.upstream import host_of
from stacktest.core.route import Route
from stacktest.core.routing import request_of, routes_taken, target_of


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses the first requested host that leads to a service which the test is not about."""
    for case in _cases(facts, failure):
        if diagnosis := _since_the_last_pass(case) or _by_its_name(case):
            return diagnosis
    return None


# Private


class _Case(Struct, frozen=True):
    """A host that a test asked, and the route to a service that the test is not about."""

    facts: Facts
    failure: Failure
    host: str
    route: Route
    line: SourceLine

    def led(self, service: str) -> str:
        """Where the host led at the last pass of a service; empty: not known."""
        return self.facts.passed_routes.get(service, {}).get(self.host, "")

    @property
    def declaring(self) -> str:
        """The service whose label or variable defines the route; empty: a file defines it."""
        return _declaring(self.facts, self.route)

    def diagnosis(self, cause: str, right: str) -> Diagnosis:
        """The diagnosis, with the command that makes the host lead to `right`, if there is one."""
        arrow = f"{self.host} → {target_of(self.route)}{shown_place(self.line)}"
        sentence = f"{arrow}: {cause}"
        return (
            self._of_labels(sentence, right) if self.declaring else self._of_file(sentence, right)
        )

    # Private

    def _of_labels(self, sentence: str, right: str) -> Diagnosis:
        stack, declaring, meant = self.facts.stack, self.declaring, right.partition(":")[0]
        services = dict.fromkeys((declaring, meant))
        if declaring == meant:
            before = f"lead {self.host} to {right} in {self.line.where}"
        else:
            before = f"give {self.host} to {meant} instead of {declaring} in {self.line.where}"
        return Diagnosis(
            service=declaring,
            sentence=sentence,
            before=before,
            command=compose_command(stack, "up", "-d", services=services),
            witness=stack.front_door,
        )

    def _of_file(self, sentence: str, right: str) -> Diagnosis:
        written = f"{host_of(self.route.upstream)}:{self.route.port}"
        if written not in self.line.text:
            written = host_of(self.route.upstream)
        edit = edit_command(self.line, written, right)
        door = self.facts.stack.front_door
        restart = compose_command(self.facts.stack, "restart", services=[door])
        return Diagnosis(
            service=door,
            sentence=sentence,
            before="" if edit else f"write {right} in {self.line.where}",
            command=in_turn(edit, restart) or restart,
            witness=door,
        )


def _cases(facts: Facts, failure: Failure) -> Iterator[_Case]:
    for host in dict.fromkeys(request_of(answer.url).host for answer in failure.answers):
        urls = [answer.url for answer in failure.answers if request_of(answer.url).host == host]
        taken = [routes_taken(facts.stack.routes, request_of(url)) for url in urls]
        routes = {route.service: route for group in taken for route in group}
        route = next(iter(routes.values()), None)
        if len(routes) != 1 or route is None or not route.service:
            continue
        line = facts.written_line(route.where)
        if line and _is_applied(facts, route, line) and route.service not in failure.services:
            yield _Case(facts, failure, host, route, line)


def _declaring(facts: Facts, route: Route) -> str:
    names = (name for name in facts.stack.services if route.where.startswith(f"services.{name}."))
    return next(names, "")


def _is_applied(facts: Facts, route: Route, line: SourceLine) -> bool:
    """Whether the container that reads the line, or has it as a label, started after the change."""
    reader = facts.services.get(_declaring(facts, route) or facts.stack.front_door)
    if reader is None or reader.started is None or line.written is None:
        return False
    return line.written < reader.started


def _since_the_last_pass(case: _Case) -> Diagnosis | None:
    """Diagnoses a host that led to a service of the test when that service last passed."""
    stack, services = case.facts.stack, case.failure.services
    for service in services:
        before = case.led(service)
        behind = before.partition(":")[0]
        is_meant = behind in services or stack.front_door in services
        if behind in stack.services and behind != case.route.service and is_meant:
            return case.diagnosis(f"it led to {before} when {service} last passed", before)
    return None


def _by_its_name(case: _Case) -> Diagnosis | None:
    """Diagnoses a host with the same name as the test's service, although that has another host."""
    stack, name = case.facts.stack, case.host.partition(".")[0]
    if name not in case.failure.services or any(map(case.led, case.failure.services)):
        return None
    routes = stack.named_routes_of(name)
    if not routes or any(route.host == case.host for route in routes):
        return None
    other = routes[0]
    return case.diagnosis(
        f"this test is about {name}, to which {other.host} leads ({other.where})", target_of(other)
    )
