"""A report names the service and the cause, and never shows a secret."""

from pathlib import Path
from typing import cast

import pytest

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.startup.failure_report import (
    NotReadyError,
    container_failed,
    creation_failed,
    mask,
)
from stacktest.core.changed_copy import replace
from stacktest.core.diagnosis.known_start_errors import CREATION, START, find_cause
from stacktest.core.model import Build, FileRef, Mount, Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.readiness import Impossible, Kind, Rule
from stacktest.core.route import Route

STACK = Stack(
    name="p",
    root=Path("/stack"),
    services={
        "app": Service(
            name="app",
            image="team/app:1",
            networks=("edge",),
            definition={
                "healthcheck": {"start_interval": "1s"},
                "network_mode": "container:the-vpn",
            },
            mounts=(Mount(kind="volume", source="data", target="/data"),),
            files=(FileRef(name="token", path="/stack/token.txt", secret=True),),
            environment={
                "DB_PASSWORD": "correct horse",
                "DB_PASSWORD_FILE_MODE": "0400",
                "API_KEY": "abc",
                "COLOUR": "blue-green",
                "EMPTY_TOKEN": None,
            },
        ),
        "site": Service(name="site", build=Build(context="/stack/site")),
    },
    definitions={
        "networks": {"edge": {"name": "edge-net"}},
        "volumes": {"data": {"name": "p_data"}},
    },
    compose_files=("/stack/compose.yaml",),
)

THEN = "then: docker compose"


@pytest.mark.parametrize("text", ["pull access denied for team/app", "no such thing as app", "x"])
def test_no_command_is_about_the_project_of_a_copy(text: str) -> None:
    assert "docker compose" in creation_failed(STACK, ["app"], text, culprit="app").hint
    copy = replace(STACK, name="p-rehearsal-7", copy="7")
    assert "docker compose" not in creation_failed(copy, ["app"], text, culprit="app").hint


def test_values_of_secretly_named_variables_become_their_names() -> None:
    text = mask("cannot log in with correct horse; colour is blue-green, abc", STACK)
    assert text == "cannot log in with ${DB_PASSWORD}; colour is blue-green, abc"


def test_details_stand_between_where_and_hint() -> None:
    error = NotReadyError("app exited 3", where="here", hint="do this", details=["a", "b"])
    assert str(error).splitlines() == [
        "error: app exited 3",
        "  at: here",
        "  a",
        "  b",
        "  hint: do this",
    ]
    assert error.exit_code == 10


