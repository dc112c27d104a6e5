"""The text of one service's suite: what the stack's own files are enough to claim about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from stacktest.core.model import Service, Stack
from stacktest.core.numbers import whole_number
from stacktest.core.readiness import is_job
from stacktest.core.route import Route
from stacktest.core.shared_network import neighbours_of
from stacktest.init.front_door import FrontDoor
from stacktest.init.programs import Program
from stacktest.init.render import quoted, render

STORES = frozenset({"postgres", "mysql", "redis", "mongo"})
_NOT_HTTP = frozenset(
    {21, 22, 23, 25, 53, 88, 110, 111, 123, 139, 143, 161, 179, 389, 445, 465, 514, 587, 636, 853,
     873, 993, 995, 1194, 1433, 1521, 1883, 2049, 2181, 2222, 3306, 3389, 4222, 5060, 5222, 5432,
     5672, 5900, 6379, 8883, 9042, 9092, 11211, 25565, 27017, 51820}
)  # fmt: skip
"""Ports where something else is spoken."""
_FAST_CGI = 9000
"""What PHP speaks behind a front door; a port that is published is for browsers."""
_JOB_WORDS = frozenset(
    {"init", "migrate", "migration", "migrations", "seed", "seeder", "setup", "bootstrap",
     "provision", "import", "load", "create", "chown", "chmod", "mkdir", "restore", "fixtures"}
)  # fmt: skip


@dataclass(kw_only=True, slots=True)
class SuiteWriter:
    """Writes suites, and notes what could not be known."""

    stack: Stack
    door: FrontDoor
    programs: Mapping[str, Program | None]
    titles: Mapping[str, str]
    jobs: frozenset[str] = frozenset()
    unknown: list[str] = field(default_factory=list)

    def suite(self, name: str) -> str:
        """The text of the service's suite; empty where nothing can be claimed."""
        service, program = self.stack.services[name], self.programs[name]
        if service.unreadable:
            return self._none(f"anything about {name}: {service.unreadable}")
        if name == self.door.service:
            return self._door()
        if name in self.jobs:
            return self._none(
                f"what {name} leaves behind: it runs once and ends, so no test is written"
            )
        if program and program.store in STORES:
            return self._store(service, program)
        return self._application(service, program)

    # Private

    def _none(self, sentence: str) -> str:
        self.unknown.append(sentence)
        return ""

    def _application(self, service: Service, program: Program | None) -> str:
        name = service.name
        tenants = _tenants(self.stack, name)
        routes = list(self.stack.named_routes_of(name))
        plain = [route for route in routes if _is_plain(route, self.stack)]
        if tenants and routes:
            hosts = ", ".join(sorted({route.host for route in routes}))
            return self._none(
                f"whether {hosts} is {name}'s own: {', '.join(tenants)} shares its network and "
                "answers at the same address"
            )
        if plain:
            client = f"api({quoted(plain[0].host)})"
            return self._page(service, program, client, "its host name leads")
        if routes:
            self.unknown.append(
                f"which page of {routes[0].host} is {name}'s own: {_condition(routes[0])}"
            )
        port = http_port(service, program, routes)
        if port:
            return self._page(service, program, f"inside({quoted(name)}).http({port})", "it leads")
        if routes:
            return ""
        return self._none(
            f"what it means that {name} works: it has no host name and no known port, so no test "
            f"is written; one of your own can reach it by inside({quoted(name)})"
        )

    def _page(self, service: Service, program: Program | None, client: str, claim: str) -> str:
        fixture = client.partition("(")[0]
        if program and program.answer:
            return render(
                "test_answer.py.j2",
                service=service.name,
                program=program,
                client=client,
                fixture=fixture,
                claim=claim,
            )
        title = self.titles.get(service.name, "")
        if not title:
            self.unknown.append(
                f"what only {service.name} ({service.image or 'built here'}) shows: its test fails "
                "until its page's title is written into it"
            )
        return render(
            "test_title.py.j2",
            service=service.name,
            title=title,
            client=client,
            fixture=fixture,
            claim=claim,
        )

    def _door(self) -> str:
        answers = []
        for route in self.stack.routes:
            program = self.programs.get(route.service or "")
            if program and program.answer and _is_plain(route, self.stack) and route.is_exact:
                answers.append((route.host, program.answer.path, program.answer.marker))
        if not answers:
            return self._none(
                f"what {self.door.service} has to answer: none of its host names leads to a known "
                "program, so no test of it is written"
            )
        return render(
            "test_door.py.j2",
            service=self.door.service,
            answers=answers,
            has_tls=self.door.has_tls,
        )

    def _store(self, service: Service, program: Program) -> str:
        twins = [
            name
            for name in neighbours_of(self.stack, service.name)
            if (other := self.programs[name]) and other.store == program.store
        ]
        if twins:
            return self._none(
                f"which port is {service.name}'s own: {', '.join(twins)} shares its network, and a "
                "client would ask whichever of them has the usual port"
            )
        names = set(service.environment)
        words = " ".join(service.command or ())
        if program.store == "redis" and "--requirepass" in words and "REDISCLI_AUTH" not in names:
            self.unknown.append(
                f"the password of {service.name}: it stands in its command; set REDISCLI_AUTH in "
                "its environment, which its client reads"
            )
        user = next((name for name in ("MARIADB_USER", "MYSQL_USER") if name in names), "")
        return render(
            f"test_{program.store}.py.j2",
            service=service.name,
            program=program,
            names=names,
            prefix=user.partition("_")[0],
        )


