"""The text of one service's suite: the claims that the stack's files or its answers support."""

import re
from collections.abc import Mapping

from msgspec import Struct, field

from stacktest.core.model import Service, Stack
from stacktest.core.numbers import whole_number
from stacktest.core.readiness import Kind, derive, is_job
from stacktest.core.route import Route
from stacktest.core.routing import TLS_PORTS, Request, asked_at, rivals
from stacktest.core.shared_network import (
    neighbours_of,
    network_mode,
    network_owner,
    service_at,
    tenants_of,
)
from stacktest.init.declared_names import place_of
from stacktest.init.front_door import FrontDoor
from stacktest.init.look.checks import Check, Contains, Keys, Member, Whole
from stacktest.init.look.findings import Doorway, Finding, confirmed, doorways, findings
from stacktest.init.look.look import LandingPage, Look
from stacktest.init.programs import Answer, Program, usual_port
from stacktest.init.render import quoted, render
from stacktest.init.stores import STORES, WITH_SCRIPT, required_password, script_of

NOT_HTTP = frozenset(
    {21, 22, 23, 25, 53, 88, 110, 111, 123, 139, 143, 161, 179, 389, 445, 465, 514, 587, 636, 853,
     873, 993, 995, 1194, 1433, 1521, 1883, 2049, 2181, 2222, 3306, 3389, 4222, 5060, 5222, 5432,
     5672, 5900, 6379, 8883, 9042, 9092, 11211, 25565, 27017, 51820}
)  # fmt: skip
"""Ports of protocols other than HTTP."""
_FAST_CGI = 9000
"""The port of PHP's FastCGI; if it is published, it is taken for HTTP."""
_JOB_WORDS = frozenset(
    {"init", "migrate", "migration", "migrations", "seed", "seeder", "setup", "bootstrap",
     "provision", "import", "load", "create", "chown", "chmod", "mkdir", "restore", "fixtures"}
)  # fmt: skip


