"""Names what stacktest really talks to: files, Compose, the engine, git, the clock.

Everything above takes objects; this is the one place that makes them.
"""

import datetime as dt
import hashlib
import json
import os
import secrets
import shlex
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import pytest

from stacktest import config as configuration
from stacktest.adapters import testcode
from stacktest.adapters.compose import Compose
from stacktest.adapters.documents import read_json, write_json
from stacktest.adapters.engine import Engine
from stacktest.adapters.keyfile import private_folder
from stacktest.adapters.ledger import Ledger
from stacktest.adapters.lock import FOLDER, RunLock
from stacktest.adapters.routes import read_routes
from stacktest.config import Config
from stacktest.core.fingerprint import Fingerprint
from stacktest.core.model import Json, Stack
from stacktest.core.plan import Plan
from stacktest.core.readiness import parse_rule
from stacktest.core.reading import RecordError
from stacktest.core.records import LastPass, LastRun
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError, ToolMissingError, UsageError
from stacktest.inventory import BackgroundInventory, suites_folder
from stacktest.judging import Judge, TestsOf
from stacktest.present import Seen, look
from stacktest.reports.board import Board
from stacktest.reports.timeline import Timeline
from stacktest.running import RunningStack
from stacktest.session import StackSession, World, tests_of

TIMELINE = "timeline.json"
SERVICE = "com.docker.compose.service"


