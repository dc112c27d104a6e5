"""What the stacks of `campaigns.night_faults` are made of, and what breaks them."""

import datetime as dt
import functools
import re
import socket
import subprocess
import sys
import time
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
DOOR_ALONE = f"""\
  door:
    image: {DOOR}
    ports: ["127.0.0.1::80"]
    volumes: ["./conf.d:/etc/nginx/conf.d:ro"]
"""
DOOR_SERVICE = f"{DOOR_ALONE}    depends_on: [wiki]\n"
"""Started by Compose alone, nginx has to come second."""
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
[services.door]
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


def _docker(*words: str) -> None:
    subprocess.run(["docker", *words], check=True, stdout=subprocess.DEVNULL)


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


def edit(name: str, old: str, new: str) -> Callable[[SmallStack], None]:
    """Replace a text in a file of the stack."""

    def replace_text(stack: SmallStack) -> None:
        file = stack.root / name
        file.write_text(file.read_text().replace(old, new))

    return replace_text


@functools.cache
def _pki() -> Pki:
    return Pki(now())


def certificate(ends: dt.timedelta, host: str = "*.home.test") -> Callable[[SmallStack], None]:
    """Put a certificate of the authority into the place where the front door reads it."""

    def write(stack: SmallStack) -> None:
        pki = _pki()
        leaf = pki.leaf(names=[x509.DNSName(host)], not_before=-90 * DAY, not_after=ends)
        folder = stack.root / "certs"
        folder.mkdir(exist_ok=True)
        written = write_server_files(leaf, folder)
        written.replace(folder / "home.pem")
        pem = pki.root.certificate.public_bytes(serialization.Encoding.PEM)
        (stack.root / "ca.pem").write_bytes(pem)

    return write


def in_turn(*steps: Callable[[SmallStack], object]) -> Callable[[SmallStack], None]:
    """Several things that happen to a stack, one after the other."""

    def take(stack: SmallStack) -> None:
        for step in steps:
            step(stack)

    return take


def compose(*words: str) -> Callable[[SmallStack], None]:
    """A `docker compose` command in the folder of the stack."""
    return lambda stack: print(in_stack(stack, *words), end="", file=sys.stderr)


def restart_alone(service: str) -> Callable[[SmallStack], None]:
    """What the engine does when a program ends: Compose itself restarts its tenants as well."""
    return lambda stack: _docker("restart", "--time", "0", f"{stack.name}-{service}-1")


def disconnect(service: str) -> Callable[[SmallStack], None]:
    """Take a running container off its network."""
    container = f"-{service}-1"
    return lambda stack: _docker(
        "network", "disconnect", f"{stack.name}_default", stack.name + container
    )


def remake_network(stack: SmallStack) -> None:
    """Remove the network of a stack that is stopped, and start it as it was: nothing starts."""
    in_stack(stack, "stop", "--timeout", "0")
    _docker("network", "rm", f"{stack.name}_default")
    in_stack(stack, "start")


def track(stack: SmallStack) -> None:
    """Commit `app.conf`, and lose it."""
    for words in (("init", "-q"), ("add", "app.conf"), ("commit", "-qm", "x", "--no-verify")):
        identity = ("-c", "user.name=x", "-c", "user.email=x@x.test")
        subprocess.run(["git", *identity, *words], cwd=stack.root, check=True)
    (stack.root / "app.conf").unlink()


def own_folder(mode: int) -> Callable[[SmallStack], None]:
    """Make the folder `data`, which belongs to root."""

    def make(stack: SmallStack) -> None:
        (stack.root / "data").mkdir()
        (stack.root / "data").chmod(mode)

    return make


def wait_for_door(stack: SmallStack) -> None:
    """Return when the front door has read its files: then it answers."""
    ports = (in_stack(stack, "port", "door", port).strip() for port in ("80", "443"))
    host, _, port = next(filter(re.compile(r":[1-9]\d*$").search, ports)).rpartition(":")
    deadline = time.monotonic() + 60
    while not _answers(host, int(port)):
        if time.monotonic() > deadline:
            raise TimeoutError("the front door does not answer")
        time.sleep(0.1)


def _answers(host: str, port: int) -> bool:
    """Whether bytes come back: the engine's proxy takes a connection before anybody listens."""
    try:
        with socket.create_connection((host, port), timeout=2.0) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(1) != b""
    except OSError:
        return False


def hold_port(stack: SmallStack) -> None:
    """A program of this machine that listens where the front door wants to, at `$PORT`."""
    listener = socket.create_server(("127.0.0.1", 0))
    (stack.root / ".env").write_text(f"PORT={listener.getsockname()[1]}\n")
    code = f"import socket, time; s = socket.socket(fileno={listener.fileno()}); time.sleep(300)"
    stack.start_program([sys.executable, "-c", code], keep=listener.fileno())
    listener.close()


def routed(conf: str = PROXY) -> dict[str, str]:
    """The files of a front door and its stack."""
    return {"conf.d/apps.conf": conf, "stacktest.toml": SETTINGS}


def app(code: str, more: str = "") -> str:
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
SIGN_IN = """\
import os, socket, sys
s = socket.create_connection(("store", 6379))
s.sendall(b"AUTH " + os.environ["CACHE_PASSWORD"].encode() + b"\\r\\n")
answer = s.recv(200).decode()
sys.exit(answer) if answer.startswith("-") else None
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
DATABASE = """\
  store:
    image: stacktest/postgres:15
    stop_grace_period: 0s
    environment: {POSTGRES_USER: postgres, POSTGRES_PASSWORD: "${PASSWORD}"}
    volumes: ["data:/var/lib/postgresql/data"]
    # As the official image does it: the password is that of the first start.
    entrypoint:
      - sh
      - -c
      - |
        socket=/var/run/postgresql
        if [ -e "$$PGDATA/first" ]; then
          exec postgres -c listen_addresses='*' -c unix_socket_directories=$$socket
        fi
        touch "$$PGDATA/first" && exec start
    healthcheck: {test: ["CMD", "pg_isready", "-h", "127.0.0.1"], interval: 1s, retries: 30}
"""
CLIENT = """\
  app:
    image: stacktest/postgres:15
    stop_grace_period: 0s
    depends_on: {store: {condition: service_healthy}}
    environment: {PGPASSWORD: "${PASSWORD}"}
    entrypoint: ["sh", "-c", "psql -q -h store -U postgres -c 'select 1' && exec sleep 3600"]
"""
