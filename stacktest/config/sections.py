"""The sections of `stacktest.toml` as frozen types, with their defaults."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from stacktest.core.backups.backup import Backup
from stacktest.core.freshness.states import State
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
    """Where a front door of another compose project is."""
    routes: tuple[str, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Host name → `service` or `service:port`, for front doors that stacktest cannot read."""
    ca: str = ""
    compose: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    project_directory: str = ""
    """What `docker compose --project-directory` is given; empty: the first file's folder."""
    project_name: str = ""
    """What `docker compose --project-name` is given; empty: what Compose itself makes of it."""
    suites: tuple[str, ...] = ()
    """Folders that hold the tests of the stack; empty: whatever pytest collects."""
    ledger: str = "data/tests"
    status: str = "docs/_data/status.json"
    pages: str = "docs/spokes/{service}.md"
    allow_hosts: tuple[str, ...] = ()
    """Host names outside the stack that tests may reach; every other one is refused."""
    engine: str = "compose"
    """What runs the services: `compose`, or a `swarm` that the engine manages."""
    egress: str = ""
    """`deny` when the containers of a run may reach nothing but each other."""
    identity: str = ""
    """What evidence calls this stack; empty: the engine that it runs on."""
    nameserver: str = ""
    """`ADDRESS` or `ADDRESS:PORT` of a real DNS server that knows the stack's names."""
    context: str = ""
    """The docker context of the engine that the stack is on; empty: the one that is chosen."""
    probe_image: str = ""
    """Image of the short-lived relay that reaches services where the host has no route."""


class ServiceSection(Struct, frozen=True, kw_only=True):
    """`[services.NAME]`: what compose does not say about one service."""

    uses: tuple[str, ...] = ()
    ready: str = ""
    timeout: float | None = None
    """Seconds until a start has failed; None: 120, or as long as its health check may take."""
    config: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    reload: str = ""
    """`live` when the program reads its mounted files without a restart."""
    backup: Backup | None = None
    """What brings its data back; None: nothing is declared."""


class Person(Struct, frozen=True, kw_only=True):
    """`[people.ROLE]`: a sign-in name and where its password comes from."""

    user: str
    password_env: str = ""
    password_file: str = ""


class FreshnessSection(Struct, frozen=True, kw_only=True):
    """`[freshness]`: how old a pass may be (seconds), and what must run."""

    max_age: float = 7 * DAY
    must_run: tuple[str, ...] = ()
    doc_on: tuple[str, ...] = ()


class GateSection(Struct, frozen=True, kw_only=True):
    """`[gate]`: the states that close the gate."""

    deny: tuple[str, ...] = DENIED
    drills: bool = False
    """Whether a backup that is declared has to be restorable."""


class RehearsalSection(Struct, frozen=True, kw_only=True):
    """`[rehearsal]`: what a copy of the stack may cost."""

    max_copy: int = 20 * 10**9
    """Bytes that one volume or folder may hold to be copied."""


class UpdateSection(Struct, frozen=True, kw_only=True):
    """`[update]`: what is left of an update that was kept."""

    keep: float = 0.0
    """Seconds for which what ran before can still be put back."""


class BrowserSection(Struct, frozen=True, kw_only=True):
    """`[browser]`: where browsers run."""

    endpoint: str = ""
    """The address of a server of Playwright; empty: this machine. It may hold a token."""

    def __repr__(self) -> str:
        return "BrowserSection(…)"


class Channel(Struct, frozen=True, kw_only=True):
    """`[[notify]]`: who is told what changed; addresses and tokens are in the environment."""

    kind: Literal["webhook", "ntfy", "apprise", "gatus", "kuma", "healthchecks"]
    url_env: str
    token_env: str = ""
    group: str = ""
    each: str = "service"

    @property
    def name(self) -> str:
        """How it is called in what a person reads."""
        return f"{self.kind} ({self.url_env})"


class Config(Struct, frozen=True, kw_only=True):
    """Everything that a user can set, with the defaults filled in."""

    root: Path
    """The stack's folder."""
    file: str = ""
    """The file that was read, or empty when there is none."""
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
    origins: Mapping[str, str] = field(default_factory=dict)
    """`section.key` → where its value came from; a key that is not listed has its default."""

    def service(self, name: str) -> ServiceSection:
        """The section of a service, or the defaults."""
        return self.services.get(name, ServiceSection())
