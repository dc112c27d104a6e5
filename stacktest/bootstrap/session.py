"""Puts together what a run talks to: the session, the bring-up, the way in for tests.

Everything above takes objects; this and `project` make them.
"""

import json
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.suite_code import SuiteCode, saved_at
from stacktest.application.evidence_folder import boot_folder, gather_boot
from stacktest.application.run import RunPorts, StackSession
from stacktest.application.running_stack import RunningStack
from stacktest.bootstrap.context import Project, find_project, now
from stacktest.core.collected_test import Collected
from stacktest.core.plan import Plan
from stacktest.core.readiness import parse_rule
from stacktest.core.runs.history import usual_boot
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import StacktestError, UsageError
from stacktest.reports.wording import count

SERVICE = "com.docker.compose.service"


def pytest_session(
    config: pytest.Config, progress: Any, tests: Iterable[Collected], compose: Compose | None
) -> tuple[StackSession, Project]:
    """The session of one pytest run, and what it talks to."""
    project = find_project(
        config.getoption("--stack"),
        rootdir=config.rootpath,
        compose=compose,
    )
    # Compose answers while this process imports and reads what it needs next.
    project.compose.ask()
    import stacktest.adapters.fingerprint_inputs  # noqa: F401 - not while somebody waits for them
    from stacktest.adapters.ledger.part_names import save_detail
    from stacktest.adapters.tls import check_ca

    if project.ca is not None:
        check_ca(project.ca, now=now())
    run_id = f"{now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    rootdir = config.rootpath
    collected_code = code_as_collected(rootdir, tests)

    def keep_evidence(error: StacktestError) -> None:
        gather_boot(boot_folder(rootdir, run_id), project.stack, project.engine, error)

    ports = RunPorts(
        judge=project.judge,
        recorder=project.ledger,
        lock=project.lock(),
        bring_up=_starter(
            project,
            progress,
            run_id=run_id,
            mode=config.getoption("--stack-up"),
            keep=config.getoption("--stack-keep"),
            on_failure=keep_evidence,
        ),
        observe=project.look,
        save_part_names=lambda name, seen: save_detail(project.root, name, seen.fingerprint),
        now=now,
        git=project.commit,
        collected_code=collected_code,
        read_code=lambda: SuiteCode(rootdir).digest,
        on_locked=lambda: progress.say_all(project.notifier.begin()),
    )
    return StackSession(ports, run_id), project


def code_as_collected(rootdir: Path, tests: Iterable[Collected]) -> dict[str, str]:
    """Test file → digest of its code; empty where it was saved again after it was collected."""
    code = SuiteCode(rootdir)
    saved = {test.path: test.saved for test in tests}
    return {
        path: code.digest(path) if saved_at(rootdir / path) == when else ""
        for path, when in sorted(saved.items())
    }


def start_and_keep(
    project: Project,
    services: Iterable[str],
    say: Callable[[str], None],
    *,
    screen: IO[str] | None = None,
) -> Iterator[str]:
    """Bring the services up for good; lines about what was done. `screen`: see `ProgressLines`."""
    from stacktest.core.plan import plan_services
    from stacktest.reports.terminal.progress_display import ProgressLines

    run_id = f"{now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    said = ProgressLines(say, screen=screen, width=lambda: shutil.get_terminal_size().columns)
    start = _starter(project, said, run_id=run_id, mode="auto", keep=True)
    up = start(plan_services(project.stack, services))
    yield f"{len(up.started)} started, {len(up.already_running)} ran already"
    yield "next     stacktest down, when they are no longer needed"


