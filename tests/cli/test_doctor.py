"""`stacktest doctor`: each thing is fine, or comes with the fix; nothing hides anything else."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.socket import EngineSocket, Reply
from stacktest.adapters.names import NameMap
from stacktest.adapters.tls import CertificateFacts
from stacktest.application import doctor
from stacktest.application.doctor_engine import check_clock
from stacktest.bootstrap import context
from stacktest.bootstrap.context import Project
from stacktest.cli import cli
from stacktest.core.changed_copy import replace
from stacktest.core.diagnosis.facts import PortHolder
from stacktest.core.engine_facts import EngineFacts
from stacktest.core.model import Mount, Port, Service, Stack
from stacktest.core.route import Listener, Route
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


def checked(name: str, **check: str) -> Service:
    stanza = {"healthcheck": {"test": ["CMD", "true"], **check}}
    return Service(name=name, has_healthcheck=bool(check), definition=stanza)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A stack of one quick service on a machine where everything is fine."""
    found = Project(tmp_path, {})
    services = {"web": checked("web", interval="2s")}
    vars(found)["stack"] = Stack(name="shop", root=tmp_path, services=services)
    monkeypatch.setattr(context, "find_project", lambda _: found)
    monkeypatch.setattr(context, "now", lambda: NOW)
    monkeypatch.setattr(
        "stacktest.application.doctor_browser.shutil.which", lambda name: f"/usr/bin/{name}"
    )
    monkeypatch.setattr(Engine, "version", lambda _: "28.2.2")
    monkeypatch.setattr(Compose, "version", lambda _: (2, 36, 0))
    answer = json.dumps({"SystemTime": "2026-03-01T12:00:00.123456789Z"}).encode()
    monkeypatch.setattr(EngineSocket, "ask", lambda *_: Reply(status=200, body=answer))
    monkeypatch.setattr(
        "stacktest.adapters.git.repository.why_not", lambda _: Unknown("no repository")
    )
    return found


def said(code: int = 0) -> list[str]:
    done = CliRunner().invoke(cli, ["doctor"])
    assert done.exit_code == code, done.output
    return done.output.splitlines()


def test_the_whole_of_it(project: Project) -> None:
    assert said() == [
        "ok  engine   28.2.2",
        "ok  limits   the engine enforces them",
        "ok  health   the engine runs health checks",
        "ok  compose  2.36.0",
        "ok  clock    agrees with the engine's",
        "ok  browser  /usr/bin/chromium-headless-shell",
        "ok  certutil /usr/bin/certutil",
        "ok  stack    shop: 1 service, 0 routes",
        "ok  config   no stacktest.toml yet: stacktest init",
        "ok  vars     every variable of the files is set",
        "ok  external every network and volume is made by the stack",
        "ok  key      .stacktest/key is made when needed",
        "ok  ca       none: the system's trust serves",
        "ok  leaf     no host name is routed",
        "ok  names    no domain is configured",
        "ok  ports    no front door is configured",
        "ok  start    health checks begin within 5 s",
        "ok  images   built here, or named by digest",
        "--  git      no repository",
        "             fix: keep the stack in a git repository: pages are compared by its history",
        "ok  notify   no channel is configured",
    ]


def test_external_networks_and_volumes_that_are_missing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = Unknown("there is none")
    monkeypatch.setattr(Engine, "network", lambda _, name: missing if name == "edge" else {})
    monkeypatch.setattr(Engine, "volume", lambda _, name: missing)
    mount = Mount(kind="volume", source="photos", target="/photos")
    services = {
        "web": replace(checked("web", interval="2s"), networks=("proxy", "here"), mounts=(mount,)),
        "app": replace(checked("app", interval="2s"), networks=("proxy",)),
    }
    definitions = {
        "networks": {
            "proxy": {"name": "edge", "external": True},
            "here": {"name": "shop_here"},
            "unused": {"name": "gone", "external": True},
        },
        "volumes": {"photos": {"name": "photos", "external": True}, "own": None},
    }
    vars(project)["stack"] = replace(project.stack, services=services, definitions=definitions)
    place = said().index(
        "--  external the network edge, which app and web need, does not exist; the volume photos, "
        "which web needs, does not exist"
    )
    fix = "             fix: docker network create edge && docker volume create photos"
    assert said()[place + 1] == fix
    missing_network = replace(project.stack, definitions={"networks": definitions["networks"]})
    vars(project)["stack"] = missing_network
    monkeypatch.setattr(Engine, "network", lambda _, name: {})
    assert "ok  external edge" in said()


