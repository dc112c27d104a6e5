"""The way to a running stack: for the process that brought it up, and for its workers."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stacktest.adapters.compose.client import Compose
from stacktest.application.running_stack import RunningStack
from stacktest.bootstrap.context import Project

FILE = "running.json"


@dataclass(frozen=True, slots=True)
class ReachableStack:
    """The running stack for the fixtures, and how to close the way to it."""

    stack: RunningStack
    close: Callable[[], None]


def reach(project: Project, run_id: str, scratch: Path) -> ReachableStack:
    """The running stack with a proxy that resolves its names, written down for workers, too."""
    from stacktest.adapters.names import ConnectProxy

    proxy = ConnectProxy(project.names) if project.stack.routes else None
    url = proxy.start() if proxy else ""
    share(project.root, scratch, proxy_url=url, run_id=run_id)
    stack = _running(project, scratch, proxy_url=url, run_id=run_id)
    return ReachableStack(stack, proxy.stop if proxy else lambda: None)


def share(root: Path, folder: Path, *, proxy_url: str, run_id: str) -> None:
    """Write down for workers how to reach the stack; nothing in there is secret."""
    document = {"root": str(root), "proxy_url": proxy_url, "run_id": run_id}
    (folder / FILE).write_text(json.dumps(document), encoding="utf-8")


def join(folder: Path, compose: Compose | None = None) -> RunningStack:
    """A worker's view of the stack; `compose` may have been asked what the stack is already."""
    document: dict[str, str] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    project = Project(Path(document["root"]), os.environ, compose)
    return _running(project, folder, proxy_url=document["proxy_url"], run_id=document["run_id"])


# Private


def _running(project: Project, scratch: Path, *, proxy_url: str, run_id: str) -> RunningStack:
    return RunningStack(
        model=project.stack,
        config=project.config,
        engine=project.engine,
        names=project.names,
        proxy_url=proxy_url,
        ca=project.ca,
        scratch=scratch,
        run_id=run_id,
    )