def take_down(
    project: Project, services: Iterable[str] | None, volumes: Iterable[str]
) -> Iterator[str]:
    """Remove what stacktest started here (of these services, None: all), by its label alone."""
    from stacktest.adapters.engine.cleanup import remove_owned
    from stacktest.adapters.engine.labels import STACK, stack_id

    chosen = None if services is None else set(services)
    removed = remove_owned(
        project.engine,
        {STACK: stack_id(project.root)},
        order=tuple(project.stack.services),
        spare=lambda labels: chosen is not None and labels.get(SERVICE, "") not in chosen,
    )
    containers = count(len(removed.containers), "container")
    yield f"{containers} and {count(len(removed.networks), 'network')} removed"
    yield from (f"left     {name}: {why}" for name, why in sorted(removed.left.items()))
    defined = project.stack.definitions.get("volumes", {})
    for said in volumes:
        if said not in defined:
            raise UsageError(
                f"no volume {said!r} in the compose model",
                where="--volume",
                hint=did_you_mean(said, defined) or f"known: {', '.join(defined)}",
            )
        name = (defined[said] or {}).get("name", f"{project.stack.name}_{said}")
        why = project.engine.remove_volume(name)
        yield f"left     {name}: {why}" if why else f"removed  volume {name}"


def wait_for_interrupt() -> None:
    """Return when the person presses Ctrl-C."""
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


@dataclass(frozen=True, slots=True)
class Reached:
    """The way in that the controller made, and how to close it."""

    stack: RunningStack
    close: Callable[[], None]


def reach(project: Project, run_id: str, scratch: Path) -> Reached:
    """The running stack for the fixtures, with a proxy that resolves its names."""
    from stacktest.adapters.names import ConnectProxy

    names = project.names
    proxy = ConnectProxy(names) if project.stack.routes else None
    url = proxy.start() if proxy else ""
    stack = RunningStack(
        model=project.stack,
        config=project.config,
        engine=project.engine,
        names=names,
        proxy_url=url,
        ca=project.ca,
        scratch=scratch,
        run_id=run_id,
    )
    return Reached(stack, proxy.stop if proxy else lambda: None)


def share(stack: RunningStack, folder: Path) -> None:
    """Write down for workers how to reach the stack; nothing in there is secret."""
    said = {"root": str(stack.config.root), "proxy_url": stack.proxy_url, "run_id": stack.run_id}
    (folder / "running.json").write_text(json.dumps(said), encoding="utf-8")


def join(folder: Path, compose: Compose | None = None) -> RunningStack:
    """A worker's view of the stack that the controller brought up; `compose` may be asked."""
    said = json.loads((folder / "running.json").read_text(encoding="utf-8"))
    project = Project(Path(said["root"]), os.environ, compose)
    return RunningStack(
        model=project.stack,
        config=project.config,
        engine=project.engine,
        names=project.names,
        proxy_url=said["proxy_url"],
        ca=project.ca,
        scratch=folder,
        run_id=said["run_id"],
    )


# Private


def _starter(
    project: Project,
    progress: Any,
    *,
    run_id: str,
    mode: str,
    keep: bool,
    on_failure: Callable[[StacktestError], None] = lambda _: None,
) -> Callable[[Plan], Any]:
    from stacktest.adapters.startup.up import bring_up

    config = project.config
    rules = {
        name: parse_rule(section.ready, where=f"{config.file}:services.{name}.ready")
        for name, section in config.services.items()
        if section.ready
    }
    return lambda plan: bring_up(
        project.stack,
        plan,
        project.compose,
        project.engine,
        run_id=run_id,
        mode=mode,
        rules=rules,
        timeouts={name: section.timeout for name, section in config.services.items()},
        progress=progress,
        answers=partial(_answers, project),
        keep=keep,
        probe_image=config.stack.probe_image,
        usual=lambda name: usual_boot(project.ledger.history(name)[0]),
        on_failure=on_failure,
    )


def _answers(project: Project, host: str) -> str:
    """Empty when something behind the front door answers for `host`, else why not."""
    import httpx

    from stacktest.adapters.names import http_client
    from stacktest.adapters.tls import client_context
    from stacktest.core.readiness import GATEWAY_ERRORS
    from stacktest.core.routing import origin

    names = project.names
    url = origin(names.doors, host)
    with http_client(names, client_context(project.ca), url, timeout=3) as client:
        try:
            status = client.get("/").status_code
        except httpx.HTTPError as error:
            return f"{url}/ does not answer: {error}"
    return f"{url}/ answers {status}" if status in GATEWAY_ERRORS else ""
