"""What `stacktest init` would write, and what it could not know."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from stacktest.core.model import Stack
from stacktest.core.readiness import is_job
from stacktest.core.route import Route
from stacktest.init.file_names import FileNames
from stacktest.init.front_door import FrontDoor
from stacktest.init.phases import Stage, propose_phases
from stacktest.init.places import Places, find_places
from stacktest.init.programs import recognise
from stacktest.init.render import render
from stacktest.init.suites import SuiteWriter, is_one_shot

CONFIG = "stacktest.toml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
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
    titles: Mapping[str, str] | None = None,
    places: Places | None = None,
    taken: Mapping[str, str] | None = None,
) -> Proposal:
    """The files for a stack whose routes are read.

    `titles` are page titles of services as they are now, for programs that are not known. `taken`
    are base names of the project's test files, each with its path.
    """
    programs = {name: recognise(service) for name, service in sorted(stack.services.items())}
    stages = propose_phases(stack, door.service)
    places = places or find_places(stack)
    unknown = [*door.unknown, *places.unknown, *_unset(stack)]
    jobs = sorted(name for name in stack.services if is_one_shot(stack, name, programs[name]))
    files = {CONFIG: _config(stack, door, stages, places, jobs)}
    names = FileNames(taken=dict(taken or {}))
    writer = SuiteWriter(
        stack=stack, door=door, programs=programs, titles=titles or {}, jobs=frozenset(jobs)
    )
    for stage in stages:
        for name in stage.services:
            text = writer.suite(name)
            if text:
                files[names.place(stage.folder, name)] = text
    known = {name: program.name for name, program in programs.items() if program}
    return Proposal(
        files=files,
        unknown=(*unknown, *writer.unknown),
        recognised=known,
        renamed=names.renamed,
    )


# Private


def _config(
    stack: Stack,
    door: FrontDoor,
    stages: tuple[Stage, ...],
    places: Places,
    jobs: list[str],
) -> str:
    return render(
        "stacktest.toml.j2",
        door=door,
        domain=_domain(stack.routes),
        stages=stages,
        places=places,
        one_shots=[name for name in jobs if not is_job(stack.services[name], stack)],
    )


def _unset(stack: Stack) -> Iterator[str]:
    for name, keys in sorted(stack.unset_variables.items()):
        yield f"{name}, which is not set and so is blank: {', '.join(keys)}"


def _domain(routes: tuple[Route, ...]) -> str:
    """The longest common end of all host names, at least two labels, or empty."""
    plain = (route.host.removeprefix("*.") for route in routes if route.has_name)
    names = {name for name in plain if "." in name and not name.startswith("~")}
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
