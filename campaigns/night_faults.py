"""The faults of `campaigns.three_in_the_morning`: a small stack each, broken in one way.

A fault has a stack that runs and is broken, or that breaks while it starts; what the first two
lines have to say; and what holds after the printed command: the tests pass, or it shows something.
"""

import datetime as dt
import functools
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from campaigns.pki import DAY, Pki, write_server_files
from campaigns.small_stack import SmallStack
from stacktest.bootstrap.context import now

WEB = "stacktest/stand-in:1"
DOOR = "stacktest/nginx:1.22"
STORE = "stacktest/redis:7.0"

PROXY = """\
server {
    listen 80;
    server_name wiki.home.test;
    location / {
        proxy_pass http://wiki:8080;
        proxy_set_header Host $host;
    }
}
"""
DOOR_SERVICE = f"""\
  door:
    image: {DOOR}
    ports: ["127.0.0.1::80"]
    volumes: ["./conf.d:/etc/nginx/conf.d:ro"]
"""
WIKI = f"""\
  wiki:
    image: {WEB}
    entrypoint: ["python3", "-u", "-m", "http.server", "8080", "--directory", "/usr/share"]
    stop_grace_period: 0s
"""
SETTINGS = """\
[stack]
front_door = "door"
routes = ["nginx:conf.d/apps.conf"]
domain = "home.test"
[services.wiki]
timeout = "8s"
"""
VISIT = """\
import pytest

@pytest.mark.service("wiki")
def test_it_answers(api):
    assert api("wiki").get("/").status_code == 200
"""
RUNS = """\
import pytest

@pytest.mark.service("SERVICE")
def test_it_runs(inside):
    assert inside("SERVICE").run("true").code == 0
"""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One seeded fault."""

    name: str
    services: str
    culprit: str
    """The service that `why` is asked about."""
    cause: str
    """A regular expression that the first two lines satisfy."""
    test: str = VISIT
    files: Mapping[str, str] = field(default_factory=dict)
    breaks: Callable[[SmallStack], None] = lambda _: None
    """What happens to the stack once it is up."""
    prepare: Callable[[SmallStack], None] = lambda _: None
    """What is made in its folder before it is started."""
    before: Callable[[SmallStack], None] | None = None
    """What the hint asks a person to do before the command."""
    shows: str = ""
    """A regular expression for what the command prints, where it is not the cure."""
    has_started: bool = True
    """Whether somebody has started the stack before the tests."""


def in_stack(stack: SmallStack, *words: str) -> str:
    """What a `docker compose` command prints, whatever it ends with."""
    done = subprocess.run(
        ["docker", "compose", *words],
        cwd=stack.root,
        capture_output=True,
        text=True,
        check=False,
        env=stack.variables({}),
    )
    return done.stdout + done.stderr


@functools.cache
def _pki() -> Pki:
    return Pki(now())


def _certificate(ends: dt.timedelta) -> Callable[[SmallStack], None]:
    """Put a certificate of the authority into the place where the front door reads it."""

    def write(stack: SmallStack) -> None:
        pki = _pki()
        leaf = pki.leaf(names=[x509.DNSName("*.home.test")], not_before=-90 * DAY, not_after=ends)
        folder = stack.root / "certs"
        folder.mkdir(exist_ok=True)
        written = write_server_files(leaf, folder)
        written.replace(folder / "home.pem")
        pem = pki.root.certificate.public_bytes(serialization.Encoding.PEM)
        (stack.root / "ca.pem").write_bytes(pem)

    return write


def _track(stack: SmallStack) -> None:
    """Commit `app.conf`, and lose it."""
    for words in (("init", "-q"), ("add", "app.conf"), ("commit", "-qm", "x", "--no-verify")):
        identity = ("-c", "user.name=x", "-c", "user.email=x@x.test")
        subprocess.run(["git", *identity, *words], cwd=stack.root, check=True)
    (stack.root / "app.conf").unlink()


def _own_folder(mode: int) -> Callable[[SmallStack], None]:
    def make(stack: SmallStack) -> None:
        (stack.root / "data").mkdir()
        (stack.root / "data").chmod(mode)

    return make


def _door(conf: str = PROXY) -> dict[str, str]:
    return {"conf.d/apps.conf": conf, "stacktest.toml": SETTINGS}


def _app(code: str, more: str = "") -> str:
    """A program that does something, and then serves."""
    serve = "import http.server as h; h.HTTPServer(('', 8080), h.SimpleHTTPRequestHandler).serve_forever()"
    program = f"{code}\n{serve}".replace("\n", "\n        ")
    return (
        f"  app:\n    image: {WEB}\n    stop_grace_period: 0s\n{more}"
        f'    entrypoint: ["python3", "-u", "-c"]\n    command:\n      - |\n        {program}\n'
    )


STORE_SERVICE = f"""\
  store:
    image: {STORE}
    stop_grace_period: 0s
    environment: {{STORE_PASSWORD: correct-horse-1}}
    command: ["--requirepass", "correct-horse-1", "--save", ""]