def test_a_key_that_cannot_be_used(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKTEST_KEY", "hunter2")
    lines = said(2)
    place = lines.index(
        "--  key      the variable STACKTEST_KEY is not 64 hex digits, so every service is an error"
    )
    assert lines[place + 1] == (
        "             fix: set STACKTEST_KEY to the key of the recorded passes, or unset STACKTEST_KEY, "
        "after which they are renewed"
    )
    assert "hunter2" not in "".join(lines)
    monkeypatch.setenv("STACKTEST_KEY", "0a" * 32)
    assert "ok  key      STACKTEST_KEY" in said()
    monkeypatch.delenv("STACKTEST_KEY")
    (project.root / ".stacktest").mkdir()
    (project.root / ".stacktest/key").write_text("0a")
    assert "--  key      .stacktest/key is not 64 hex digits, so every service is an error" in said(
        2
    )


def test_a_browser_server(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "ws://browsers.test:3000/Canary-7"
    vars(project)["_environ"] = {"STACKTEST_BROWSER_ENDPOINT": address}
    checking = "stacktest.adapters.browser.server_check"
    monkeypatch.setattr(f"{checking}.client_version", lambda: "1.65.2")
    monkeypatch.setattr(f"{checking}.engines_of", lambda _: {"chromium": "156.0", "webkit": "26"})
    engines = "chromium 156.0, webkit 26"
    (line,) = (line for line in said() if " browser " in line)
    assert line == (f"ok  browser  ws://browsers.test:3000, Playwright as here (1.65.2): {engines}")
    assert not [line for line in said() if " certutil " in line]


def test_a_browser_server_without_browsers(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    vars(project)["_environ"] = {"STACKTEST_BROWSER_ENDPOINT": "ws://browsers.test/Canary-7"}
    monkeypatch.setattr("stacktest.adapters.browser.server_check.engines_of", lambda _: {})
    lines = said(12)
    number = next(number for number, line in enumerate(lines) if " browser " in line)
    what = "the browser server at ws://browsers.test:80 starts none of chromium, firefox, webkit"
    fix = "on that machine: playwright install --with-deps chromium"
    assert lines[number : number + 2] == [f"--  browser  {what}", f"             fix: {fix}"]


def test_no_engine_hides_nothing_else(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> None:
        raise ToolMissingError("the engine does not answer", hint="start it")

    monkeypatch.setattr(Engine, "version", silent)
    monkeypatch.setattr(EngineSocket, "ask", silent)
    assert said(12)[:6] == [
        "--  engine   the engine does not answer",
        "             fix: start it",
        "--  limits   not known: see engine",
        "--  health   not known: see engine",
        "ok  compose  2.36.0",
        "--  clock    not known: see engine",
    ]


def test_a_slow_engine_is_not_a_wrong_clock(project: Project) -> None:
    moments = iter([NOW - dt.timedelta(seconds=8), NOW + dt.timedelta(seconds=8)])
    assert check_clock(lambda: next(moments)).is_fine


def test_an_engine_that_cannot_all(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = EngineFacts(
        identity="a", unenforced=("memory",), why="it cannot", runs_health_checks=False
    )
    monkeypatch.setattr(Engine, "facts", lambda _: facts)
    lines = said()
    assert "--  limits   limits of memory are not enforced: it cannot" in lines
    assert any(line.startswith("--  health   Podman runs health checks") for line in lines)


@pytest.mark.parametrize("seconds", [-60, 60])
def test_two_clocks(project: Project, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    monkeypatch.setattr(context, "now", lambda: NOW + dt.timedelta(seconds=seconds))
    assert "--  clock    the engine's clock is 60 s away from this one" in said()


@pytest.mark.parametrize(
    ("version", "late", "fix"),
    [
        (
            "28.2.2",
            "late 90 s, silent 30 s, longer 7 s",
            "give their healthcheck `start_period: 60s` and `start_interval: 2s`",
        ),
        (
            "20.10.24+dfsg1",
            "late 90 s, default 30 s, early 30 s, silent 30 s",
            "give their healthcheck a shorter `interval` (Engine 25 has `start_interval`)",
        ),
    ],
)
def test_checks_that_begin_late(
    project: Project, monkeypatch: pytest.MonkeyPatch, version: str, late: str, fix: str
) -> None:
    monkeypatch.setattr(Engine, "version", lambda _: version)
    services = (
        checked("none"),
        checked("early", interval="30s", start_period="1m0s", start_interval="500ms"),
        checked("default", interval="", start_period="10s"),
        checked("late", interval="1m30s"),
        checked("longer", interval="1s", start_period="10s", start_interval="7s"),
        checked("silent", timeout="3s"),
    )
    found = {each.name: each for each in services}
    vars(project)["stack"] = Stack(name="shop", root=project.root, services=found)
    lines = said()
    at = lines.index(f"--  start    the engine first looks at their health after: {late}")
    assert lines[at + 1].strip() == f"fix: {fix}"


def test_a_port_that_somebody_else_has(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Service(name="caddy", ports=(Port(target=443, published=9443),))
    stack = Stack(
        name="shop", root=project.root, services={"caddy": door}, front_door="caddy", domain=""
    )
    vars(project)["stack"] = stack
    monkeypatch.setattr(Engine, "containers", lambda *_: ())
    monkeypatch.setattr(doctor, "_is_taken", lambda *_: True)
    monkeypatch.setattr(doctor, "holder_of", lambda *_args, **_options: None)
    assert "--  ports    9443: taken by another program" in said(2)
    holder = PortHolder(name="nginx (pid 812)", command="kill 812")
    monkeypatch.setattr(doctor, "holder_of", lambda *_, **__: holder)
    lines = said(2)
    number = lines.index("--  ports    9443: taken by nginx (pid 812)")
    assert lines[number + 1].endswith("fix: kill 812, or publish caddy elsewhere")
    vars(project)["stack"] = replace(stack, denies_egress=True)
    assert 'ok  ports    none is published, since `egress` is "deny"' in said()


def leaf(
    why: str = "", *, strict_why: str = "", days: float = 90, age: float = 1
) -> CertificateFacts:
    return CertificateFacts(
        subject="",
        names=(),
        issuer="",
        not_before=NOW - dt.timedelta(days=age),
        not_after=NOW + dt.timedelta(days=days),
        extended_key_usage=(),
        key_usage=(),
        is_ca=False,
        verified=not why,
        why=why,
        tls="TLSv1.3",
        strict_why=strict_why or why,
    )


@pytest.fixture
def presents(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> Callable[[CertificateFacts | OSError], None]:
    """What the front door of a stack with one host name presents."""
    stack = vars(project)["stack"]
    vars(project)["stack"] = replace(stack, routes=(Route(host="app.test", service="web"),))
    names = NameMap(hosts=("app.test",), doors={443: ("127.0.0.1", 9443)})
    monkeypatch.setattr(Project, "names", names)

    def present(answer: CertificateFacts | OSError) -> None:
        def facts(*_: object, **__: object) -> CertificateFacts:
            if isinstance(answer, OSError):
                raise answer
            return answer

        monkeypatch.setattr("stacktest.adapters.tls.certificate_facts", facts)

    return present


def test_a_front_door_with_tls_at_another_port(
    presents: Callable[[CertificateFacts | OSError], None],
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    presents(leaf("certificate has expired"))
    names = NameMap(hosts=("app.test",), doors={9443: ("127.0.0.1", 9443)})
    monkeypatch.setattr(Project, "names", names)
    assert "ok  leaf     the front door publishes no port 443" in said()
    listeners = (Listener(port=80, tls=False), Listener(port=9443, tls=True))
    route = Route(host="app.test", service="web", listeners=listeners)
    vars(project)["stack"] = replace(project.stack, routes=(route,))
    assert "--  leaf     app.test: certificate has expired" in said(2)


def test_the_fix_of_an_expired_certificate_is_a_newer_one(
    presents: Callable[[CertificateFacts | OSError], None],
) -> None:
    presents(leaf("certificate has expired", days=-1))
    lines = said(2)
    at = lines.index("--  leaf     app.test: certificate has expired")
    assert lines[at + 1].strip() == "fix: renew the certificate"
    presents(leaf("unable to get local issuer certificate"))
    lines = said(2)
    at = lines.index("--  leaf     app.test: unable to get local issuer certificate")
    assert lines[at + 1].strip().startswith("fix: sign the certificate by the CA under [stack]")


def test_the_certificate_needs_no_name_of_this_machine(
    presents: Callable[[CertificateFacts | OSError], None], project: Project
) -> None:
    presents(leaf("Hostname mismatch"))
    names = (Route(host="localhost", service="web"),)
    vars(project)["stack"] = replace(project.stack, routes=names)
    assert "ok  leaf     0 host names, verified" in said()


@pytest.mark.case("field/b32")
@pytest.mark.parametrize(
    ("answer", "code", "line"),
    [
        (leaf(), 0, "ok  leaf     1 host name, verified"),
        (leaf("Hostname mismatch"), 2, "--  leaf     app.test: Hostname mismatch"),
        (leaf(days=3, age=87), 0, "--  leaf     app.test: expires in 3 days"),
        (leaf(days=13, age=77), 0, "--  leaf     app.test: expires in 13 days"),
        (leaf(days=14, age=76), 0, "ok  leaf     1 host name, verified"),
        (leaf(days=0.3, age=0.2), 0, "ok  leaf     1 host name, verified"),
        (leaf(days=0.05, age=0.45), 0, "--  leaf     app.test: expires in 1 hour"),
        (leaf(days=5, age=1), 0, "ok  leaf     1 host name, verified"),
        (
            leaf(strict_why="Missing Authority Key Identifier"),
            0,
            (
                "--  leaf     app.test: Missing Authority Key Identifier; stacktest and browsers accept "
                "it, programs that verify strictly (Python 3.13 and later) do not"
            ),
        ),
        (
            ConnectionRefusedError(111, "Connection refused"),
            0,
            "ok  leaf     not known: no TLS answer for app.test (Connection refused)",
        ),
    ],
)
def test_what_the_front_door_presents(
    presents: Callable[[CertificateFacts | OSError], None],
    answer: ConnectionRefusedError | CertificateFacts,
    code: int,
    line: str,
) -> None:
    presents(answer)
    assert line in said(code)


@pytest.mark.parametrize(("target", "what"), [(443, "does not run"), (80, "publishes no port 443")])
def test_a_front_door_at_a_port_that_the_engine_chooses(
    project: Project, monkeypatch: pytest.MonkeyPatch, target: int, what: str
) -> None:
    services = {"web": replace(checked("web", interval="2s"), ports=(Port(target=target),))}
    routes = (Route(host="app.test", service="web"),)
    vars(project)["stack"] = replace(
        project.stack, services=services, front_door="web", routes=routes
    )
    monkeypatch.setattr(Project, "names", NameMap(hosts=("app.test",)))
    monkeypatch.setattr(Engine, "containers", lambda *_: ())
    assert f"ok  leaf     the front door {what}" in said()


@pytest.mark.case("field/b29")
def test_a_ca_that_the_stack_makes_itself_may_be_absent(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Project, "ca", project.root / "data" / "root.crt")
    monkeypatch.setattr(Engine, "containers", lambda *_, **__: ())
    assert any("cannot be read" in line for line in said(2))
    mount = Mount(kind="bind", source=str(project.root / "data"), target="/data")
    services = {"door": Service(name="door", mounts=(mount,))}
    vars(project)["stack"] = Stack(name="shop", root=project.root, services=services)
    vars(project).pop("_ca_maker", None)
    assert any("is made by the stack at its first start" in line for line in said())
    read_only = replace(mount, read_only=True)
    services = {"door": Service(name="door", mounts=(read_only,))}
    vars(project)["stack"] = Stack(name="shop", root=project.root, services=services)
    vars(project).pop("_ca_maker", None)
    assert any("cannot be read" in line for line in said(2))


@pytest.mark.case("field/b16")
def test_a_variable_that_nothing_sets_is_named_once_with_its_keys(project: Project) -> None:
    unset = {"APP_HOST": ("services.web.environment", "services.web.labels")}
    vars(project)["stack"] = replace(project.stack, unset_variables=unset)
    lines = said()
    place = lines.index(
        "--  vars     APP_HOST is not set: services.web.environment, services.web.labels"
    )
    assert lines[place + 1].strip() == (
        "fix: set APP_HOST in .env, or write a default: ${APP_HOST:-value}"
    )


def test_a_channel_whose_variable_is_not_set_is_named_with_the_way_to_try_it(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stacktest.toml").write_text(
        '[[notify]]\nkind = "ntfy"\nurl_env = "NTFY_URL"\ntoken_env = "NTFY_TOKEN"\n'
    )
    monkeypatch.setenv("NTFY_TOKEN", "t")
    monkeypatch.delenv("NTFY_URL", raising=False)
    lines = said()
    assert lines[-2:] == [
        "--  notify   NTFY_URL is not set, so ntfy (NTFY_URL) is told nothing",
        "             fix: set NTFY_URL, then: stacktest notify --test",
    ]
    monkeypatch.setenv("NTFY_URL", "https://ntfy.example/x")
    assert said()[-1] == "ok  notify   ntfy (NTFY_URL)"


CADDYFILE = "wiki.home.lan {\n\ttls /certs/a.crt /certs/a.key\n\treverse_proxy wiki:8080\n}\n"
COMPOSE = """\
name: shop
services:
  door:
    image: caddy:2
    ports: ["443:443"]
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile:ro"]
  wiki:
    image: wiki:1
"""


@pytest.mark.processes
def test_before_init_the_stack_is_that_of_the_compose_file_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    (tmp_path / "Caddyfile").write_text(CADDYFILE)
    (tmp_path / "certs").mkdir()
    trustme.CA().cert_pem.write_to_path(tmp_path / "certs/ca.crt")
    monkeypatch.chdir(tmp_path)
    findings = {
        finding["subject"]: finding
        for finding in json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).output)
    }
    assert findings["stack"]["said"] == "shop: 2 services, 1 route"
    assert findings["config"]["said"] == "no stacktest.toml yet: stacktest init"
    assert "ca.crt" in str(findings["ca"])
    assert findings["ca"]["ok"] is True
    assert {"engine", "compose", "browser", "certutil", "ports", "git"} <= set(findings)


def test_a_configuration_that_cannot_be_read_hides_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stacktest.toml").write_text("[stack]\nfrontdoor = 'door'\n")
    monkeypatch.chdir(tmp_path)
    lines = CliRunner().invoke(cli, ["doctor"]).output.splitlines()
    assert lines[:2] == [
        f"--  stack    unknown key 'frontdoor' ({tmp_path}/stacktest.toml:stack.frontdoor)",
        "             fix: did you mean 'front_door' or 'door'?",
    ]
    assert any(" engine " in line for line in lines)


def test_without_a_compose_file_the_machine_is_examined_and_the_stack_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["doctor"])
    assert done.output.splitlines()[:2] == [
        f"--  stack    no compose file here ({tmp_path})",
        "             fix: add compose.yaml, or name the stack's folder: --stack DIR",
    ]
    assert done.exit_code != 0
    assert any(" engine " in line for line in done.output.splitlines())


def test_images_that_the_files_name_by_a_tag(project: Project) -> None:
    pinned = "app@sha256:" + "a" * 64
    images = {"tagged": "app:1", "pinned": pinned}
    services = {name: Service(name=name, image=image) for name, image in images.items()}
    vars(project)["stack"] = Stack(name="shop", root=project.root, services=services)
    assert "ok  images   by a tag, which can move: tagged" in said()


def test_a_port_that_the_engine_chooses_is_called_so(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = (Port(target=443), Port(target=80), Port(target=81, published=8081))
    services = {"web": replace(checked("web", interval="2s"), ports=ports)}
    vars(project)["stack"] = replace(project.stack, services=services, front_door="web")
    monkeypatch.setattr(Engine, "containers", lambda *_: [])
    assert "ok  ports    web publishes a port that the engine chooses, 8081" in said()