class Project:
    """One stack with everything that reads it; each part is made when it is first asked for."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self.root = root
        self._environ = environ

    @cached_property
    def settings(self) -> Config:
        """The configuration, before compose labels are laid under it."""
        return configuration.load(self.root, environ=self._environ)

    @cached_property
    def compose(self) -> Compose:
        """Docker Compose on this stack's files."""
        stack = self.settings.stack
        return Compose(self.root, stack.compose, stack.env_files)

    @cached_property
    def engine(self) -> Engine:
        """The container engine."""
        return Engine()

    @cached_property
    def stack(self) -> Stack:
        """The compose model with routes, phases and declared dependencies."""
        settings = self.settings
        model = self.compose.model()
        configured = configuration.merge_labels(settings, model)
        configuration.check_names(configured, model)
        services = {
            name: replace(service, uses=configured.service(name).uses)
            for name, service in model.services.items()
        }
        model = replace(
            model,
            services=services,
            phases=settings.phases,
            domain=settings.stack.domain,
            front_door=settings.stack.front_door,
        )
        routes = read_routes(settings.stack.routes, model, hosts=settings.stack.hosts)
        return replace(model, routes=routes)

    @cached_property
    def config(self) -> Config:
        """The configuration with compose labels laid under it."""
        return configuration.merge_labels(self.settings, self.stack)

    @cached_property
    def ledger(self) -> Ledger:
        """The records."""
        stack = self.config.stack
        return Ledger(self.root, records=stack.ledger, status=stack.status)

    @cached_property
    def judge(self) -> Judge:
        """Judges services from the ledger and the present."""
        from stacktest.adapters.detail import load_detail

        return Judge(
            stack=self.stack,
            config=self.config,
            memory=self.ledger,
            pages=self._pages,
            identity=self.identity,
            detail=lambda service, digest: load_detail(self.root, service, digest) or {},
            versions=self.versions,
        )

    def lock(self) -> RunLock:
        """The lock that only one run of this stack can hold."""
        since = now().isoformat(timespec="seconds")
        return RunLock(self.root, command=shlex.join(sys.argv), since=since)

    def commit(self) -> tuple[str | None, bool | None]:
        """The commit of the repository that holds the stack, and whether the folder differs."""
        from stacktest.adapters import git

        head, changed = git.head(self.root), git.changed_paths(self.root)
        return (
            None if isinstance(head, Unknown) else head,
            None if isinstance(changed, Unknown) else bool(changed),
        )

    @cached_property
    def identity(self) -> str | Unknown:
        """The project's name and the engine that it runs on."""
        try:
            engine = str(self.engine.socket.get("/info").get("ID", ""))
        except ToolMissingError as error:
            return Unknown(error.what)
        return f"{self.stack.name}@{hashlib.sha256(engine.encode()).hexdigest()[:12]}"

    @cached_property
    def versions(self) -> Mapping[str, str]:
        """What took part, by version."""
        compose = ".".join(map(str, self.compose.version()))
        return {"stacktest": version("stacktest"), "compose": compose}

    @property
    def ca(self) -> Path | None:
        """The private CA's certificate."""
        named = self.config.stack.ca
        return self.root / named if named else None

    def board(self, *, with_gate: bool = False) -> Board:
        """What the records say, for reports; EvidenceError when there is no status to report."""
        status = _readable(self.ledger.read_status(), self.ledger.status_path)
        meta = _readable(self.ledger.read_meta(), self.ledger.meta_path)
        evidence = {name: self.ledger.read(name) for name in self.ledger.services()}
        return Board(
            stack=self.stack,
            status=status,
            meta=meta,
            now=now(),
            passes={
                n: e.last_pass for n, e in evidence.items() if isinstance(e.last_pass, LastPass)
            },
            runs={n: e.last_run for n, e in evidence.items() if isinstance(e.last_run, LastRun)},
            histories={name: self.ledger.history(name)[0] for name in evidence},
            timeline=self._timeline(),
            gate=self.judge.gate(None, now()) if with_gate else None,
        )

    def look(self) -> Mapping[str, Seen]:
        """Every service as it is now."""
        return look(self.stack, self.config, self.engine, self._fingerprints)

    def keep_timeline(self, timeline: Timeline) -> None:
        """Remember when what happened in the last run, on this machine only."""
        write_json(private_folder(self.root) / TIMELINE, timeline.to_dict())

    def _timeline(self) -> Timeline | None:
        document = read_json(self.root / FOLDER / TIMELINE)
        if document is None or isinstance(document, Unknown):
            return None
        try:
            return Timeline.from_dict(document)
        except RecordError:
            # A picture of the last run is lost, no evidence.
            return None

    def tests(self) -> TestsOf:
        """The required tests of every service, collected now by a pytest of its own."""
        rootdir = suites_folder(self.root)
        whole, errors = BackgroundInventory(rootdir, stack=str(self.root)).read()
        if errors:
            return Unknown("; ".join(errors))
        return tests_of(whole, lambda path: testcode.code_digest(rootdir / path, rootdir))

    def _pages(self, fingerprints: Mapping[str, Fingerprint]) -> Mapping[str, Any]:
        from stacktest.adapters.pages import read_pages

        pattern = self.config.stack.pages
        folder = self.root / pattern.partition("{service}")[0]
        if "stack.pages" not in self.config.origins and not folder.is_dir():
            return {}
        extra = {name: section.config for name, section in self.config.services.items()}
        return read_pages(self.stack, fingerprints, pages=pattern, extra=extra)

    def _fingerprints(self, images: Mapping[str, Json | Unknown]) -> Mapping[str, Fingerprint]:
        from stacktest.adapters.ingredients import read_fingerprints
        from stacktest.adapters.keyfile import read_key

        key = read_key(self.root)
        return read_fingerprints(self.stack, key=key, images=images, config=self.config)


