"""`stacktest init`: examines the stack, proposes files, and writes those that do not exist yet."""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from stacktest.config import StackSection
from stacktest.core.changed_copy import replace
from stacktest.core.model import Service, Stack
from stacktest.core.route import Route
from stacktest.errors import UsageError
from stacktest.init.file_names import find_test_files
from stacktest.init.front_door import FrontDoor, find_front_door
from stacktest.init.look.look import Look
from stacktest.init.places import SUITES, find_places
from stacktest.init.proposal import Proposal, propose, propose_config
from stacktest.init.route_patterns import as_patterns

ReadRoutes = Callable[[tuple[str, ...], Stack], tuple[Route, ...]]
CreateFile = Callable[[Path, str], None]
"""Writes a new file, completely or not at all; FileExistsError if it exists."""
RenewFile = Callable[[Path, str], bool]
"""Writes a file again that nobody edited since `init` wrote it; False: it stays as it is."""
TakeLook = Callable[[str], tuple[Look | None, tuple[str, ...]]]
"""Text of the configuration → the stack's answers, None if it does not run, and sentences."""
Ignored = Callable[[Iterable[str]], frozenset[str]]
"""Files, relative to the stack's folder → those of them that git ignores."""


class InitResult(Struct, frozen=True, kw_only=True):
    """A proposal, and which of its files were written or existed already."""

    proposal: Proposal
    written: tuple[str, ...]
    existing: tuple[str, ...]
    """Files that existed already, and were not changed."""
    renewed: tuple[str, ...] = ()
    """Files that nobody edited since an earlier `init` wrote them, and that are other ones now."""
    left_out_by: str = ""
    """The file with pytest's configuration whose `testpaths` exclude the suites; else empty."""
    has_own_tests: bool = False
    """Whether the project has other tests, which may not run where stacktest runs."""
    notes: tuple[str, ...] = ()
    """Sentences about the examination of the running stack."""

    def lines(self) -> list[str]:
        """The lines that are printed."""
        lines = [f"wrote {name}{self._apart(name)}" for name in self.written]
        lines += [f"wrote {name} again (nobody has edited it)" for name in self.renewed]
        lines += [f"kept  {name} (it was there; nothing was changed)" for name in self.existing]
        lines += ["", *(f"note: {note}" for note in self.notes)] if self.notes else []
        if self.proposal.unknown:
            lines += ["", "not known:", *(f"  - {what}" for what in self.proposal.unknown)]
        has_suite = any(name.startswith(f"{SUITES}/") for name in self.proposal.files)
        command = f"pytest {SUITES}" if self.left_out_by or self.has_own_tests else "pytest"
        step = command if has_suite else f"write a first test below {SUITES}/, then: {command}"
        if self.left_out_by:
            what = f"`testpaths` in {self.left_out_by} leaves out {SUITES}, so a plain pytest"
            lines += ["", f"note: {what} does not run them; add {SUITES} there"]
        return [*lines, "", f"next: {step}"]

    # Private

    def _apart(self, name: str) -> str:
        other = self.proposal.renamed.get(name)
        return f" (pytest wants each name once, and there is {other})" if other else ""


def initialise(
    stack: Stack,
    read_routes: ReadRoutes,
    *,
    create: CreateFile,
    renew: RenewFile = lambda _path, _text: False,
    section: StackSection | None = None,
    ignored: Ignored = lambda _names: frozenset(),
    take_look: TakeLook = lambda _draft: (None, ()),
    left_out_by: str = "",
) -> InitResult:
    """Read the front door, examine the running stack, and write the files that do not exist yet.

    `section` holds the values that the user set by `STACKTEST_…` variables; `left_out_by` is the
    file with pytest's configuration whose `testpaths` exclude the suites.
    """
    named = section or StackSection()
    door = _without_ignored(find_front_door(stack), ignored)
    domain = stack.domain or _domain_of(stack.services.get(door.service))
    placed = replace(stack, front_door=door.service, domain=domain)
    door, routes = _routes(door, placed, read_routes)
    door = replace(door, sources=as_patterns(door.sources, placed))
    places = find_places(
        stack,
        compose=named.compose,
        env_files=named.env_files,
        project_directory=named.project_directory,
        project_name=named.project_name,
    )
    taken = find_test_files(stack.root)
    routed = replace(placed, routes=routes)
    look, notes = take_look(propose_config(routed, door, places))
    proposal = propose(routed, door, look=look, places=places, taken=taken)
    # What a look did not show whole would replace tests by weaker ones.
    may_renew = look is not None and not notes
    written, existing = write(stack.root, proposal, create)
    renewed = [
        name for name in existing if may_renew and _is_renewed(stack.root, name, proposal, renew)
    ]
    return InitResult(
        proposal=proposal,
        written=written,
        existing=tuple(name for name in existing if name not in renewed),
        renewed=tuple(renewed),
        left_out_by=left_out_by,
        has_own_tests=any(not path.startswith(f"{SUITES}/") for path in taken.values()),
        notes=notes,
    )


