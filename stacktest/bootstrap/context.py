"""`Project`: one stack with its adapters: files, Compose, the engine, git, the clock.

Only `bootstrap` makes adapters; each is made when it is first used.
"""

import datetime as dt
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from stacktest import config as configuration
from stacktest.adapters.compose.client import Compose, compose_of
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.connection import choose_context
from stacktest.adapters.engine.docker_command import refuse_another_engine
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.run_lock import RunLock
from stacktest.adapters.ledger.state_dir import state_dir
from stacktest.adapters.service_markers import marker_place
from stacktest.adapters.suite_code import SuiteCode
from stacktest.adapters.suites import Suites, locate_suites
from stacktest.application.judge import Judge
from stacktest.application.judge_ports import RequiredTests
from stacktest.application.required_tests import BackgroundInventory
from stacktest.bootstrap import orchestrator
from stacktest.bootstrap.known_secrets import learn_secrets
from stacktest.bootstrap.load_stack import load_stack
from stacktest.bootstrap.made_ca import (
    CaMaker,
    ca_maker,
    can_read,
    is_in_container,
    named_maker,
    read_made_ca,
    readable_copy,
)
from stacktest.bootstrap.open_update import with_updates
from stacktest.bootstrap.page_reader import page_reader
from stacktest.bootstrap.stack_folder import stack_folder
from stacktest.config import Config
from stacktest.core.broken_files import required_tests
from stacktest.core.collected_test import Collection
from stacktest.core.fingerprint.digest import content_digest
from stacktest.core.freshness.judgement import Judgement
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.misnamed import Misnamed, misnamed_services
from stacktest.core.model import Stack
from stacktest.core.records.status import Scope, StatusMeta
from stacktest.core.runs.requirements import CodeDigest, tests_of
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError

if TYPE_CHECKING:
    from stacktest.adapters.names import NameMap
    from stacktest.adapters.startup.deployment import Deployment
    from stacktest.application.notify import Notifier
    from stacktest.bootstrap.container_addresses import ContainerNames
    from stacktest.bootstrap.published_names import PublishedNames
    from stacktest.core.rehearsal.settings import CopySettings


class JudgedStack(Struct, frozen=True, kw_only=True):
    """A stack at one moment."""

    observations: Mapping[str, ServiceObservation]
    judgements: Mapping[str, Judgement]
    moment: dt.datetime
    misnamed: tuple[Misnamed, ...]
    """Names in the markers of tests that are not services of the stack."""
    judge: Judge

    def meta(self) -> StatusMeta:
        """The part of the status about the whole stack."""
        return self.judge.meta(self.observations, self.judgements, self.moment, self.misnamed)


