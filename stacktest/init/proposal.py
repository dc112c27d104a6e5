"""What `stacktest init` would write, and what it could not know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from stacktest.core.model import Service, Stack
from stacktest.core.readiness import is_job
from stacktest.core.route import Route
from stacktest.init.front_door import FrontDoor
from stacktest.init.phases import Stage, propose_phases
from stacktest.init.programs import Program, recognise

CONFIG = "stacktest.toml"
_STORES = {"postgres", "mysql", "redis", "mongo"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """Files to be written, relative to the stack's folder."""

    files: Mapping[str, str]
    unknown: tuple[str, ...] = ()
    """What could not be known, in sentences for people."""
    recognised: Mapping[str, str] = field(default_factory=dict)
    """Service → the program that it is known as."""


def propose(stack: Stack, door: FrontDoor, *, titles: Mapping[str, str] | None = None) -> Proposal:
    """The files for a stack whose routes are read.

    `titles` are page titles of services as they were seen now, for programs that nobody knows.
    """
    programs = {name: recognise(one) for name, one in sorted(stack.services.items())}
    stages = propose_phases(stack, door.service)
    unknown = list(door.unknown)
    files = {CONFIG: _config(stack, door, stages)}
    for stage in stages:
        for name in stage.services:
            text = _suite(
                name,
                stack=stack,
                door=door,
                programs=programs,
                titles=titles or {},
                unknown=unknown,
            )
            if text:
                files[f"suites/{stage.folder}/test_{_word(name)}.py"] = text
    known = {name: one.name for name, one in programs.items() if one}
    return Proposal(files=files, unknown=tuple(unknown), recognised=known)


# Private


@cache
def _templates() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stacktest.init"),
        autoescape=False,  # noqa: S701 - Python and TOML; every value goes through `text`
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"text": _quoted, "word": _word, "prose": _prose}
    return environment


def _render(template: str, **values: Any) -> str:
    text: str = _templates().get_template(template).render(**values)
    return text


def _config(stack: Stack, door: FrontDoor, stages: tuple[Stage, ...]) -> str:
    return _render(
        "stacktest.toml.j2",
        door=door,
        domain=_domain(stack.routes),
        stages=stages,
        compose=[_relative(stack, path) for path in stack.compose_files],
        one_shots=sorted(
            n
            for n, one in stack.services.items()
            if _is_one_shot(one) and not stack.routes_of(n) and not is_job(one, stack)
        ),
    )


def _suite(
    name: str,
    *,
    stack: Stack,
    door: FrontDoor,
    programs: Mapping[str, Program | None],
    titles: Mapping[str, str],
    unknown: list[str],
) -> str:
    """The text of one service's suite; empty where nothing can be claimed."""
    service, program = stack.services[name], programs[name]
    if name == door.service:
        return _door_suite(stack, door, programs, unknown)
    if program and program.store in _STORES:
        return _store_suite(service, program, unknown)
    routes = [one for one in stack.routes_of(name) if one.is_exact]
    plain = [one for one in routes if one.match in ("", "/", "/*")]
    if not routes:
        unknown.append(
            f"what it means that {name} works: it has no host name, so no test is written"
        )
        return ""
    if not plain:
        unknown.append(
            f"which page of {routes[0].host} is {name}'s own: only {routes[0].match} leads to it"
        )
        return ""
    if program and program.answer:
        return _render("test_answer.py.j2", service=name, program=program, host=plain[0].host)
    title = titles.get(name, "")
    if not title:
        unknown.append(
            f"what only {name} ({service.image or 'built here'}) shows: its test fails until its "
            "page's title is written into it"
        )
    return _render("test_title.py.j2", service=name, title=title, host=plain[0].host)


def _door_suite(
    stack: Stack, door: FrontDoor, programs: Mapping[str, Program | None], unknown: list[str]
) -> str:
    answers = []
    for route in stack.routes:
        program = programs.get(route.service or "")
        if program and program.answer and route.is_main and route.is_exact:
            answers.append((route.host, program.answer.path, program.answer.marker))
    if not answers:
        unknown.append(
            f"what {door.service} has to answer: none of its host names leads to a known program, "
            "so no test of it is written"
        )
        return ""
    return _render("test_door.py.j2", service=door.service, answers=answers, has_tls=door.has_tls)


def _store_suite(service: Service, program: Program, unknown: list[str]) -> str:
    names = set(service.environment)
    words = " ".join(service.command or ())
    if program.store == "redis" and "--requirepass" in words and "REDISCLI_AUTH" not in names:
        unknown.append(
            f"the password of {service.name}: it stands in its command; set REDISCLI_AUTH in its "
            "environment, which its client reads"
        )
    user = next((one for one in ("MARIADB_USER", "MYSQL_USER") if one in names), "")
    return _render(
        f"test_{program.store}.py.j2",
        service=service.name,
        program=program,
        names=names,
        prefix=user.partition("_")[0],
    )


def _domain(routes: tuple[Route, ...]) -> str:
    """The longest common end of all host names, at least two labels, or empty."""
    names = {route.host.removeprefix("*.") for route in routes if "." in route.host}
    hosts = [name.split(".")[::-1] for name in sorted(names)]
    common: list[str] = []
    for labels in zip(*hosts, strict=False):
        if len(set(labels)) > 1:
            break
        common.append(labels[0])
    if len(hosts) == 1 and len(common) > _LABELS:
        common = common[:-1]
    return ".".join(reversed(common)) if len(common) >= _LABELS else ""


_LABELS = 2


def _relative(stack: Stack, path: str) -> str:
    return path.removeprefix(f"{stack.root}/")


def _is_one_shot(service: Service) -> bool:
    """It says so itself that nobody is to restart it, and offers nothing."""
    return service.restart == "no" and not service.ports and not service.has_healthcheck


def _word(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name.lower())


def _quoted(value: str) -> str:
    """A string as Python and TOML both write it."""
    import json

    # TOML allows no DEL inside a string; JSON and Python do.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _prose(value: str) -> str:
    """Text that can neither end a docstring nor a comment."""
    shown = "".join(character for character in value if character.isprintable())
    return " ".join(shown.replace('"', "'").replace("\\", "/").split())