class SuiteWriter(Struct, kw_only=True):
    """Writes suites, and records the facts that could not be determined."""

    stack: Stack
    door: FrontDoor
    programs: Mapping[str, Program | None]
    jobs: frozenset[str] = frozenset()
    look: Look | None = None
    """The answers of the running stack; None if it was not examined."""
    unknown: dict[str, list[str]] = field(default_factory=dict)
    """Service → sentences on facts about it that could not be determined."""
    blank: dict[str, str] = field(default_factory=dict)
    """Service → a sentence on the gap in the suite that was written for it."""
    _findings: Mapping[str, Finding] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.look is not None:
            self._findings = findings(self.look)

    def ready_rule(self, name: str) -> str:
        """The `ready` rule, if the recorded answers give a better one than the files; or empty."""
        if self.look is None:
            return ""
        service, finding = self.stack.services[name], self._findings.get(name)
        kind = derive(service, self.stack).kind
        if kind is Kind.RUNNING:
            port = self.look.store_ports.get(name) or (finding.visit.port if finding else 0)
            return f"tcp:{port}" if port else ""
        program = self.programs[name]
        if kind is Kind.LISTENING and finding and finding.visit.port and program and program.door:
            # The front door listens before its upstreams do.
            question = finding.questions[0]
            answer = finding.visit.answers[question.path][0]
            return (
                "" if answer.moves else f"http:{finding.visit.port}{question.path} {answer.status}"
            )
        return ""

    def suite(self, name: str) -> str:
        """The text of the service's suite; empty if there is nothing that a test can assert."""
        service, program = self.stack.services[name], self.programs[name]
        if service.unreadable:
            return self._none(name, f"anything about {name}: {service.unreadable}")
        if name == self.door.service and (self.stack.routes or self.look is None):
            return self._door()
        if name in self.jobs:
            return self._none(
                name, f"what {name} leaves behind: it runs once and ends, so no test is written"
            )
        if program and program.store in STORES:
            return self._store(service, program)
        if self.look is not None:
            return self._seen(service, program, self.look)
        return self._application(service, program)

    # Private

    def _note(self, name: str, sentence: str) -> None:
        self.unknown.setdefault(name, []).append(sentence)

    def _none(self, name: str, sentence: str) -> str:
        self._note(name, f"{sentence} ({place_of(self.stack, name)})")
        return ""

    def _seen(self, service: Service, program: Program | None, look: Look) -> str:
        """A test of the service's recorded answers, if they differ from all other services'."""
        name, finding = service.name, self._findings.get(service.name)
        if name in look.unanswered:
            return self._none(
                name,
                f"what it means that {name} works: {look.unanswered[name]}, so no test is written",
            )
        visit = next(visit for visit in look.visits if visit.service == name and visit.credited)
        claim = "its host name leads" if visit.host else "it leads"
        if program and program.answer and not visit.prefix:
            checks = checks_of(program.answer)
            if confirmed(checks, program.answer.path, look, name):
                return self._page(service, program, visit.client, claim)
        if finding is None:
            return self._none(
                name,
                f"what only {name} answers: nothing of what it was asked tells it from the other "
                "services, so no test is written",
            )
        if finding.confused:
            others = ", ".join(finding.confused)
            self.blank[name] = f"what tells {name} from {others}: both answer the same"
        return render(
            "test_seen.py.j2",
            service=name,
            landing=self._landing(name),
            questions=finding.questions,
            client=finding.visit.client,
            fixture=finding.visit.client.partition("(")[0],
            claim="its host name leads" if finding.visit.host else "it leads",
            confused=finding.confused,
        )

    def _application(self, service: Service, program: Program | None) -> str:
        name = service.name
        tenants = tenants_of(self.stack, name)
        routes = list(self.stack.named_routes_of(name))
        plain = [route for route in routes if _is_plain(route, self.stack, program)]
        if tenants and routes:
            hosts = ", ".join(sorted({route.host for route in routes}))
            return self._none(
                name,
                f"whether {hosts} is {name}'s own: {', '.join(tenants)} shares its network and "
                "answers at the same address",
            )
        if plain:
            client = f"api({quoted(plain[0].host)})"
            return self._page(service, program, client, "its host name leads")
        if routes:
            condition = _condition(routes[0], self.stack, program)
            self._note(name, f"which page of {routes[0].host} is {name}'s own: {condition}")
        port = http_port(self.stack, service, program, routes)
        if port:
            return self._page(service, program, f"inside({quoted(name)}).http({port})", "it leads")
        if routes:
            return ""
        return self._none(
            name,
            f"what it means that {name} works: it has no host name and no known port, so no test "
            f"is written; one of your own can reach it by inside({quoted(name)})",
        )

    def _page(self, service: Service, program: Program | None, client: str, claim: str) -> str:
        fixture = client.partition("(")[0]
        if program and program.answer:
            return render(
                "test_answer.py.j2",
                service=service.name,
                landing=self._landing(service.name),
                program=program,
                client=client,
                fixture=fixture,
                claim=claim,
            )
        self.blank[service.name] = (
            f"what only {service.name} ({service.image or 'built here'}) shows: its test fails "
            "until its page's title is written into it"
        )
        return render(
            "test_title.py.j2",
            service=service.name,
            client=client,
            fixture=fixture,
            claim=claim,
        )

    def _door(self) -> str:
        answers = self._known_rows() if self.look is None else list(doorways(self.look))
        if self.look is not None:
            missing = {visit.host for visit in self.look.visits if visit.host}
            missing -= {row.host for row in answers}
            for host in sorted(missing):
                self._none(
                    self.door.service,
                    f"what tells apart where {host} leads: nothing of what it was asked does, so "
                    f"the test of {self.door.service} leaves it out",
                )
        if not answers:
            return self._none(
                self.door.service,
                f"what {self.door.service} has to answer: none of its host names leads to a known "
                "program, so no test of it is written",
            )
        return render(
            "test_door.py.j2",
            service=self.door.service,
            answers=answers,
            has_tls=self.door.has_tls,
        )

    def _landing(self, name: str) -> LandingPage | None:
        return self.look.pages.get(name) if self.look else None

    def _known_rows(self) -> list[Doorway]:
        rows = []
        for route in self.stack.routes:
            program = self.programs.get(route.service or "")
            answer = program.answer if program else None
            if answer and _is_plain(route, self.stack, program) and route.is_exact:
                row = Doorway(host=route.host, path=answer.path, status=200, marker=answer.marker)
                rows.append(row)
        return list(dict.fromkeys(rows))

    def _store(self, service: Service, program: Program) -> str:
        twins = [
            name
            for name in neighbours_of(self.stack, service.name)
            if (other := self.programs[name]) and other.store == program.store
        ]
        if twins:
            return self._none(
                service.name,
                f"which port is {service.name}'s own: {', '.join(twins)} shares its network, and a "
                "client would ask whichever of them has the usual port",
            )
        refusal = self._refusal(service)
        if refusal:
            return self._none(
                service.name,
                f"how to ask {service.name}: {refusal}; so no test of it is written",
            )
        boundaries = self.look.boundaries if self.look else ()
        return render(
            f"test_{program.store}.py.j2",
            service=service.name,
            script=script_of(service, program.store) if program.store in WITH_SCRIPT else "",
            is_password_in_command=bool(required_password(service)),
            boundary=next((item for item in boundaries if item.service == service.name), None),
            front_door=self.stack.front_door,
            is_unpublished=self.look is not None and not service.ports,
        )

    def _refusal(self, service: Service) -> str:
        """Why the store cannot be queried; empty if nothing is known against it."""
        if self.look is not None:
            name = service.name
            return self.look.store_errors.get(
                name, self.look.unanswered.get(name, "it does not run")
            )
        words = " ".join(service.command or ())
        is_hidden = "--requirepass" in words and not required_password(service)
        if is_hidden and "REDISCLI_AUTH" not in service.environment:
            return "its command contains the password; set REDISCLI_AUTH in its environment"
        return ""


