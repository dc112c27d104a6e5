"""One stack with everything that reads it: files, Compose, the engine, git, the clock.

This and `wiring` are the only places that make adapters; each is made when it is first asked for.
"""

import datetime as dt
import hashlib
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from stacktest import config as configuration
from stacktest.adapters.compose.client import Compose, compose_of
from stacktest.adapters.compose.command_line import working_folder
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.ledger.json_files import read_json, write_json
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.run_lock import RunLock
from stacktest.adapters.ledger.state_dir import state_dir, state_path
from stacktest.adapters.routes import read_routes
from stacktest.adapters.suite_code import SuiteCode
from stacktest.application.judge import Judge, TestsOf
from stacktest.application.notify import Notifier
from stacktest.application.observe import Seen, look
from stacktest.application.required_tests import BackgroundInventory, suites_folder
from stacktest.application.run import tests_of
from stacktest.config import Config
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.freshness.inputs import Judgement
from stacktest.core.model import Json, Stack
from stacktest.core.records.documents import LastPass, LastRun
from stacktest.core.records.status import Scope
from stacktest.core.records.strict_json import RecordError
from stacktest.core.records.timeline import Timeline
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError, ToolMissingError, UsageError
from stacktest.reports.report_data import Board

if TYPE_CHECKING:
    from stacktest.adapters.names import NameMap

TIMELINE = "timeline.json"


