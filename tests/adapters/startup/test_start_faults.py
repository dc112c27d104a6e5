"""Stacks that cannot come up: one message names service, cause and next command, nothing is left.

Each row of `FAULTS` is a whole compose project with one fault in it.
"""

import re
from dataclasses import dataclass, field

import pytest

from stacktest.core.changed_copy import replace
from stacktest.errors import StacktestError
from tests.support.compose_project import Project

pytestmark = pytest.mark.real_docker


@dataclass(frozen=True, kw_only=True)
class Fault:
    name: str
    compose: str
    what: str
    hint: str
    service: str = ""
    exit_code: int = 10
    where: str = ""
    says: tuple[str, ...] = ()
    """Further lines that the message has to contain."""
    files: dict[str, str] = field(default_factory=dict)
    ask: tuple[str, ...] = ()
    rules: dict[str, str] = field(default_factory=dict)
    timeouts: dict[str, float] = field(default_factory=dict)
    case: str = ""


OK = "{image: IMAGE, init: true, command: [sleep, infinity]}"

FAULTS = (
    Fault(
        name="exits-at-once",
        compose="""
services:
  app: {image: IMAGE, command: [sh, -c, "echo the config file is empty; exit 3"]}
""",
        service="app",
        what="app exited 3",
        says=("exit code 3, not killed for memory", "| the config file is empty"),
        hint="stacktest up app; docker compose logs app",
    ),
    Fault(
        name="keeps-no-logs",
        compose="""
services:
  app:
    image: IMAGE
    command: [sh, -c, "echo going down; exit 3"]
    logging: {driver: none}
""",
        service="app",
        what="app exited 3",
        says=("last lines of app: its logs cannot be read",),
        hint="docker compose up app",
        case="field/b21",
    ),
    Fault(
        name="exits-after-a-moment",
        compose="""
services:
  app: {image: IMAGE, init: true, command: [sh, -c, "sleep 0.3; echo gave up; exit 3"]}
""",
        service="app",
        what="app exited 3",
        says=("| gave up",),
        hint="stacktest up app; docker compose logs app",
    ),
    Fault(
        name="exits-0-but-should-serve",
        compose="""
services:
  app: {image: IMAGE, command: [sh, -c, "echo nothing to do"]}
""",
        service="app",
        what="app exited 0",
        says=("| nothing to do",),
        hint='if app is a job: services.app.ready = "exited(0)" in stacktest.toml',
    ),
    Fault(
        name="exits-after-it-was-healthy",
        compose="""
services:
  app:
    image: IMAGE
    command: [sh, -c, "sleep 3; echo lost the lease; exit 3"]
    healthcheck: {test: ["CMD", "true"], interval: 1s}
  slow:
    image: IMAGE
    init: true
    command: [sleep, infinity]
    healthcheck: {test: ["CMD", "false"], interval: 1s, retries: 100}
""",
        service="app",
        what="app exited 3 after it was ready",
        says=("| lost the lease",),
        hint="stacktest up app; docker compose logs app",
    ),
    Fault(
        name="crash-loop",
        compose="""
services:
  app:
    image: IMAGE
    restart: unless-stopped
    command: [sh, -c, "echo cannot bind; exit 4"]
""",
        service="app",
        timeouts={"app": 6},
        what="app is in a restart loop, SOME restarts, last exit code 4",
        says=("| cannot bind",),
        hint="stacktest up app; docker compose logs app",
    ),
    Fault(
        name="job-in-a-loop",
        compose="""
services:
  app: {image: IMAGE, restart: always, command: [sh, -c, "echo done"]}
""",
        service="app",
        timeouts={"app": 6},
        what="app is in a restart loop, SOME restarts, last exit code 0",
        says=("| done",),
        hint="if app is a job: services.app.restart: on-failure in the compose file and "
        'services.app.ready = "exited(0)" in stacktest.toml',
    ),
    Fault(
        name="unhealthy",
        compose="""
services:
  app:
    image: IMAGE
    init: true
    command: [sh, -c, "echo listening nowhere; sleep infinity"]
    healthcheck:
      test: ["CMD", "sh", "-c", "echo no answer on 8080; exit 7"]
      interval: 1s
      retries: 1
""",
        service="app",
        what="app is unhealthy",
        says=("last health check: exit 7: no answer on 8080", "| listening nowhere"),
        hint="if it only needs longer to start, raise services.app.healthcheck.start_period in the "
        "compose file; else correct its health check, which is shown by: docker compose config app",
        case="field/b24",
    ),
    Fault(
        name="dependency-unhealthy",
        compose="""
services:
  db:
    image: IMAGE
    init: true
    command: [sh, -c, "echo recovering; sleep infinity"]
    healthcheck: {test: ["CMD", "false"], interval: 1s, retries: 1}
  app:
    image: IMAGE
    init: true
    command: [sleep, infinity]
    depends_on: {db: {condition: service_healthy}}
""",
        ask=("app",),
        service="db",
        what="db is unhealthy",
        says=("last health check: exit 1", "| recovering"),
        hint="if it only needs longer to start, raise services.db.healthcheck.start_period in the "
        "compose file; else correct its health check, which is shown by: docker compose config db",
    ),
    Fault(
        name="dependency-said-why",
        compose="""
services:
  db:
    image: IMAGE
    init: true
    command: [sh, -c, "echo too many connections; sleep infinity"]
  app:
    image: IMAGE
    command: [sh, -c, "sleep 0.5; echo db refused; exit 2"]
    depends_on: [db]
""",
        service="app",
        what="app exited 2",
        says=(
            "| db refused",
            "last lines of db (running), which app depends on:",
            "| too many connections",
        ),
        hint="stacktest up app; docker compose logs app",
    ),
    Fault(
        name="out-of-time",
        compose="""
services:
  app:
    image: IMAGE
    init: true
    command: [sh, -c, "echo still loading; sleep infinity"]
    healthcheck: {test: ["CMD", "false"], interval: 1s, retries: 100}
""",
        timeouts={"app": 2.0},
        service="app",
        what="app was not ready within 2 s, its own timeout, although its health check has "
        "3100 s: health is starting",
        says=("| still loading", "ready means: healthy"),
        hint="raise services.app.timeout in stacktest.toml, or correct `ready`",
    ),
    Fault(
        name="port-never-opens",
        compose="""
services:
  app: {image: IMAGE, init: true, command: [sleep, infinity]}
""",
        rules={"app": "tcp:389"},
        timeouts={"app": 1.5},
        service="app",
        what="app was not ready within 1.5 s: nothing accepts a connection on ADDRESS:389 "
        "([Errno 111] Connection refused)",
        says=("ready means: tcp:389",),
        hint="raise services.app.timeout in stacktest.toml, or correct `ready`",
    ),
    Fault(
        name="out-of-memory",
        compose="""
services:
  app:
    image: IMAGE
    mem_limit: 16m
    memswap_limit: 16m
    command: [sh, -c, "echo filling; exec perl -e '$$x = \\"a\\" x 200_000_000; sleep 9'"]
""",
        service="app",
        what="app was killed for memory (exit 137)",
        says=("exit code 137, killed for memory", "| filling"),
        hint="raise the memory limit of services.app, or give it less to do",
    ),
    Fault(
        name="one-shot-fails",
        compose="""
services:
  migrate: {image: IMAGE, command: [sh, -c, "echo no such table; exit 5"]}
  app:
    image: IMAGE
    init: true
    command: [sleep, infinity]
    depends_on: {migrate: {condition: service_completed_successfully}}
""",
        ask=("app",),
        service="migrate",
        what="migrate exited 5, expected 0",
        says=("| no such table", "ready means: exited(0)"),
        hint="stacktest up migrate; docker compose logs migrate",
    ),
    Fault(
        name="one-shot-never-ends",
        compose="""
services:
  migrate: {image: IMAGE, init: true, command: [sh, -c, "echo waiting for a lock; sleep 99"]}
  app:
    image: IMAGE
    init: true
    command: [sleep, infinity]
    depends_on: {migrate: {condition: service_completed_successfully}}
""",
        ask=("app",),
        timeouts={"migrate": 1.5},
        service="migrate",
        what="migrate was not ready within 1.5 s: has not ended yet (running)",
        says=("| waiting for a lock",),
        hint="raise services.migrate.timeout in stacktest.toml, or correct `ready`",
    ),
    Fault(
        name="command-not-found",
        compose="""
services:
  app: {image: IMAGE, command: [nosuchprogram, --serve]}
""",
        service="app",
        what="app has a command that cannot be run: nosuchprogram",
        hint="correct command or entrypoint in services.app, then: docker compose up -d app",
    ),
    Fault(
        name="read-only-file-system",
        compose="""
services:
  app:
    image: IMAGE
    read_only: true
    command: [sh, -c, "echo started > /var/lib/state || exit 6"]
""",
        service="app",
        what="app exited 6",
        says=("Read-only file system",),
        hint="stacktest up app; docker compose logs app",
    ),
    Fault(
        name="image-missing",
        compose="""
services:
  app: {image: "nosuch.invalid/team/app:1.0", command: [sleep, infinity]}
  other: OK
""",
        service="app",
        what="app has an image that is not here and cannot be pulled",
        hint="correct the image, or build it, then: docker compose up -d app",
        where="services.app in ROOT/compose.yaml",
    ),
    Fault(
        name="build-context-missing",
        compose="""
services:
  app: {build: ./nowhere}
""",
        service="app",
        what="app cannot be built: its build context ROOT/nowhere does not exist",
        hint="create ROOT/nowhere, or correct services.app.build.context, then: docker compose "
        "build app",
    ),
    Fault(
        name="build-fails",
        compose="""
services:
  app: {build: ./ctx}
""",
        files={"ctx/Dockerfile": "FROM stacktest-base:bookworm\nRUN echo no compiler; exit 9\n"},
        service="app",
        what="app cannot be built",
        says=("no compiler",),
        hint="docker compose build --progress plain app",
    ),
    Fault(
        name="external-network-missing",
        compose="""
services:
  app: {image: IMAGE, command: [sleep, infinity], networks: [edge]}
networks: {edge: {external: true, name: t-boot-nosuch-edge}}
""",
        service="app",
        what="app needs the external network t-boot-nosuch-edge, which does not exist",
        hint="docker network create t-boot-nosuch-edge",
    ),
    Fault(
        name="external-volume-missing",
        compose="""
services:
  app: {image: IMAGE, command: [sleep, infinity], volumes: ["data:/data"]}
volumes: {data: {external: true, name: t-boot-nosuch-data}}
""",
        service="app",
        what="app needs the external volume t-boot-nosuch-data, which does not exist",
        hint="docker volume create t-boot-nosuch-data",
    ),
    Fault(
        name="secret-file-missing",
        compose="""
services:
  app: {image: IMAGE, command: [sleep, infinity], secrets: [token]}
secrets: {token: {file: ./token.txt}}
""",
        service="app",
        what="app mounts ROOT/token.txt, which does not exist",
        hint="create ROOT/token.txt, or correct the mount in services.app, then: docker compose up "
        "-d app",
    ),
    Fault(
        name="bind-source-missing",
        compose="""
services:
  app:
    image: IMAGE
    command: [sleep, infinity]
    volumes: [{type: bind, source: ./conf, target: /conf, bind: {create_host_path: false}}]
""",
        service="app",
        what="app mounts ROOT/conf, which does not exist",
        hint="create ROOT/conf, or correct the mount in services.app, then: docker compose up -d app",
    ),
    Fault(
        name="mounts-a-file-on-a-folder",
        compose="""
services:
  app: {image: IMAGE, command: [sleep, infinity], volumes: ["./file:/etc"]}
""",
        files={"file": "x\n"},
        service="app",
        what="app has a mount that cannot be made: ROOT/file",
        hint="check the paths in services.app.volumes, then: docker compose up -d app",
    ),
    Fault(
        name="two-services-one-container-name",
        compose="""
services:
  app: {image: IMAGE, container_name: t-boot-twin}
  app2: {image: IMAGE, container_name: t-boot-twin}
""",
        exit_code=2,
        what="services app and app2 have the same container_name 't-boot-twin'",
        where="services.app2.container_name in compose.yaml",
        hint="give each its own container_name, or remove both",
    ),
    Fault(
        name="no-replicas",
        compose="""
services:
  app: {image: IMAGE, command: [sleep, infinity], deploy: {replicas: 0}}
""",
        service="app",
        what="app has no container: the stack asks for none of it",
        hint="ask for at least one, or do not test this service",
    ),
    Fault(
        name="circle",
        compose="""
services:
  app: {image: IMAGE, depends_on: [db]}
  db: {image: IMAGE, depends_on: [app]}
""",
        exit_code=2,
        what="services depend on one another in a cycle: app -> db -> app",
        where="depends_on in compose.yaml",
        hint="remove one of these depends_on entries",
    ),
    Fault(
        name="unknown-dependency",
        compose="""
services:
  app: {image: IMAGE, depends_on: [database]}
""",
        exit_code=2,
        what="service app depends on database, which is not defined",
        where="services.app.depends_on in compose.yaml",
        hint="define services.database or remove it from depends_on",
    ),
    Fault(
        name="env-file-missing",
        compose="""
services:
  app: {image: IMAGE, env_file: app.env}
""",
        files={"app.env.example": "A=1\n"},
        exit_code=2,
        what="env_file app.env does not exist",
        where="services.app.env_file in compose.yaml",
        hint="cp app.env.example app.env",
    ),
    Fault(
        name="variables-unset",
        compose="""
services:
  app: {image: IMAGE, environment: {A: "${T_BOOT_ONE:?the mail password}", B: "${T_BOOT_TWO:?}"}}
""",
        exit_code=2,
        what="2 variables have no value: T_BOOT_ONE: the mail password; T_BOOT_TWO",
        where="compose.yaml",
        hint="set T_BOOT_ONE, T_BOOT_TWO in .env or in the environment",
    ),
    Fault(
        name="not-yaml",
        compose="""
services:
  app: {image: IMAGE
""",
        exit_code=2,
        what="the compose file is not valid YAML: did not find expected ',' or '}'",
        where="compose.yaml:4",
        hint="correct that line; indentation is by spaces, quotes and brackets in pairs",
    ),
    Fault(
        name="misspelt-key",
        compose="""
services:
  app: {image: IMAGE, prots: ["80:80"]}
""",
        exit_code=2,
        what="services.app: not allowed: prots",
        where="services.app in compose.yaml",
        hint="correct that key; if it is newer than Docker Compose VERSION, update Compose",
    ),
    Fault(
        name="rule-without-check",
        compose="""
services:
  app: {image: IMAGE, init: true, command: [sleep, infinity]}
""",
        rules={"app": "healthy"},
        service="app",
        what="app has no health check to become healthy by",
        hint="give services.app a healthcheck, or another `ready` in stacktest.toml",
    ),
)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(
            fault, id=fault.name, marks=[pytest.mark.case(fault.case)] if fault.case else []
        )
        for fault in FAULTS
    ],
)
def test_one_message_names_service_cause_and_next_command(
    fault: Fault, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A command is printed for the folder that a person stands in.
    monkeypatch.chdir(project.root)
    project.write(fault.compose.replace("OK", OK), fault.files)
    with pytest.raises(StacktestError) as caught:
        project.up(*fault.ask, rules=fault.rules, timeouts=fault.timeouts)
    error = caught.value
    text = re.sub(r"\b\d+\.\d+\.\d+\.\d+\b", "ADDRESS", str(error)).replace(
        str(project.root), "ROOT"
    )
    text = re.sub(r"loop, \d+ restarts", "loop, SOME restarts", text)
    text = re.sub(r"Docker Compose [\d.]+\d", "Docker Compose VERSION", text)
    assert error.exit_code == fault.exit_code, text
    lines = text.splitlines()
    assert lines[0] == f"error: {fault.what}"
    assert lines[-1] == f"  hint: {fault.hint}", text
    if fault.where:
        assert lines[1] == f"  at: {fault.where}"
    for said in fault.says:
        assert said in text
    assert getattr(error, "service", "") == fault.service
    assert project.leftovers() == []


MISSING = {
    "network": "networks: {edge: {external: true, name: t-boot-nosuch}}",
    "volume": "volumes: {data: {external: true, name: t-boot-nosuch}}",
    "subnet": "networks: {edge: {ipam: {config: [{subnet: 10.77.0.0/24, gateway: 10.99.0.1}]}}}",
}
USES = {
    "network": "networks: [edge]",
    "volume": 'volumes: ["data:/x"]',
    "subnet": "networks: [edge]",
}


@pytest.mark.parametrize("kind", MISSING)
def test_what_one_service_lacks_does_not_keep_others_from_being_created(
    project: Project, kind: str
) -> None:
    """Compose wants whatever any service names, whoever is to be created."""
    project.write(f"""
services:
  app: {{image: IMAGE, init: true, command: [sleep, infinity], {USES[kind]}}}
  other: {{image: IMAGE, init: true, command: [sleep, infinity], depends_on: [app]}}
  cache: {{image: IMAGE, init: true, command: [sleep, infinity]}}
{MISSING[kind]}
""")
    purposes = frozenset({frozenset({"cache"})})
    up = project.up(plan=lambda plan: replace(plan, purposes=purposes))
    assert set(up.failures) == {"app", "other"}
    assert set(up.seconds) == {"cache"}
    up.stop()
    # Nor where nobody wants the service that lacks it.
    alone = project.up("cache")
    assert (dict(alone.failures), set(alone.seconds)) == ({}, {"cache"})
    alone.stop()
    assert project.leftovers() == []