def http_port(stack: Stack, service: Service, program: Program | None, routes: list[Route]) -> int:
    """The container's port at which the service answers HTTP; 0 if its files do not show it."""
    if network_mode(service) and network_owner(stack, service.name) == service.name:
        return 0
    ports = {route.port for route in routes if route.port} or _own_ports(stack, service)
    is_alone = not neighbours_of(stack, service.name)
    usual = usual_port(service, program) if program else 0
    if program and usual and (usual in ports or (is_alone and not ports)):
        return usual if program.answer else 0
    ports -= {_FAST_CGI} - {port.target for port in service.ports}
    plain = sorted(ports - NOT_HTTP - TLS_PORTS)
    return plain[0] if len(plain) == 1 and len(ports) == 1 else 0


def checks_of(answer: Answer) -> tuple[Check, ...]:
    """The assertions of a known program's test, as checks."""
    checks = list[Check]()
    if answer.text:
        checks.append(Whole(answer.text))
    if answer.title:
        checks.append(Contains(f"<title>{answer.title}</title>"))
    for path, value in answer.fields.items():
        checks.append(Member(tuple(path.split(".")), value))
    if answer.keys:
        checks.append(Keys(answer.keys))
    return tuple(checks)


def prefix_of(route: Route) -> str | None:
    """The path prefix of a route; empty: all paths; None: it is a guard or has other conditions."""
    path = route.match.rstrip("*").rstrip("/")
    if route.is_guard or not route.is_final:
        return None
    return path if not path or (path.startswith("/") and "*" not in path) else None


def is_one_shot(stack: Stack, name: str, program: Program | None) -> bool:
    """Whether the compose model shows that the service runs once, ends, and offers no port."""
    service = stack.services[name]
    if is_job(service, stack):
        return True
    if service.ports or service.has_healthcheck or stack.routes_of(name) or _offered(service):
        return False
    if service.restart == "no":
        return True
    return service.restart.startswith("on-failure") and _does_a_task(service, program)


# Private


def _is_plain(route: Route, stack: Stack, program: Program | None) -> bool:
    """Whether only the program can answer the request that its test sends to the host."""
    is_whole = route.match in ("", "/", "/*") and route.is_final and not route.is_guard
    ports = {other.port for other in stack.routes_of(route.service or "")}
    if program and program.port in ports and route.port not in {None, program.port}:
        return False  # Another port of the program: for agents, or for administrators.
    return is_whole and not route.is_hidden and not _rivals(route, stack, program)


def _rivals(route: Route, stack: Stack, program: Program | None) -> tuple[Route, ...]:
    """Other routes that may answer the request that a service's test sends to its host."""
    path = program.answer.path if program and program.answer else "/"
    door = stack.services.get(stack.front_door)
    ports = {port.target for port in door.ports} if door else set()
    place = asked_at(item for item in route.listeners if not ports or item.port in ports)
    request = Request(
        host=route.host,
        path=path,
        port=place.port if place else None,
        tls=place.tls if place else None,
        method="GET",
    )
    return rivals(stack.routes, request, route.service or "")


def _condition(route: Route, stack: Stack, program: Program | None) -> str:
    """The further condition of a route, in words; a rule is not shown, it may contain a key."""
    rival = next(iter(_rivals(route, stack, program)), None)
    if rival and route.is_main and not route.is_hidden:
        return f"{rival.service or 'the front door'} may answer first ({rival.where})"
    if route.match.startswith("@") or route.is_hidden or not route.match:
        return f"only under a condition ({route.where})"
    return f"only {route.match} leads to it"


def _offered(service: Service) -> set[int]:
    """TCP ports that the service publishes or exposes."""
    exposed = (service.definition or {}).get("expose") or ()
    numbers = {number for text in map(str, exposed) if (number := whole_number(text))}
    return numbers | {port.target for port in service.ports if port.protocol == "tcp"}


def _own_ports(stack: Stack, service: Service) -> set[int]:
    """TCP ports at which the service itself listens, among those that its network offers."""
    owner = network_owner(stack, service.name)
    ports = _offered(service) | _offered(stack.services[owner])
    return {port for port in ports if service_at(stack, owner, port) == service.name}


def _does_a_task(service: Service, program: Program | None) -> bool:
    """Whether its own command is a store's client, or has a word such as `migrate` in it."""
    entrypoint = (service.definition or {}).get("entrypoint") or ()
    command = [*entrypoint, *(service.command or ())]
    if not command:
        return False
    text = " ".join((service.name, *command)).lower()
    words = set(re.split(r"[^a-z]+", text))
    is_client = bool(program and program.store and entrypoint)
    return is_client or not words.isdisjoint(_JOB_WORDS)
