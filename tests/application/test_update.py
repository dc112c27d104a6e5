"""An update ends with the old or the new, whatever fails and wherever its process is killed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from stacktest.application.update import Update
from stacktest.core.changed_copy import replace
from stacktest.core.rehearsal.copy_document import DataCopy
from stacktest.core.update.journal import Candidate, Journal, OldContainer, SavedData
from stacktest.core.update.steps import FIRST
from stacktest.core.update.verdict import UpdateVerdict
from stacktest.errors import StacktestError

NOW = datetime(2026, 11, 29, 14, tzinfo=UTC)
SERVICES = ("store", "app")
JOURNAL = Journal(
    id="ab12cd",
    step=FIRST,
    started=NOW,
    candidates=tuple(
        Candidate(service=name, image="new", named="", digest=name, differs=("image:newer",))
        for name in SERVICES
    ),
    containers=tuple(
        OldContainer(service=name, name=name, container=name, image="old", spare=name, ran=True)
        for name in SERVICES
    ),
    data=(SavedData(source="data", volume="copy", services=("store",)),),
    model="m",
)


class Killed(BaseException):
    """The process ends here."""


@dataclass
class World:
    """A stack of two services and their data, and the disk with the journal."""

    is_good: bool = True
    ready: bool = True
    full: bool = False
    kill_at: int = -1
    """The move, test or write before which the process is killed."""
    running: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SERVICES, "old"))
    data: str = "old"
    saved: str | None = None
    open: Journal | None = None
    ended: Journal | None = None
    moves_made: int = 0

    def is_tidy(self) -> bool:
        """Whether neither a copy nor an open journal is left."""
        return self.saved is None and self.open is None

    def step(self) -> None:
        """One thing happens, unless the process is killed first."""
        if self.moves_made == self.kill_at:
            raise Killed
        self.moves_made += 1

    def tidy(self, journal: Journal) -> None:
        self.step()

    def save(self, containers: Sequence[OldContainer], data: Sequence[DataCopy]) -> None:
        assert set(self.running.values()) == {"old"}, "the copy would be of new data"
        self.step()
        if self.full:
            raise StacktestError("no space left on device")
        self.saved = self.data

    def replace(self, candidate: Candidate, containers: Sequence[OldContainer]) -> None:
        assert self.saved == "old", "nothing is replaced without a copy"
        assert self.open is not None, "nothing is replaced without a journal"
        assert self.open.step == "replacing"
        self.step()
        self.running[candidate.service] = candidate.image
        self.data = "migrated"
        self.step()
        if not self.ready and candidate.service == "app":
            raise StacktestError("app is unhealthy")

    def put_back(self, journal: Journal) -> None:
        for name in SERVICES:
            self.step()
            self.running.pop(name, None)
        self.step()
        assert self.saved is not None
        self.data = self.saved
        for name in SERVICES:
            self.step()
            self.running[name] = "old"

    def wait(self, services: Sequence[str]) -> None:
        self.step()

    def running_ids(self, services: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"{self.running[name]} {name}" for name in services)

    def forget(self) -> None:
        self.step()
        self.saved = None

    def tests(self, services: Sequence[str]) -> UpdateVerdict:
        self.step()
        passed = self.is_good or set(self.running.values()) == {"old"}
        return UpdateVerdict(passed=passed, why="" if passed else "test_a failed")

    def write(self, journal: Journal) -> None:
        self.step()
        self.open = journal

    def end(self, journal: Journal) -> None:
        self.step()
        self.open, self.ended = None, journal

    @contextmanager
    def locked(self) -> Iterator[None]:
        yield

    def update(self, *, keep: float = 0) -> Update:
        """A process that works on the update."""
        return Update(
            moves=self,
            tests=self.tests,
            write=self.write,
            end=self.end,
            locked=self.locked,
            now=lambda: NOW,
            seconds=lambda: 0.0,
            say=lambda _: None,
            keep=keep,
        )

    def begin(self) -> Journal:
        """A new update, its journal written first."""
        self.open = JOURNAL
        return self.update().run(JOURNAL)

    def resume(self, *, undo: bool) -> Journal:
        """What `--continue` and `--undo` do."""
        self.kill_at = -1
        assert self.open is not None
        journal = self.open
        if undo and journal.can_be_undone:
            journal = self.open = journal.after("undo")
        return self.update().run(journal, resumed=True)


def outcome(world: World) -> tuple[set[str], str]:
    """What runs, and on which data."""
    return set(world.running.values()), world.data


OLD, NEW = ({"old"}, "old"), ({"new"}, "migrated")


def test_a_good_candidate_is_kept_and_nothing_is_left_over() -> None:
    world = World()
    assert world.begin().step == "kept"
    assert outcome(world) == NEW
    assert world.is_tidy()


@pytest.mark.parametrize("world", [World(is_good=False), World(ready=False)])
def test_a_bad_candidate_goes_back_with_its_data(world: World) -> None:
    journal = world.begin()
    assert (journal.step, journal.works) == ("put_back", True)
    assert journal.restored == ("old store", "old app")
    assert journal.why in {"test_a failed", "app is unhealthy"}
    assert outcome(world) == OLD
    assert world.is_tidy()


def test_a_full_disk_changes_nothing_and_is_the_error() -> None:
    world = World(full=True)
    world.open = JOURNAL
    update = world.update()
    assert update.run(JOURNAL).step == "given_up"
    assert update.trouble is not None
    assert update.trouble.what == "no space left on device"
    assert outcome(world) == OLD
    assert world.is_tidy()


def test_what_was_kept_may_be_undone_for_as_long_as_its_copies_stay() -> None:
    world = World()
    world.open = JOURNAL
    journal = world.update(keep=60).run(JOURNAL)
    assert journal.kept_until == NOW + timedelta(seconds=60)
    assert not world.is_tidy()
    again = replace(journal.after("undo"), kept_until=None)
    assert world.update().run(again, resumed=True).step == "put_back"
    assert outcome(world) == OLD
    assert world.is_tidy()


@pytest.mark.parametrize("undo", [False, True], ids=["continue", "undo"])
@pytest.mark.parametrize("how", ["good", "bad", "not ready", "full"])
def test_killed_anywhere_it_is_finished_or_undone(how: str, undo: bool) -> None:
    kills = 0
    for kill_at in range(40):
        world = World(
            is_good=how != "bad", ready=how != "not ready", full=how == "full", kill_at=kill_at
        )
        try:
            world.begin()
        except Killed:
            kills += 1
        else:
            break
        # While an update is open, its journal is there; without it nothing has been done.
        assert world.open is not None
        step = world.open.step
        world.full = False
        world.resume(undo=undo)
        # What has come to its end is only closed: its copies may be gone already.
        is_new = how in {"good", "full"} and (step == "kept" or not undo) and step != "given_up"
        assert outcome(world) == (NEW if is_new else OLD)
        assert world.is_tidy()
    assert kills >= (3 if how == "full" else 7)
