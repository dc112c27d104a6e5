"""Asks a running stack for `stacktest init`; `--up` starts it before and stops it after."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from stacktest.bootstrap.context import Project, new_run_id
from stacktest.bootstrap.look import look_at, running_services
from stacktest.bootstrap.look_pages import landing_pages
from stacktest.bootstrap.open_update import refuse_open_update
from stacktest.bootstrap.start import starter
from stacktest.core.changed_copy import replace
from stacktest.core.plan import plan_services
from stacktest.core.progress import Progress
from stacktest.errors import StacktestError
from stacktest.init.look.look import Look

PATIENCE = 20.0
"""Seconds within which programs must begin to answer after the stack is ready."""
NOT_RUNNING = (
    "the stack does not run, so nothing of it was asked; it is started, looked at and stopped "
    "again by: stacktest init --up"
)


def take_look(
    project: Project, draft: str, *, starts: bool, is_deep: bool, progress: Progress
) -> tuple[Look | None, tuple[str, ...]]:
    """The stack's answers, and notes about the look; None if nothing runs.

    `draft` is the configuration that is to be written; an existing file is used in its place.
    `is_deep`: a browser opens landing pages, too.
    """
    drafted = Project(project.root, os.environ, project.compose, draft=draft)
    if starts:
        with _started(drafted, progress) as notes:
            look, more = _looked_at(drafted, PATIENCE, is_deep=is_deep)
            return look, (*notes, *more)
    return _looked_at(drafted, is_deep=is_deep)


# Private


def _looked_at(
    project: Project, patience: float = 0.0, *, is_deep: bool
) -> tuple[Look | None, tuple[str, ...]]:
    """The look, or a note with the error: `init` then writes its files without a look."""
    try:
        if not running_services(project):
            return None, (NOT_RUNNING,)
        look = look_at(project, patience)
        pages = landing_pages(project, look) if is_deep else {}
        return replace(look, pages=pages), ()
    except StacktestError as error:
        where = f" ({error.where})" if error.where else ""
        return None, (f"what runs was not asked: {error.what}{where}",)


@contextmanager
def _started(project: Project, progress: Progress) -> Iterator[tuple[str, ...]]:
    """Start every service that can be up, and remove at the end what was started."""
    refuse_open_update(project.root, os.environ)
    names = [name for name, item in project.stack.services.items() if not item.unreadable]
    plan = plan_services(project.stack, names)
    purposes = frozenset(frozenset({name}) for name in plan.services)
    start = starter(project, progress, run_id=new_run_id(), mode="auto", keep=False)
    with project.lock():
        up = start(replace(plan, purposes=purposes))
        try:
            yield tuple(
                f"{name} did not become ready: {failure.cause}"
                for name, failure in sorted(up.failures.items())
            )
        finally:
            up.stop()