class Project:
    """One stack with its adapters; each is made when it is first used."""

    copy: "CopySettings | None" = None
    """The settings of this copy of the stack; None: it is the stack itself."""

    def __init__(
        self,
        root: Path,
        environ: Mapping[str, str],
        compose: Compose | None = None,
        rootdir: Path | None = None,
        draft: str = "",
    ) -> None:
        self._draft = draft
        self.root = root
        self._environ = environ
        self._compose = compose
        self._rootdir = rootdir

    @property
    def memory(self) -> Path:
        """The folder whose `.stacktest/` holds data of this machine that is not in the records."""
        return self.root

    @cached_property
    def settings(self) -> Config:
        """The configuration without values from compose labels."""
        settings = configuration.load(self.root, environ=self._environ, draft=self._draft)
        choose_context(settings.stack.context, os.environ)
        return settings

    @cached_property
    def compose(self) -> Compose:
        """Docker Compose on this stack's files; `config` may have been started already."""
        compose = self._compose or compose_of(self.root, self.settings.stack)
        compose.before_creating = lambda: refuse_another_engine(self.engine)
        return compose

    @cached_property
    def engine(self) -> Engine:
        """The engine of the configured context, or the swarm that it manages."""
        return orchestrator.engine_of(self.settings)

    @cached_property
    def deployment(self) -> "Deployment":
        """The deployment that creates the containers of this stack."""
        return orchestrator.deployment_of(self.stack, self.compose, self.engine)

    @cached_property
    def stack(self) -> Stack:
        """The compose model with routes, phases and declared dependencies."""
        return self._loaded[1]

    @cached_property
    def config(self) -> Config:
        """The configuration with values from compose labels, which its file overrides."""
        return self._loaded[0]

    @cached_property
    def _loaded(self) -> tuple[Config, Stack]:
        config, stack = load_stack(self.settings, self.compose)
        learn_secrets(stack)
        return config, orchestrator.with_commands(stack, config)

    @cached_property
    def suites(self) -> Suites:
        """The folders of the stack's tests."""
        pointer = configuration.pointing_folder(self.root, folder=Path.cwd(), rootdir=self._rootdir)
        return locate_suites(self.root, self.settings.stack.suites, pointer=pointer)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger: records and status of the stack."""
        from stacktest.adapters.git.tracked_files import tracked_files

        stack = self.settings.stack
        return Ledger(
            self.root,
            records=stack.ledger,
            status=stack.status,
            tracked=lambda: tracked_files(self.root),
        )

    @cached_property
    def judge(self) -> Judge:
        """The judge of services, by the ledger and observations."""
        from stacktest.adapters.ledger.part_names import load_detail
        from stacktest.adapters.ledger.rehearsals import read_rehearsals
        from stacktest.adapters.ledger.run_texts import read_texts

        return Judge(
            stack=self.stack,
            config=self.config,
            memory=self.ledger,
            pages=page_reader(self.stack, self.config, self.ledger.read_status),
            identity=self.identity,
            detail=lambda service, digest: load_detail(self.memory, service, digest) or {},
            versions=self.versions,
            texts=partial(read_texts, self.root),
            rehearsals=partial(read_rehearsals, self.root),
        )

    @cached_property
    def notifier(self) -> "Notifier":
        """Sends changes to the configured channels."""
        from stacktest.application.notify import Notifier

        return Notifier(
            self.stack,
            self.config.notify,
            environ=self._environ,
            status=self.ledger.read_status,
            ca=lambda: ca if (ca := self.readable_ca) and can_read(ca) else None,
        )

    @property
    def names(self) -> "NameMap":
        """The addresses of host names now, read anew: the engine chooses ports at each start."""
        return self._host_names.look()

    @cached_property
    def _host_names(self) -> "ContainerNames | PublishedNames":
        """Without egress no port is published, and names lead to the containers themselves."""
        from stacktest.bootstrap.container_addresses import ContainerNames
        from stacktest.bootstrap.published_names import PublishedNames

        if self.stack.denies_egress:
            return ContainerNames(self.stack, self.engine, self.config.stack.allow_hosts)
        return PublishedNames(self.stack, self.config, self.engine)

    def lock(self) -> RunLock:
        """The lock that only one run of this stack can hold."""
        return self.lock_in(self.memory)

    def lock_in(self, folder: Path) -> RunLock:
        """The lock of the stack, or of a copy of it, whose `.stacktest/` is in `folder`."""
        since = now().isoformat(timespec="seconds")
        return RunLock(folder, command=shlex.join(sys.argv), since=since)

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
        if name := self.settings.stack.identity:
            return f"{self.stack.name}@{name}"
        try:
            engine = self.engine.facts().identity
        except ToolMissingError as error:
            return Unknown(error.what)
        return f"{self.stack.name}@{content_digest(engine)[:12]}"

    def versions(self) -> Mapping[str, str]:
        """The versions of stacktest and Compose."""
        from importlib.metadata import version

        compose = ".".join(map(str, self.compose.version()))
        return {"stacktest": version("stacktest"), "compose": compose}

    @property
    def ca(self) -> Path | None:
        """The private CA's certificate; for a file in a container a path that does not exist."""
        named = self.settings.stack.ca
        return self.root / named if named else None

    @property
    def ca_name(self) -> str:
        """The CA's name in messages: a path, or a service and a path in its container."""
        named = self.settings.stack.ca
        return named if is_in_container(named) else str(self.ca or "")

    @property
    def makes_its_ca(self) -> bool:
        """Whether a service may write the CA's file, as a front door does at its first start."""
        return self._ca_maker is not None

    @cached_property
    def _ca_maker(self) -> CaMaker | None:
        if self.ca is None:
            return None
        return named_maker(self.settings.stack.ca, self.stack) or ca_maker(self.stack, self.ca)

    @property
    def readable_ca(self) -> Path | None:
        """The CA's certificate, readable for this user: perhaps a copy from its container."""
        maker = self._ca_maker
        if self.ca is None or maker is None:
            return self.ca

        read = partial(read_made_ca, self.engine, self.stack.name, maker)
        return readable_copy(self.ca, state_dir(self.root) / "trust", read)

    def look(self) -> Mapping[str, ServiceObservation]:
        """The observation of every service now; ToolMissingError if Compose is too old."""
        from stacktest.adapters.fingerprint_inputs import read_fingerprints
        from stacktest.adapters.ledger.signing_key import read_key
        from stacktest.application.observe import observe

        key = read_key(self.root)
        reader = partial(read_fingerprints, self.stack, key=key, config=self.config)
        host = orchestrator.host_of(self.memory, self.stack, self.compose, self.engine)
        observations = observe(
            self.stack, self.config, self.engine, lambda i: reader(images=i), host
        )
        self.compose.version()
        return with_updates(observations, self.memory, self._environ)

    def left_out(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Service → reason → paths that it mounts and that its fingerprint leaves out."""
        from stacktest.adapters.fingerprint_inputs import read_fingerprints

        key = Unknown("only names are read")
        fingerprints = read_fingerprints(self.stack, key=key, images={}, config=self.config)
        return {
            name: fingerprint.left_out
            for name, fingerprint in fingerprints.items()
            if fingerprint.left_out
        }

    def judge_now(self, scope: Scope = "host") -> JudgedStack:
        """Every service judged as it is now; tests are collected meanwhile."""
        moment, collected = now(), self.collect()
        observations = self.look()
        pages = self.judge.read_pages(observations)
        tests = collected()
        judgements = self.judge.judge_all(observations, tests.of_services, moment, scope, pages)
        self.ledger.remember(judgements)
        return JudgedStack(
            observations=observations,
            judgements=judgements,
            moment=moment,
            misnamed=tests.misnamed,
            judge=self.judge,
        )

    def pytest_command(self, options: Iterable[str]) -> list[str]:
        """The command that runs this stack's suites by this interpreter, in their folder."""
        argv = [sys.executable, "-P", "-m", "pytest", f"--stack={self.root}", *options]
        return [*argv, *(str(path) for path in self.suites.folders if path.is_dir())]

    def collect_tests(self) -> Collection:
        """Every test of the suites, collected by a second pytest process."""
        return BackgroundInventory(self.suites, stack=str(self.root)).read()

    def collect(self) -> Callable[[], RequiredTests]:
        """Start collecting the required tests of every service; the result waits for them.

        `docker compose config` is started as well, so that both run while this process goes on.
        """
        self.compose.ask()
        inventory = BackgroundInventory(self.suites, stack=str(self.root))
        # Imported while both processes work, since nothing waits for the import now.
        import stacktest.adapters.fingerprint_inputs  # noqa: F401

        return lambda: self._required(inventory.read())

    # Private

    def _required(self, collection: Collection) -> RequiredTests:
        place_of = partial(marker_place, self.suites.base)
        tests = tests_of(collection.tests, read_code(self.suites.base))
        broken = self.judge.attribute(collection.errors)
        return RequiredTests(
            of_services=required_tests(tests, broken, self.stack.services),
            misnamed=misnamed_services(
                self.stack, collection.tests, self.ledger.services, place_of
            ),
        )


def now() -> dt.datetime:
    """The current time in UTC, for records and messages."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - the clock of all records


def new_run_id() -> str:
    """A new id of a run: its begin, and a random part."""
    return f"{now():%Y%m%dT%H%M%S}-{os.urandom(3).hex()}"


def read_code(base: Path) -> CodeDigest:
    """A function that computes the digest of a test's code as it is now."""
    code = SuiteCode(base)
    return lambda test: code.digest(test.files)


def find_project(
    option: str, *, rootdir: Path | None = None, compose: Compose | None = None
) -> Project:
    """The stack that the option, the environment or the folder names; UsageError if none does."""
    return Project(stack_folder(option, rootdir=rootdir), os.environ, compose, rootdir)