@pytest.mark.parametrize(
    ("said", "what", "hint"),
    [
        pytest.param(
            "Container p-site-1  Creating\ncan't set healthcheck.start_interval as feature require "
            "Docker Engine v25 or later",
            "app has healthcheck.start_interval, which this engine does not know: 25 is the first",
            "remove services.app.healthcheck.start_interval, or update the engine, then: "
            "docker compose up -d app",
            marks=pytest.mark.case("field/b14"),
        ),
        (
            "app Pulling\napp Error\nError response from daemon: pull access denied for team/app",
            "app has an image that is not here and cannot be pulled",
            "correct the image, or build it, then: docker compose up -d app",
        ),
        (
            "Error response from daemon: manifest for team/app:1 not found: manifest unknown",
            "app has an image that is not here and cannot be pulled",
            "correct the image, or build it, then: docker compose up -d app",
        ),
        (
            "Container p-app-1  Creating\nError response from daemon: No such container: the-vpn",
            "app joins the container the-vpn, which does not exist",
            f"start the container the-vpn, or correct its name in services.app, {THEN} up -d app",
        ),
        (
            'unable to prepare context: path "/stack/site" not found',
            "site cannot be built: its build context /stack/site does not exist",
            f"create /stack/site, or correct services.site.build.context, {THEN} build site",
        ),
        (
            "#5 [site 2/2] RUN make\nfailed to solve: exit code: 2",
            "site cannot be built",
            "docker compose build --progress plain site",
        ),
        (
            "#4 [app 1/1] FROM base\n#5 [site 2/2] RUN make\n> [site 2/2] RUN make:\nfailed to solve: exit code: 2",
            "site cannot be built",
            "docker compose build --progress plain site",
        ),
        (
            "Dockerfile:2\nfailed to solve: exit code: 2",
            "site cannot be built",
            "docker compose build --progress plain site",
        ),
        (
            "Dockerfile:1\n>>> FROM db:1\nfailed to solve: db:1: not found",
            "site cannot be built",
            "docker compose build --progress plain site",
        ),
        (
            "network edge-net declared as external, but could not be found",
            "app needs the external network edge-net, which does not exist",
            "docker network create edge-net",
        ),
        (
            'external volume "p_data" not found',
            "app needs the external volume p_data, which does not exist",
            "docker volume create p_data",
        ),
        (
            "invalid mount config: bind source path does not exist: /stack/token.txt",
            "app mounts /stack/token.txt, which does not exist",
            f"create /stack/token.txt, or correct the mount in services.app, {THEN} up -d app",
        ),
        (
            "Error response from daemon: Pool overlaps with other one on this address space",
            "the stack needs a network whose addresses overlap with another network",
            "docker network ls",
        ),
        (
            "Cannot connect to the Docker daemon at unix:///x",
            "the stack could not be created: the container engine does not answer",
            "stacktest doctor",
        ),
        (
            "something new with correct horse",
            "the stack could not be created: something new with ${DB_PASSWORD}",
            "docker compose up --no-start",
        ),
        (
            "",
            "the stack could not be created: Compose gave no reason",
            "docker compose up --no-start",
        ),
    ],
)
def test_what_compose_says_when_it_cannot_create(said: str, what: str, hint: str) -> None:
    failure = creation_failed(
        STACK,
        ["app", "site"],
        f"time=1 level=warning msg=noise\n{said}",
    )
    assert (failure.cause, failure.hint) == (what, hint)
    assert "correct horse" not in str(failure)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (
            "driver failed programming external connectivity: Bind for 0.0.0.0:8080 failed: port is already allocated",
            "wants port 8080, which another container has",
        ),
        (
            "Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use",
            "wants port 80, which a program on this machine has",
        ),
        (
            "Error starting userland proxy: listen udp6 [::]:53: bind: address already in use",
            "wants port 53, which a program on this machine has",
        ),
        (
            "failed to bind host port for 0.0.0.0:8080:172.18.0.2:80/tcp: address already in use",
            "wants port 8080, which a program on this machine has",
        ),
        (
            "failed to bind host port for [::]:8080:172.18.0.2:80/tcp: address already in use",
            "wants port 8080, which a program on this machine has",
        ),
        (
            "failed to bind host port 127.0.0.1:53/udp: address already in use",
            "wants port 53, which a program on this machine has",
        ),
        (
            "Error starting userland proxy: listen tcp :::80: bind: address already in use",
            "wants port 80, which a program on this machine has",
        ),
        (
            'OCI runtime create failed: exec: "/run.sh": permission denied: unknown',
            "has a command that cannot be run: /run.sh",
        ),
        (
            'OCI runtime create failed: exec: "/srv": is a directory: permission denied',
            "has a command that cannot be run: /srv",
        ),
        (
            'OCI runtime create failed: exec: "serve": executable file not found in $PATH',
            "has a command that cannot be run: serve",
        ),
        ("network 0a1b not found", "is tied to a network that is gone: 0a1b"),
    ],
)
def test_what_the_engine_says_when_it_cannot_start(said: str, what: str) -> None:
    cause, facts = find_cause(START, said)
    assert cause is not None
    assert cause.what.format(**facts, service="app") == what


def test_what_nobody_knows_has_no_cause() -> None:
    assert find_cause(START, "no space left on device") == (None, {})
    foreign = "failed to bind host port for 203.0.113.9:80:172.18.0.2:80/tcp: cannot assign address"
    assert find_cause(START, foreign) == (None, {})
    assert find_cause(CREATION, "no space left on device") == (None, {})


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["dial tcp: lookup app: no such host"], True),
        (['connect() refused, host: "app.home.lan"'], True),
        (["dial tcp 10.0.0.4:80: connection refused"], True),
        (['dial tcp 10.0.0.4:80: connection refused, host: "site.home.lan"'], False),
        (["GET / 200"], False),
    ],
)
def test_of_the_front_doors_log_only_what_may_be_about_the_service(
    lines: list[str], *, shown: bool
) -> None:
    asked: list[float | None] = []

    class Engine:
        def logs(self, id: str, tail: int, since: float | None = None) -> str:  # noqa: A002
            asked.extend([since] if id == "door" else [])
            return "\n".join(lines) if id == "door" else ""

    routes = tuple(Route(host=f"{name}.home.lan", service=name) for name in ("app", "site"))
    stack = replace(STACK, routes=routes, front_door="door")
    failure = container_failed(
        stack,
        container("app"),
        Impossible("answers 502"),
        engine=cast(EnginePort, Engine()),
        others={"door": container("door")},
        rule=Rule(kind=Kind.ROUTED, host="app.home.lan"),
        since=5.0,
    )
    assert (f"  | {lines[0]}" in failure.details) == shown
    assert asked == [5.0]


def container(name: str) -> Container:
    return Container(
        id=name,
        name=f"p-{name}-1",
        project="p",
        service=name,
        state="running",
        image_id="sha256:1",
        image_ref="team/app:1",
    )
