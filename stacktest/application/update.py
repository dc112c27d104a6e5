"""Carries out one update, step by step; each step can be repeated after a crash.

It gets all adapters and makes none; `bootstrap/update.py` makes them. The order of the steps is
in `core/update/steps.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from stacktest.core.changed_copy import replace
from stacktest.core.rehearsal.copy_document import DataCopy
from stacktest.core.update.journal import Candidate, Journal, OldContainer
from stacktest.core.update.steps import Outcome
from stacktest.core.update.verdict import UpdateVerdict
from stacktest.errors import StacktestError


class Moves(Protocol):
    """The engine's operations in an update; implemented by `bootstrap/update_moves.py`."""

    def tidy(self, journal: Journal) -> None:
        """Remove what a killed process left unfinished, and resume containers that it paused."""

    def save(self, containers: Sequence[OldContainer], data: Sequence[DataCopy]) -> None:
        """Make the spares, and copy the data while the containers that write it are paused."""

    def replace(self, candidate: Candidate, containers: Sequence[OldContainer]) -> None:
        """Recreate a service from the files, unless that is done; return when it is ready.

        A StacktestError says why it is not ready, or that it differs from the candidate.
        """

    def put_back(self, journal: Journal) -> None:
        """Start the old containers with the old data in place of the new ones; does not wait."""

    def wait(self, services: Sequence[str]) -> None:
        """Return when the services are ready; a StacktestError says why a service is not."""

    def running_ids(self, services: Sequence[str]) -> tuple[str, ...]:
        """Ids of the running containers of the services."""

    def forget(self) -> None:
        """Remove the spare containers and the copied data."""


@dataclass(kw_only=True)
class Update:
    """One update, from the current step of its journal to its end."""

    moves: Moves
    tests: Callable[[Sequence[str]], UpdateVerdict]
    """Runs the tests of the services, and of all that depend on them."""
    write: Callable[[Journal], None]
    end: Callable[[Journal], None]
    locked: Callable[[], AbstractContextManager[object]]
    """Holds the stack's lock while containers are moved."""
    now: Callable[[], datetime]
    seconds: Callable[[], float]
    say: Callable[[str], None]
    keep: float = 0.0
    """Seconds for which copies and spare containers are kept after an update that passed."""
    trouble: StacktestError | None = field(default=None, init=False)
    """The error because of which nothing was replaced."""

    def run(self, journal: Journal, *, resumed: bool = False) -> Journal:
        """Run every step until the end; the journal is written after each step."""
        if resumed:
            self.moves.tidy(journal)
        while journal.is_open:
            journal = _STEPS[journal.step](self, journal)
            if not journal.is_open:
                journal = replace(
                    journal, finished=self.now(), kept_until=self._kept_until(journal)
                )
            self.write(journal)
        if journal.kept_until is None:
            self.moves.forget()
        self.end(journal)
        return journal

    # Private

    def _save(self, journal: Journal) -> Journal:
        try:
            with self.locked():
                self.moves.save(journal.containers, [item.copy for item in journal.data])
        except StacktestError as error:
            self.trouble = error
            return journal.after("failed", why=error.what)
        return journal.after("done")

    def _replace(self, journal: Journal) -> Journal:
        begin = self.seconds()
        try:
            with self.locked():
                for candidate in journal.candidates:
                    old = [c for c in journal.containers if c.service == candidate.service]
                    self.moves.replace(candidate, old)
        except StacktestError as error:
            return journal.after("failed", why=error.what)
        return journal.after("done", stood_ms=self._since(begin))

    def _test(self, journal: Journal) -> Journal:
        self.say(f"testing   {', '.join(journal.services)}, and what depends on them")
        judged = self.tests(journal.services)
        outcome: Outcome = "done" if judged.passed else "failed"
        return journal.after(outcome, why=judged.why)

    def _put_back(self, journal: Journal) -> Journal:
        self.say(f"undoing   {', '.join(journal.services)}: {journal.why or 'asked for'}")
        begin = self.seconds()
        with self.locked():
            self.moves.put_back(journal)
            try:
                self.moves.wait(journal.services)
            except StacktestError as error:
                # The tests of the next step judge whether that matters.
                self.say(f"not ready {error.what}")
            restored = self.moves.running_ids(journal.services)
        return journal.after("done", stood_ms=self._since(begin), restored=restored)

    def _prove(self, journal: Journal) -> Journal:
        self.say(f"testing   what was put back: {', '.join(journal.services)}")
        judged = self.tests(journal.services)
        return journal.after("done" if judged.passed else "failed", works=judged.passed)

    def _since(self, begin: float) -> int:
        return round((self.seconds() - begin) * 1000)

    def _kept_until(self, journal: Journal) -> datetime | None:
        is_kept = journal.step == "kept" and self.keep > 0
        return self.now() + timedelta(seconds=self.keep) if is_kept else None


# Private

_STEPS: Mapping[str, Callable[[Update, Journal], Journal]] = {
    "saving": Update._save,  # noqa: SLF001
    "replacing": Update._replace,
    "testing": Update._test,  # noqa: SLF001
    "putting_back": Update._put_back,  # noqa: SLF001
    "proving": Update._prove,  # noqa: SLF001
}