def write(
    root: Path, proposal: Proposal, create: CreateFile
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of files that were written, and of files that existed already.

    If a file cannot be written, those written before are removed.
    """
    for name in proposal.files:
        _refuse_blocked(root, name)
    written, existing, folders = list[str](), list[str](), list[Path]()
    for name, text in proposal.files.items():
        path = root / name
        try:
            folders += _make_folders(path.parent)
            create(path, text)
        except FileExistsError:
            existing.append(name)
        except OSError as error:
            _remove(root, written, folders)
            raise _unwritable(name, path.parent, error.strerror or "refused") from error
        else:
            written.append(name)
    return tuple(written), tuple(existing)


# Private


def _is_renewed(root: Path, name: str, proposal: Proposal, renew: RenewFile) -> bool:
    try:
        return renew(root / name, proposal.files[name])
    except OSError as error:
        raise _unwritable(name, (root / name).parent, error.strerror or "refused") from error


def _domain_of(door: Service | None) -> str:
    """The domain that SWAG is given, whose sites are called `app.*`; empty for other programs."""
    is_swag = door is not None and re.search(r"(^|/)swag(:|@|$)", door.image) is not None
    return ((door.environment.get("URL") or "") if door and is_swag else "").lower()


def _without_ignored(door: FrontDoor, ignored: Ignored) -> FrontDoor:
    """The front door without files that git ignores: other clones lack them, so none is named."""
    paths = {source: source.partition(":")[2] or source for source in door.sources}
    hidden = ignored([*paths.values(), *([door.ca] if door.ca else [])])
    if not hidden:
        return door
    sources = tuple(source for source, path in paths.items() if path not in hidden)
    left_out = [source for source, path in paths.items() if path in hidden]
    unknown = list(door.unknown)
    if left_out:
        unknown.append(
            f"whether every clone has {', '.join(left_out)}: git ignores it, so `routes` does not "
            f"name it; on this machine: export STACKTEST_ROUTES={','.join([*sources, *left_out])}"
        )
    if door.ca in hidden:
        unknown.append(
            f"whether every clone has {door.ca}: git ignores it, so `ca` does not name it; on this "
            f"machine: export STACKTEST_CA={door.ca}"
        )
    ca = "" if door.ca in hidden else door.ca
    return replace(door, sources=sources, ca=ca, unknown=tuple(unknown))


def _routes(
    door: FrontDoor, stack: Stack, read_routes: ReadRoutes
) -> tuple[FrontDoor, tuple[Route, ...]]:
    """The routes of all sources; a source that cannot be read is left out and noted as unknown."""
    try:
        return door, read_routes(door.sources, stack)
    except UsageError:
        pass
    readable, unknown = list[str](), list(door.unknown)
    for source in door.sources:
        try:
            read_routes((source,), stack)
        except UsageError as error:
            unknown.append(f"{error.what} ({error.where})")
        else:
            readable.append(source)
    sources = tuple(readable)
    routes = read_routes(sources, stack) if sources else ()
    return replace(door, sources=sources, unknown=tuple(unknown)), routes


def _refuse_blocked(root: Path, name: str) -> None:
    """Raise UsageError if a file is in a folder's place, or a folder is not writable."""
    path = root / name
    if path.is_dir():
        raise UsageError(
            f"cannot write {name}: it is a folder",
            where=str(path),
            hint=f"give {path} another name, then: stacktest init",
        )
    if path.exists():
        return
    above = next(folder for folder in path.parents if folder.exists() or folder == root)
    if not above.is_dir():
        raise _unwritable(name, above, "it is a file")
    if not os.access(above, os.W_OK | os.X_OK):
        raise _unwritable(name, above, "permission denied")


def _unwritable(name: str, path: Path, why: str) -> UsageError:
    return UsageError(
        f"cannot write {name}: {path.name or path}: {why}",
        where=str(path),
        hint=f"make {path} a folder that you may write to, then: stacktest init",
    )


def _make_folders(folder: Path) -> list[Path]:
    """Create the folder and return the folders that were missing, the outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _remove(root: Path, names: Iterable[str], folders: list[Path]) -> None:
    for name in names:
        (root / name).unlink(missing_ok=True)
    for folder in reversed(folders):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
