"""Makes the `RunningStack` for the process that brought the stack up, and for its workers."""

import json
import os
from functools import partial
from pathlib import Path

from msgspec import convert, to_builtins

from stacktest.adapters.atomic_write import write_file
from stacktest.adapters.compose.client import Compose
from stacktest.application.running_stack import RunningStack
from stacktest.bootstrap.context import Project, now

FILE = "running.json"


def reach(project: Project, run_id: str, scratch: Path) -> RunningStack:
    """The running stack for the fixtures; also writes the file from which workers join it."""
    document = {"root": str(project.root), "run_id": run_id, "copy": to_builtins(project.copy)}
    write_file(scratch / FILE, json.dumps(document))
    return _running(project, scratch, run_id)


def join(folder: Path, compose: Compose | None = None) -> RunningStack:
    """The running stack in a worker; the `config` of `compose` may have been started already."""
    document = json.loads((folder / FILE).read_text(encoding="utf-8"))
    root, copy = Path(document["root"]), document["copy"]
    if copy is None:
        project = Project(root, os.environ, compose)
    else:
        from stacktest.bootstrap.copy_project import CopyProject
        from stacktest.core.rehearsal.settings import CopySettings

        project = CopyProject(root, os.environ, convert(copy, CopySettings), compose)
    return _running(project, folder, document["run_id"])


# Private


def _running(project: Project, scratch: Path, run_id: str) -> RunningStack:
    # Imports all diagnoses, which a dry run does not need.
    from stacktest.bootstrap.diagnosing import diagnose_failure

    ca = project.readable_ca
    if ca is not None:
        from stacktest.adapters.tls import check_ca

        # A CA that the stack makes at its first start exists by now.
        check_ca(ca, now=now())
    return RunningStack(
        model=project.stack,
        config=project.config,
        engine=project.engine,
        names=project.names,
        ca=ca,
        scratch=scratch,
        run_id=run_id,
        diagnose=partial(diagnose_failure, project),
    )
