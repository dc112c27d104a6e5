"""The sections of `stacktest.toml` as frozen types with defaults."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from stacktest.core.backups.backup import Backup
from stacktest.core.freshness.states import State
from stacktest.core.misnamed import Misnamed
from stacktest.core.phase import Phase
from stacktest.core.records.exemption import Exemption

FILE_NAME = "stacktest.toml"
DAY = 86400.0
DENIED = tuple(state.value for state in State if state is not State.FUNCTIONAL)


class StackSection(Struct, frozen=True, kw_only=True):
    """`[stack]`: where the stack's parts are, relative to its folder."""

    domain: str = ""
    front_door: str = ""
    door: str = ""
    """A front door in another compose project: `PROJECT/SERVICE`, a URL or an address."""
    routes: tuple[str, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Host name → `service` or `service:port`, for front doors that stacktest cannot read."""
    ca: str = ""
    compose: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    project_directory: str = ""
    """The value for `docker compose --project-directory`; empty: the first file's folder."""
    project_name: str = ""
    """The value for `docker compose --project-name`; empty: Compose's own default."""
    suites: tuple[str, ...] = ()
    """Folders with the tests of the stack; empty: all tests that pytest collects."""
    ledger: str = "data/tests"
    status: str = "docs/_data/status.json"
    pages: str = "docs/spokes/{service}.md"
    allow_hosts: tuple[str, ...] = ()
    """Host names outside the stack that tests may reach; all others are refused."""
    engine: str = "compose"
    """How the services are run: `compose`, or a `swarm` that the engine manages."""
    egress: str = ""
    """`deny` if the containers of a run may reach only each other."""
    identity: str = ""
    """The name in records in place of the engine's; empty: the engine that the stack runs on."""
    nameserver: str = ""
    """`ADDRESS` or `ADDRESS:PORT` of a real DNS server that resolves the stack's names."""
    context: str = ""
    """The docker context of the stack's engine; empty: the current context."""
    probe_image: str = ""
    """Image of the short-lived relay container that reaches services if the host has no route."""


class ServiceSection(Struct, frozen=True, kw_only=True):
    """`[services.NAME]`: facts about a service that are not in the compose file."""

    uses: tuple[str, ...] = ()
    ready: str = ""
    timeout: float | None = None
    """Seconds until a start has failed; None: 120, or as long as its health check may take."""
    config: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    reload: str = ""
    """`live` if the program reads changes of its mounted files without a restart."""
    backup: Backup | None = None
    """How its data is restored from a backup; None: not declared."""


class Person(Struct, frozen=True, kw_only=True):
    """`[people.ROLE]`: a sign-in name and where its password comes from."""

    user: str
    password_env: str = ""
    password_file: str = ""


class FreshnessSection(Struct, frozen=True, kw_only=True):
    """`[freshness]`: how old a pass may be (seconds), and the services that must run."""

    max_age: float = 7 * DAY
    must_run: tuple[str, ...] = ()
    doc_on: tuple[str, ...] = ()


class GateSection(Struct, frozen=True, kw_only=True):
    """`[gate]`: the states that close the gate."""

    deny: tuple[str, ...] = DENIED
    drills: bool = False
    """Whether every declared backup must be restorable."""


class RehearsalSection(Struct, frozen=True, kw_only=True):
    """`[rehearsal]`: limits for a copy of the stack."""

    max_copy: int = 20 * 10**9
    """The largest volume or folder that is copied, in bytes."""


class UpdateSection(Struct, frozen=True, kw_only=True):
    """`[update]`: how long an update that was kept can be undone."""

    keep: float = 0.0
    """Seconds for which the earlier containers can still be put back."""


class BrowserSection(Struct, frozen=True, kw_only=True):
    """`[browser]`: where browsers run."""

    endpoint: str = ""
    """The address of a Playwright server, which may contain a token; empty: this machine."""

    def __repr__(self) -> str:
        return "BrowserSection(…)"


class Channel(Struct, frozen=True, kw_only=True):
    """`[[notify]]`: a channel for news of changes; address and token are in the environment."""

    kind: Literal["webhook", "ntfy", "apprise", "gatus", "kuma", "healthchecks"]
    url_env: str
    token_env: str = ""
    group: str = ""
    each: str = "service"

    @property
    def name(self) -> str:
        """The name of the channel in messages."""
        return f"{self.kind} ({self.url_env})"


class Config(Struct, frozen=True, kw_only=True):
    """Everything that a user can set, with the defaults filled in."""

    root: Path
    """The stack's folder."""
    file: str = ""
    """The file that was read; empty if there is none."""
    stack: StackSection = field(default_factory=StackSection)
    phases: tuple[Phase, ...] = ()
    services: Mapping[str, ServiceSection] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    freshness: FreshnessSection = field(default_factory=FreshnessSection)
    gate: GateSection = field(default_factory=GateSection)
    rehearsal: RehearsalSection = field(default_factory=RehearsalSection)
    update: UpdateSection = field(default_factory=UpdateSection)
    browser: BrowserSection = field(default_factory=BrowserSection)
    exempt: tuple[Exemption, ...] = ()
    notify: tuple[Channel, ...] = ()
    misnamed: tuple[Misnamed, ...] = ()
    """Entries that were left out, since their names are not in the compose model."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """`section.key` → the origin of its value; a key that is not listed has its default."""

    def service(self, name: str) -> ServiceSection:
        """The section of a service, or the defaults."""
        return self.services.get(name, ServiceSection())
