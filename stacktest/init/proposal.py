"""The files that `stacktest init` would write, and the facts that it could not determine."""

from collections.abc import Iterator, Mapping
from itertools import chain

from msgspec import Struct, field

from stacktest.core.model import Stack
from stacktest.core.readiness import is_job
from stacktest.core.route import Route
from stacktest.init.file_names import FileNames
from stacktest.init.front_door import FrontDoor
from stacktest.init.look.look import Look
from stacktest.init.phases import Stage, propose_phases
from stacktest.init.places import Places, find_places
from stacktest.init.programs import recognise
from stacktest.init.render import render
from stacktest.init.suites import SuiteWriter, is_one_shot

CONFIG = "stacktest.toml"


class Proposal(Struct, frozen=True, kw_only=True):
    """The files to write: path relative to the stack's folder → text."""

    files: Mapping[str, str]
    unknown: tuple[str, ...] = ()
    """Facts that could not be determined, as sentences for the user."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Suite that got another name → the test file that has its plain name."""


def propose(
    stack: Stack,
    door: FrontDoor,
    *,
    look: Look | None = None,
    places: Places | None = None,
    taken: Mapping[str, str] | None = None,
) -> Proposal:
    """The files for a stack whose routes are read.

    `look` holds the answers of the services, if they were running. `taken` maps base names of the
    project's test files to their paths.
    """
    programs = {name: recognise(service) for name, service in sorted(stack.services.items())}
    stages = propose_phases(stack, door.service)
    places = places or find_places(stack)
    unknown = [*door.unknown, *places.unknown, *_unset(stack), *_unread(stack)]
    jobs = _jobs(stack)
    files = {CONFIG: ""}
    names = FileNames(taken=dict(taken or {}))
    writer = SuiteWriter(stack=stack, door=door, programs=programs, look=look, jobs=frozenset(jobs))
    rules = dict[str, str]()
    for stage in stages:
        for name in stage.services:
            text = writer.suite(name)
            if text:
                path = names.place(stage.folder, name)
                files[path] = text
                if rule := writer.ready_rule(name):
                    rules[name] = rule
                if name in writer.blank:
                    unknown.append(f"{writer.blank[name]} ({path}:{_line_to_fill(text)})")
            elif names.has_suite(name):
                # The user has already written the suite that could not be derived.
                writer.unknown.pop(name, None)
    files[CONFIG] = _config(stack, door, stages, places, rules)
    return Proposal(
        files=files,
        unknown=tuple(dict.fromkeys((*unknown, *chain.from_iterable(writer.unknown.values())))),
        renamed=names.renamed,
    )


def propose_config(stack: Stack, door: FrontDoor, places: Places) -> str:
    """The text of `stacktest.toml`."""
    return _config(stack, door, propose_phases(stack, door.service), places, {})


# Private


def _jobs(stack: Stack) -> list[str]:
    services = sorted(stack.services.items())
    return [name for name, service in services if is_one_shot(stack, name, recognise(service))]


def _line_to_fill(text: str) -> int:
    """The number of the line that the user must fill in: an empty title, or the first test."""
    lines = list(enumerate(text.splitlines(), 1))
    blank = [number for number, line in lines if line.startswith("TITLE = ")]
    tests = [number for number, line in lines if line.startswith("def test_")]
    return (blank or tests)[0]


def _config(
    stack: Stack,
    door: FrontDoor,
    stages: tuple[Stage, ...],
    places: Places,
    rules: Mapping[str, str],
) -> str:
    jobs = _jobs(stack)
    return render(
        "stacktest.toml.j2",
        door=door,
        domain=stack.domain or _domain(stack.routes),
        stages=stages,
        places=places,
        rules=rules,
        one_shots=[name for name in jobs if not is_job(stack.services[name], stack)],
    )


def _unset(stack: Stack) -> Iterator[str]:
    for name, keys in sorted(stack.unset_variables.items()):
        yield f"{name}, which is not set and so is blank: {', '.join(keys)}"


def _unread(stack: Stack) -> Iterator[str]:
    """Sentences on host names whose service is unknown, with the reason and the place."""
    for route in stack.routes:
        is_told = any(f"{name} is not set" in route.unknown for name in stack.unset_variables)
        if route.is_main and route.unknown and not is_told:
            yield f"where {route.host.rstrip('@')} leads: {route.unknown} ({route.where})"


def _domain(routes: tuple[Route, ...]) -> str:
    """The longest common suffix of all host names, if it has at least two labels; else empty."""
    plain = (route.host.removeprefix("*.") for route in routes if route.has_name)
    names = {name for name in plain if "." in name and not {"~", "*"} & {name[0], name[-1]}}
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