def http_port(service: Service, program: Program | None, routes: list[Route]) -> int:
    """The container's port where it answers HTTP, or 0 when its files do not tell."""
    if service.definition and service.definition.get("network_mode"):
        return 0
    ports = {route.port for route in routes if route.port} or _offered(service)
    if program and program.port and (program.port in ports or not ports):
        return program.port if program.answer else 0
    ports -= {_FAST_CGI} - {port.target for port in service.ports}
    plain = sorted(ports - _NOT_HTTP)
    return plain[0] if len(plain) == 1 and len(ports) == 1 else 0


def is_one_shot(stack: Stack, name: str, program: Program | None) -> bool:
    """Whether its files say that it runs once and ends, and offers nothing."""
    service = stack.services[name]
    if is_job(service, stack):
        return True
    if service.ports or service.has_healthcheck or stack.routes_of(name) or _offered(service):
        return False
    if service.restart == "no":
        return True
    return service.restart.startswith("on-failure") and _does_a_task(service, program)


# Private


def _is_plain(route: Route, stack: Stack) -> bool:
    """Whether every path of the host is answered by the program, with no sign-in before it."""
    guarded = {other.host for other in stack.routes if other.is_guard}
    is_whole = route.match in ("", "/", "/*") and route.is_final and not route.is_guard
    return is_whole and not route.is_hidden and route.host not in guarded


def _condition(route: Route) -> str:
    """What else a request must be; a rule itself may hold a key and is not shown."""
    if route.match.startswith("@") or route.is_hidden or not route.match:
        return f"only under a condition ({route.where})"
    return f"only {route.match} leads to it"


def _tenants(stack: Stack, name: str) -> list[str]:
    """Services that share the network of this one."""
    return sorted(
        other.name
        for other in stack.services.values()
        if other.definition and other.definition.get("network_mode") == f"service:{name}"
    )


def _offered(service: Service) -> set[int]:
    """TCP ports that the service publishes or exposes."""
    exposed = (service.definition or {}).get("expose") or ()
    numbers = {number for text in map(str, exposed) if (number := whole_number(text))}
    return numbers | {port.target for port in service.ports if port.protocol == "tcp"}


def _does_a_task(service: Service, program: Program | None) -> bool:
    """It has a command of its own, which is a client of a store or is called after a task."""
    entrypoint = (service.definition or {}).get("entrypoint") or ()
    command = [*entrypoint, *(service.command or ())]
    if not command:
        return False
    text = " ".join((service.name, *command)).lower()
    words = set(re.split(r"[^a-z]+", text))
    is_client = bool(program and program.store and entrypoint)
    return is_client or not words.isdisjoint(_JOB_WORDS)
