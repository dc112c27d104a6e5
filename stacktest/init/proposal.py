"""What `stacktest init` would write, and what it could not know."""

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
    """Files to be written, relative to the stack's folder."""

    files: Mapping[str, str]
    unknown: tuple[str, ...] = ()
    """What could not be known, in sentences for people."""
    recognised: Mapping[str, str] = field(default_factory=dict)
    """Service → the program that it is known as."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Suite that is named apart → the test file that has the plain name."""


def propose(
    stack: Stack,
    door: FrontDoor,
    *,
    look: Look | None = None,
    places: Places | None = None,
    taken: Mapping[str, str] | None = None,
) -> Proposal:
    """The files for a stack whose routes are read.

    `look` is what the services answered, where they ran. `taken` are base names of the project's
    test files, each with its path.
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
                # A person has written what could not be derived.
                writer.unknown.pop(name, None)
    files[CONFIG] = _config(stack, door, stages, places, rules)
    known = {name: program.name for name, program in programs.items() if program}
    return Proposal(
        files=files,
        unknown=(*unknown, *chain.from_iterable(writer.unknown.values())),
        recognised=known,
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
    """The number of the line that a person has to fill in: a blank title, or the first test."""
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
        domain=_domain(stack.routes),
        stages=stages,
        places=places,
        rules=rules,
        one_shots=[name for name in jobs if not is_job(stack.services[name], stack)],
    )


def _unset(stack: Stack) -> Iterator[str]:
    for name, keys in sorted(stack.unset_variables.items()):
        yield f"{name}, which is not set and so is blank: {', '.join(keys)}"


def _unread(stack: Stack) -> Iterator[str]:
    """Host names of which the front door's files do not tell where they lead, with the reason."""
    for route in stack.routes:
        is_told = any(f"{name} is not set" in route.unknown for name in stack.unset_variables)
        if route.is_main and route.unknown and not is_told:
            yield f"where {route.host.rstrip('@')} leads: {route.unknown} ({route.where})"


def _domain(routes: tuple[Route, ...]) -> str:
    """The longest common end of all host names, at least two labels, or empty."""
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
