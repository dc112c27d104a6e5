"""`stacktest init`: look, propose, and write what is not there yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stacktest.core.model import Stack
from stacktest.core.route import Route
from stacktest.errors import UsageError
from stacktest.init.front_door import find_front_door
from stacktest.init.proposal import Proposal, propose

ReadRoutes = Callable[[tuple[str, ...], Stack], tuple[Route, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class InitResult:
    """The files of a proposal, written and left alone."""

    proposal: Proposal
    written: tuple[str, ...]
    existing: tuple[str, ...]
    """Files that were there already, and were left as they are."""

    def lines(self) -> list[str]:
        """What a person is told."""
        lines = [f"wrote {name}" for name in self.written]
        lines += [f"kept  {name} (it was there; nothing was changed)" for name in self.existing]
        if self.proposal.unknown:
            lines += ["", "not known:", *(f"  - {what}" for what in self.proposal.unknown)]
        return [*lines, "", "next: pytest"]


def initialise(
    stack: Stack, read_routes: ReadRoutes, *, titles: Mapping[str, str] | None = None
) -> InitResult:
    """Read the front door, propose, and write; a file that exists is never touched."""
    door = find_front_door(stack)
    placed = replace(stack, front_door=door.service)
    unreadable = ""
    try:
        routes = read_routes(door.sources, placed)
    except UsageError as error:
        routes, unreadable = (), f"{error.what} ({error.where})"
    if unreadable:
        door = replace(door, sources=(), unknown=(*door.unknown, unreadable))
    proposal = propose(replace(placed, routes=routes), door, titles=titles)
    written, existing = write(stack.root, proposal)
    return InitResult(proposal=proposal, written=written, existing=existing)


def write(root: Path, proposal: Proposal) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of files that were written, and of those that were there already."""
    written, existing = [], []
    for name, text in proposal.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            existing.append(name)
        else:
            written.append(name)
    return tuple(written), tuple(existing)