def now() -> dt.datetime:
    """The time, for records and people."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - the one clock


def find_project(option: str, *, rootdir: Path | None = None) -> Project:
    """The stack that the option, the environment or the folder names; UsageError without one."""
    root = configuration.find_stack(
        option=option, environ=os.environ, folder=Path.cwd(), rootdir=rootdir
    )
    if root is None:
        raise UsageError(
            "no stack here",
            where=f"{Path.cwd()} and the folders above",
            hint="name one with --stack DIR, or write a stacktest.toml: stacktest init",
        )
    return Project(root, os.environ)


def pytest_session(config: pytest.Config, progress: Any) -> tuple[StackSession, Project]:
    """The session of one pytest run, and what it talks to."""
    from stacktest.adapters.detail import save_detail
    from stacktest.adapters.trust import check_ca

    project = find_project(config.getoption("--stack"), rootdir=config.rootpath)
    if project.ca is not None:
        check_ca(project.ca, now=now())
    run_id = f"{now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    rootdir = config.rootpath
    world = World(
        judge=project.judge,
        recorder=project.ledger,
        lock=project.lock(),
        bring_up=_starter(
            project,
            progress,
            run_id=run_id,
            mode=config.getoption("--stack-up"),
            keep=config.getoption("--stack-keep"),
        ),
        look=project.look,
        save_detail=lambda name, seen: save_detail(project.root, name, seen.fingerprint),
        now=now,
        git=project.commit,
        code_digest=lambda path: testcode.code_digest(rootdir / path, rootdir),
    )
    return StackSession(world, run_id), project


def start_and_keep(
    project: Project, services: Iterable[str], say: Callable[[str], None]
) -> Iterator[str]:
    """Bring the services up for good; lines about what was done."""
    from stacktest.core.plan import plan_services
    from stacktest.wall import Lines

    run_id = f"{now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    start = _starter(project, Lines(say), run_id=run_id, mode="auto", keep=True)
    up = start(plan_services(project.stack, services))
    yield f"{len(up.started)} started, {len(up.already_running)} ran already"
    yield "next     stacktest down, when they are no longer needed"


def take_down(
    project: Project, services: Iterable[str] | None, volumes: Iterable[str]
) -> Iterator[str]:
    """Remove what stacktest started here (of these services, None: all), by its label alone."""
    from stacktest.adapters.ownership import STACK, remove_owned, stack_id

    chosen = None if services is None else set(services)
    removed = remove_owned(
        project.engine,
        {STACK: stack_id(project.root)},
        order=tuple(project.stack.services),
        spare=lambda labels: chosen is not None and labels.get(SERVICE, "") not in chosen,
    )
    yield f"{len(removed.containers)} containers and {len(removed.networks)} networks removed"
    yield from (f"left     {name}: {why}" for name, why in sorted(removed.left.items()))
    defined = project.stack.definitions.get("volumes", {})
    for said in volumes:
        if said not in defined:
            raise UsageError(
                f"no volume {said!r} in the compose model",
                where="--volume",
                hint=configuration.near_misses(said, defined) or f"known: {', '.join(defined)}",
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
    from stacktest.adapters.names import ConnectProxy, name_map

    names = name_map(project.stack, allowed=project.config.stack.allow_hosts)
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


def join(folder: Path) -> RunningStack:
    """A worker's view of the stack that the controller brought up."""
    from stacktest.adapters.names import name_map

    said = json.loads((folder / "running.json").read_text(encoding="utf-8"))
    project = Project(Path(said["root"]), os.environ)
    return RunningStack(
        model=project.stack,
        config=project.config,
        engine=project.engine,
        names=name_map(project.stack, allowed=project.config.stack.allow_hosts),
        proxy_url=said["proxy_url"],
        ca=project.ca,
        scratch=folder,
        run_id=said["run_id"],
    )


# Private


T = TypeVar("T")


def _readable(document: T | Unknown | None, path: Path) -> T:
    if document is None or isinstance(document, Unknown):
        why = "is missing" if document is None else f"cannot be read: {document.why}"
        raise EvidenceError(f"{path.name} {why}", where=str(path), hint="stacktest status")
    return document


def _starter(
    project: Project, progress: Any, *, run_id: str, mode: str, keep: bool
) -> Callable[[Plan], Any]:
    from stacktest.adapters.bringup import bring_up

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
    )


def _answers(project: Project, host: str) -> str:
    """Empty when something behind the front door answers for `host`, else why not."""
    import httpx

    from stacktest.adapters.names import http_client, name_map
    from stacktest.adapters.trust import client_context
    from stacktest.core.readiness import GATEWAY_ERRORS
    from stacktest.visits import origin

    names = name_map(project.stack)
    url = origin(names.doors, host)
    with http_client(names, client_context(project.ca), url, timeout=3) as client:
        try:
            status = client.get("/").status_code
        except httpx.HTTPError as error:
            return f"{url}/ does not answer: {error}"
    return f"{url}/ answers {status}" if status in GATEWAY_ERRORS else ""
