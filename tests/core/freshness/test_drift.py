"""Drift: each way in which a container is not what the files say, and none when it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stacktest.core.freshness.drift import (
    command_drift,
    count_drift,
    env_drift,
    image_drift,
    mount_drift,
    stale_inputs,
    state_drift,
)
from stacktest.core.model import Mount, Service
from stacktest.core.unknown import Unknown

IMAGE = {"Id": "sha256:one", "Config": {"Env": ["PATH=/bin", "FROM_IMAGE=1"]}}
SERVICE = Service(
    name="web",
    environment={"A": "1", "PASSED": None},
    mounts=(Mount(kind="bind", source="/stack/conf", target="/conf", read_only=True),),
    definition={
        "command": ["serve"],
        "entrypoint": None,
        "secrets": [{"source": "pw"}],
        "configs": [{"source": "c", "target": "/etc/c"}],
    },
)


def inspect(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "Image": "sha256:one",
        "State": {"Status": "running", "ExitCode": 0, "Health": {"Status": "healthy"}},
        "Config": {"Env": ["PATH=/bin", "FROM_IMAGE=1", "A=1"], "Cmd": ["serve"]},
        "Mounts": [
            {"Type": "bind", "Source": "/stack/conf", "Destination": "/conf"},
            {"Type": "bind", "Source": "/stack/pw", "Destination": "/run/secrets/pw"},
            {"Type": "bind", "Source": "/stack/c", "Destination": "/etc/c"},
            {"Type": "volume", "Name": "f00", "Destination": "/data"},
        ],
    }
    return {**document, **changes}


def test_a_container_as_the_files_say_has_not_drifted() -> None:
    assert state_drift(inspect(), is_job=False) == ()
    assert image_drift(inspect(), IMAGE) == ((), ())
    assert env_drift(SERVICE, inspect(), IMAGE) == ()
    assert command_drift(SERVICE, inspect()) == ()
    assert mount_drift(SERVICE, inspect()) == ()
    assert count_drift(1, 1) == ()


@pytest.mark.parametrize(
    ("state", "is_job", "reasons"),
    [
        ({"Status": "exited", "ExitCode": 3}, False, ("container:exited 3",)),
        ({"Status": "exited", "ExitCode": 0}, False, ("container:exited 0",)),
        ({"Status": "exited", "ExitCode": 0}, True, ()),
        ({"Status": "exited", "ExitCode": 1}, True, ("container:exited 1",)),
        ({"Status": "restarting", "ExitCode": 1}, False, ("container:restarting",)),
        ({"Status": "paused", "ExitCode": 0}, False, ("container:paused 0",)),
        ({"Status": "running", "Health": {"Status": "unhealthy"}}, False, ("container:unhealthy",)),
        ({"Status": "running", "Health": {"Status": "starting"}}, False, ()),
    ],
)
def test_state(state: dict[str, Any], is_job: bool, reasons: tuple[str, ...]) -> None:
    assert state_drift(inspect(State=state), is_job=is_job) == reasons


def test_pulled_but_not_recreated() -> None:
    newer = {**IMAGE, "Id": "sha256:two"}
    assert image_drift(inspect(), newer) == (("image:newer behind the tag",), ())


def test_an_image_that_is_not_here_is_unverified_not_drift() -> None:
    assert image_drift(inspect(), Unknown("image web: gone")) == (
        (),
        ("live:image: image web: gone",),
    )


@pytest.mark.parametrize(
    ("variables", "reasons"),
    [
        (["PATH=/bin", "FROM_IMAGE=1", "A=2"], ("env:A",)),
        (["PATH=/bin", "FROM_IMAGE=1"], ("env:A",)),
        (["PATH=/bin", "FROM_IMAGE=1", "A=1", "OLD=x"], ("env:OLD",)),
        (["PATH=/bin", "FROM_IMAGE=1", "A=1", "PASSED=y"], ()),
    ],
)
def test_environment(variables: list[str], reasons: tuple[str, ...]) -> None:
    document = inspect(Config={"Env": variables, "Cmd": ["serve"]})
    assert env_drift(SERVICE, document, IMAGE) == reasons


def podman(*more: str) -> dict[str, Any]:
    own = ["container=podman", "HOME=/root", "HOSTNAME=c0ffee", "TERM=xterm"]
    return inspect(Config={"Env": ["A=1", "PATH=/bin", "FROM_IMAGE=1", *own, *more]})


def test_what_podman_adds_by_itself_is_nobodys_drift() -> None:
    assert env_drift(SERVICE, podman(), IMAGE) == ()
    assert env_drift(SERVICE, podman("EXTRA=1"), IMAGE) == ("env:EXTRA",)
    elsewhere = inspect(Config={"Env": ["A=1", "PATH=/bin", "FROM_IMAGE=1", "HOME=/x"]})
    assert env_drift(SERVICE, elsewhere, IMAGE) == ("env:HOME",)


def test_command() -> None:
    assert command_drift(SERVICE, inspect(Config={"Cmd": ["other"]})) == ("command",)


@pytest.mark.parametrize(
    ("mounts", "reasons"),
    [
        ([], ("mount:/conf",)),
        ([{"Type": "bind", "Source": "/else", "Destination": "/conf"}], ("mount:/conf",)),
        (
            [
                {"Type": "bind", "Source": "/stack/conf", "Destination": "/conf"},
                {"Type": "bind", "Source": "/x", "Destination": "/extra"},
            ],
            ("mount:/extra",),
        ),
    ],
)
def test_mounts(mounts: list[dict[str, str]], reasons: tuple[str, ...]) -> None:
    assert mount_drift(SERVICE, inspect(Mounts=mounts)) == reasons


def test_a_file_that_changed_after_the_start() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    second = timedelta(seconds=1)
    assert stale_inputs({"a": start - second, "b": start + second}, start) == ("stale:b",)


def test_replicas() -> None:
    assert count_drift(2, 1) == ("container:2 of 1",)
