"""The faults of `campaigns.three_in_the_morning`: a small stack each, broken in one way.

A fault has a stack that runs and is broken, or that breaks while it starts; what the first two
lines have to say; and what holds after the printed command: the tests pass, or it shows something.
"""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from campaigns.small_stack import SmallStack

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


def _door(conf: str = PROXY) -> dict[str, str]:
    return {"conf.d/apps.conf": conf, "stacktest.toml": SETTINGS}


def _write(stack: SmallStack, name: str, old: str, new: str) -> None:
    file = stack.root / name
    file.write_text(file.read_text().replace(old, new))


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="wrong upstream port",
        services=DOOR_SERVICE + WIKI,
        files=_door(PROXY.replace("8080", "8081")),
        culprit="wiki",
        cause=r"wiki\.home\.test → wiki:8081 \(conf\.d/apps\.conf:5\): nothing listens there; "
        r"wiki has 8080",
    ),
)