class Project:
    """One stack with everything that reads it; each part is made when it is first asked for."""

    def __init__(
        self, root: Path, environ: Mapping[str, str], compose: Compose | None = None
    ) -> None:
        self.root = root
        self._environ = environ
        self._compose = compose

    @cached_property
    def settings(self) -> Config:
        """The configuration, before compose labels are laid under it."""
        return configuration.load(self.root, environ=self._environ)

    @cached_property
    def compose(self) -> Compose:
        """Docker Compose on this stack's files; perhaps it has been asked already."""
        return self._compose or compose_of(self.root, self.settings.stack)

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
        stack = self.settings.stack
        return Ledger(self.root, records=stack.ledger, status=stack.status)

    @cached_property
    def judge(self) -> Judge:
        """Judges services from the ledger and the present."""
        from stacktest.adapters.ledger.part_names import load_detail

        return Judge(
            stack=self.stack,
            config=self.config,
            memory=self.ledger,
            pages=self._pages,
            identity=self.identity,
            detail=lambda service, digest: load_detail(self.root, service, digest) or {},
            versions=self.versions,
        )

    @cached_property
    def notifier(self) -> Notifier:
        """Tells people and other programs what changed."""
        return Notifier(
            self.stack,
            self.config.notify,
            environ=self._environ,
            status=self.ledger.read_status,
            ca=self.ca,
        )

    @cached_property
    def names(self) -> "NameMap":
        """What host names mean: the front door, or what the stack's own name server says."""
        from stacktest.adapters.names import look_up_all, name_map

        stack = self.config.stack
        hosts = [route.host for route in self.stack.routes]
        asked = look_up_all(stack.nameserver, hosts) if stack.nameserver else {}
        return name_map(self.stack, allowed=stack.allow_hosts, looked_up=asked)

    def lock(self) -> RunLock:
        """The lock that only one run of this stack can hold."""
        since = now().isoformat(timespec="seconds")
        return RunLock(self.root, command=shlex.join(sys.argv), since=since)

    def commit(self) -> tuple[str | None, bool | None]:
        """The commit of the repository that holds the stack, and whether the folder differs."""
        from stacktest.adapters.git import repository as git

        head, changed = git.head(self.root), git.changed_paths(self.root)
        return (
            None if isinstance(head, Unknown) else head,
            None if isinstance(changed, Unknown) else bool(changed),
        )

    @cached_property
    def identity(self) -> str | Unknown:
        """The project's name, and the engine that it runs on or the name that a person gave it."""
        if given := self.settings.stack.identity:
            return f"{self.stack.name}@{given}"
        try:
            engine = str(self.engine.info().get("ID", ""))
        except ToolMissingError as error:
            return Unknown(error.what)
        return f"{self.stack.name}@{hashlib.sha256(engine.encode()).hexdigest()[:12]}"

    def versions(self) -> Mapping[str, str]:
        """What took part, by version."""
        compose = ".".join(map(str, self.compose.version()))
        return {"stacktest": version("stacktest"), "compose": compose}

    @property
    def ca(self) -> Path | None:
        """The private CA's certificate."""
        named = self.settings.stack.ca
        return self.root / named if named else None

    def board(self, *, with_gate: bool = False) -> Board:
        """What the records say, for reports; EvidenceError when there is no status to report."""
        status = _readable(self.ledger.read_status(), self.ledger.status_path)
        meta = _readable(self.ledger.read_meta(), self.ledger.meta_path)
        evidence = self.ledger.read_all(self.ledger.services())
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
        """Every service as it is now; ToolMissingError when Compose is too old to be trusted."""
        seen = look(self.stack, self.config, self.engine, self._fingerprints)
        self.compose.version()
        return seen

    def keep_timeline(self, timeline: Timeline) -> None:
        """Remember when what happened in the last run, on this machine only."""
        write_json(state_dir(self.root) / TIMELINE, timeline.to_dict())

    def _timeline(self) -> Timeline | None:
        document = read_json(state_path(self.root, TIMELINE))
        if document is None or isinstance(document, Unknown):
            return None
        try:
            return Timeline.from_dict(document)
        except RecordError:
            # A picture of the last run is lost, no evidence.
            return None

    def judge_now(
        self, scope: Scope = "host"
    ) -> tuple[Mapping[str, Seen], Mapping[str, Judgement], dt.datetime]:
        """Every service as it is, its state, and when; tests are collected while files are read."""
        moment, tests_of_services = now(), self.collect()
        seen = self.look()
        pages = self.judge.read_pages(seen)
        judged = self.judge.judge_all(seen, tests_of_services(), moment, scope, pages)
        return seen, judged, moment

    def collect(self) -> Callable[[], TestsOf]:
        """Starts to collect the required tests of every service; the answer waits for them."""
        rootdir = suites_folder(self.root)
        inventory = BackgroundInventory(rootdir, stack=str(self.root))

        def tests() -> TestsOf:
            whole, errors = inventory.read()
            if errors:
                return Unknown("; ".join(errors))
            return tests_of(whole, SuiteCode(rootdir).digest)

        return tests

    def _pages(self, fingerprints: Mapping[str, Fingerprint]) -> Mapping[str, Any]:
        from stacktest.adapters.git.docs_pages import read_pages

        pattern = self.config.stack.pages
        folder = self.root / pattern.partition("{service}")[0]
        if "stack.pages" not in self.config.origins and not folder.is_dir():
            return {}
        extra = {name: section.config for name, section in self.config.services.items()}
        return read_pages(self.stack, fingerprints, pages=pattern, extra=extra)

    def _fingerprints(self, images: Mapping[str, Json | Unknown]) -> Mapping[str, Fingerprint]:
        from stacktest.adapters.fingerprint_inputs import read_fingerprints
        from stacktest.adapters.ledger.signing_key import read_key

        key = read_key(self.root)
        return read_fingerprints(self.stack, key=key, images=images, config=self.config)


def now() -> dt.datetime:
    """The time, for records and people."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - the one clock


def find_project(
    option: str, *, rootdir: Path | None = None, compose: Compose | None = None
) -> Project:
    """The stack that the option, the environment or the folder names; UsageError without one."""
    root = configuration.find_stack(
        option=option, environ=os.environ, folder=working_folder(), rootdir=rootdir
    )
    if root is None:
        raise UsageError(
            "no stack here",
            where=f"{working_folder()} and the folders above",
            hint="name one with --stack DIR, or write a stacktest.toml: stacktest init",
        )
    return Project(root, os.environ, compose)


# Private


T = TypeVar("T")


def _readable(document: T | Unknown | None, path: Path) -> T:
    if document is None or isinstance(document, Unknown):
        why = "is missing" if document is None else f"cannot be read: {document.why}"
        raise EvidenceError(f"{path.name} {why}", where=str(path), hint="stacktest status")
    return document