"""
TLS_PROXY = PROXY.replace("listen 80;", "listen 443 ssl;").replace(
    "location",
    "ssl_certificate /certs/home.pem;\n    ssl_certificate_key /certs/home.pem;\n    location",
)
TLS_DOOR = DOOR_SERVICE.replace("::80", "::443").replace(
    'conf.d:ro"]', 'conf.d:ro", "./certs:/certs:ro"]'
)
TLS_SETTINGS = SETTINGS.replace("domain", 'ca = "ca.pem"\ndomain')
RUNS_APP = RUNS.replace("SERVICE", "app")
RUNS_STORE = RUNS.replace("SERVICE", "store")

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="wrong upstream port",
        services=DOOR_SERVICE + WIKI,
        files=_door(PROXY.replace("8080", "8081")),
        culprit="wiki",
        cause=r"wiki\.home\.test → wiki:8081 \(conf\.d/apps\.conf:5\): nothing listens there; "
        r"wiki has 8080",
    ),
    Fault(
        name="misspelt upstream",
        services=DOOR_SERVICE + WIKI,
        files=_door(PROXY.replace("wiki:8080", "wikii:8080")),
        test=VISIT.replace('"wiki")\ndef', '"door")\ndef').replace(
            'api("wiki")', 'api("wiki.home.test")'
        ),
        culprit="door",
        cause=r"wikii:8080 \(conf\.d/apps\.conf:5\): no service is called wikii; there is wiki",
    ),
    Fault(
        name="expired certificate",
        services=TLS_DOOR + WIKI,
        files=_door(TLS_PROXY) | {"stacktest.toml": TLS_SETTINGS},
        prepare=_certificate(-DAY / 2),
        before=_certificate(9 * DAY),
        culprit="wiki",
        cause=r"the certificate of \*\.home\.test ended (?:today|yesterday) \(certs/home\.pem\)",
    ),
    Fault(
        name="health check in its own words",
        services=STORE_SERVICE
        + '    healthcheck: {test: ["CMD-SHELL", "redis-cli ping | grep PONG '
        '|| { redis-cli ping; exit 1; }"], interval: 1s, retries: 1}\n',
        test=RUNS_STORE,
        culprit="store",
        cause=r"store is not healthy: NOAUTH",
        shows=r"NOAUTH",
    ),
    Fault(
        name="health check without its command",
        services=_app(
            "",
            '    healthcheck: {test: ["CMD", "wget", "-q", "http://localhost:8080/"], interval: 1s, retries: 1}\n',
        ),
        test=RUNS_APP,
        culprit="app",
        cause=r"app is not healthy: its health check runs wget, which its image does not have",
        shows=r"/curl",
    ),
    Fault(
        name="a program that ends",
        services=_app("import os; os.environ['DATABASE']"),
        test=RUNS_APP,
        culprit="app",
        cause=r"app exited 1: KeyError: 'DATABASE'",
        shows=r"KeyError: 'DATABASE'",
    ),
    Fault(
        name="a mounted file that became a folder",
        services=_app(
            "open('/etc/app.conf').read()", '    volumes: ["./app.conf:/etc/app.conf"]\n'
        ),
        files={"app.conf": "x\n"},
        prepare=_track,
        test=RUNS_APP,
        culprit="app",
        cause=r"app has an empty folder at /etc/app\.conf: app\.conf was not there",
    ),
    Fault(
        name="no right to a folder",
        services=_app(
            "open('/data/x', 'w')", '    user: "10001:999"\n    volumes: ["./data:/data"]\n'
        ),
        prepare=_own_folder(0o755),
        test=RUNS_APP,
        culprit="app",
        cause=r"app may not write /data: it runs as 10001:999, and data belongs to 0:0",
    ),
)
