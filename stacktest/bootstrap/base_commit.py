"""The stack of a pull request, judged by the records of the commit that it is based on.

No code of the folder is imported, and changes of the pull request to the records, the status or the
configuration of the gate do not count.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from stacktest.adapters.atomic_write import write_file
from stacktest.adapters.git import repository as git
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.suites import CONFIG_FILES
from stacktest.application.judge_ports import RequiredTests
from stacktest.application.recorded_tests import recorded_tests
from stacktest.bootstrap.context import Project
from stacktest.config.sections import FILE_NAME
from stacktest.errors import UsageError

HINT = "fetch it: git fetch origin BRANCH, and name it: --base FETCH_HEAD"


class BaseProject(Project):
    """A stack with the records and status of a commit, written to `folder`, an empty folder."""

    def __init__(self, root: Path, environ: Mapping[str, str], commit: str, folder: Path) -> None:
        super().__init__(root, environ)
        self._commit = git.commit_named(root, commit)
        if not self._commit:
            raise UsageError(f"git has no commit {commit!r} here", where="--base", hint=HINT)
        self._folder = folder

    @cached_property
    def ledger(self) -> Ledger:
        """The records of the commit."""
        section = self.settings.stack
        status = Path(section.status)
        names = (section.ledger, section.status, str(status.with_suffix(".meta.json")))
        if any(Path(name).is_absolute() or ".." in Path(name).parts for name in names):
            raise UsageError(
                "the records are not in the repository",
                where=f"{self.settings.file or self.root}:stack.ledger, stack.status",
                hint="without --base the records outside of it count",
            )
        for name, content in git.files_at(self.root, self._commit, names).items():
            write_file(self._folder / name, content)
        return Ledger(self._folder, records=section.ledger, status=section.status)

    def collect(self) -> Callable[[], RequiredTests]:
        """The tests of each service by its record, if the text of their files is the same."""

        def tests() -> RequiredTests:
            evidence = self.ledger.read_all(sorted(self.stack.services))
            history = lambda name: self.ledger.history(name)[0]  # noqa: E731
            recorded = recorded_tests(self.suites, evidence, history, self._differing())
            return RequiredTests(of_services=recorded)

        return tests

    # Private

    def _differing(self) -> Iterator[str]:
        """The files that configure the gate or pytest and that differ from those of the commit."""
        folders = {self.root, self.suites.base, *self.suites.folders, *self.suites.base.parents}
        if self.suites.settings.file:
            folders.add(self.suites.settings.file.parent)
        top = git.top(self.root)
        names = [FILE_NAME, *(name for name, _ in CONFIG_FILES)]
        for folder in sorted(folders):
            if not folder.is_relative_to(top):
                continue
            paths = [os.path.relpath(folder / name, self.root) for name in names]
            then = git.files_at(self.root, self._commit, paths)
            for path in paths:
                file = self.root / path
                now = file.read_bytes() if file.is_file() else None
                if now != then.get(path):
                    yield path
