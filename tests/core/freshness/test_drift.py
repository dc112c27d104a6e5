"""Drift: each way in which a container is not what the files say, and none when it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stacktest.core.freshness.drift import (
    content_drift,
    count_drift,
    env_drift,
    image_drift,
    mount_drift,
    network_drift,
    stale_inputs,
    state_drift,
)
from stacktest.core.model import FileRef, Mount, Service, Stack
from stacktest.core.unknown import Unknown

IMAGE: dict[str, Any] = {
    "Id": "sha256:one",
    "Config": {"Env": ["PATH=/bin", "FROM_IMAGE=1"], "Volumes": {"/of/the/image": {}}},
    "RootFS": {"Layers": ["sha256:a"]},
}
SERVICE = Service(
    name="web",
    environment={"A": "1", "PASSED": None},
    mounts=(
        Mount(kind="bind", source="/stack/conf", target="/conf", read_only=True),
        Mount(kind="volume", source="data", target="/data"),
    ),
    files=(
        FileRef(name="pw", path="/stack/pw", secret=True),
        FileRef(name="c", path="/stack/c", secret=False),
    ),
    definition={
        "command": ["serve"],
        "entrypoint": None,
        "secrets": [{"source": "pw"}],
        "configs": [{"source": "c", "target": "etc/c"}],
    },
)
STACK = Stack(name="s", root=Path("/stack"), services={"web": SERVICE})


def inspect(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "Image": "sha256:one",
        "State": {"Status": "running", "ExitCode": 0, "Health": {"Status": "healthy"}},
        "Config": {"Image": "web:1", "Env": ["PATH=/bin", "FROM_IMAGE=1", "A=1"]},
        "Mounts": [
            {"Type": "bind", "Source": "/stack/conf", "Destination": "/conf", "RW": False},
            {"Type": "bind", "Source": "/stack/pw", "Destination": "/run/secrets/pw"},
            {"Type": "bind", "Source": "/stack/c", "Destination": "/etc/c"},
            {"Type": "volume", "Name": "s_data", "Destination": "/data", "RW": True},
            {"Type": "volume", "Name": "f00", "Destination": "/of/the/image"},
        ],
    }
    return {**document, **changes}


def test_a_container_as_the_files_say_has_not_drifted() -> None:
    assert state_drift(inspect(), is_job=False) == ()
    assert image_drift(inspect(), IMAGE, IMAGE, "web:1") == ((), ())
    assert env_drift(SERVICE, inspect(), IMAGE) == ()
    assert mount_drift(SERVICE, STACK, inspect(), IMAGE) == ()
    assert count_drift(1, 1) == ()


@pytest.mark.parametrize(
    ("state", "is_job", "reasons"),
    [
        ({"Status": "exited", "ExitCode": 3}, False, ("container:exited 3",)),
        ({"Status": "exited", "ExitCode": 0}, False, ("container:exited 0",)),
        ({"Status": "exited", "ExitCode": 0}, True, ()),
        ({"Status": "exited", "ExitCode": 1}, True, ("container:exited 1",)),
        ({"Status": "restarting", "ExitCode": 1}, False, ("container:restarting",)),
        ({"Status": "dead", "ExitCode": 137}, False, ("container:dead 137",)),
        ({"Status": "paused", "ExitCode": 0}, False, ("container:paused",)),
        ({"Status": "created", "ExitCode": 0}, False, ("container:created",)),
        ({"Status": "running", "Health": {"Status": "unhealthy"}}, False, ("container:unhealthy",)),
        ({"Status": "running", "Health": {"Status": "starting"}}, False, ()),
    ],
)
def test_state(state: dict[str, Any], is_job: bool, reasons: tuple[str, ...]) -> None:
    assert state_drift(inspect(State=state), is_job=is_job) == reasons


def test_pulled_but_not_recreated() -> None:
    newer = {**IMAGE, "Id": "sha256:two", "RootFS": {"Layers": ["sha256:b"]}}
    assert image_drift(inspect(), newer, IMAGE, "web:1") == (("image:newer behind the tag",), ())


def test_a_build_that_changes_labels_only_is_the_same_image() -> None:
    labels = {**IMAGE["Config"], "Labels": {"built": "later"}}
    again = {**IMAGE, "Id": "sha256:two", "Config": labels}
    assert image_drift(inspect(), again, IMAGE, "web:1") == ((), ())
    unknown = Unknown("image one: gone")
    assert image_drift(inspect(), again, unknown, "web:1") == (("image:newer behind the tag",), ())


@pytest.mark.case("field/c03")
def test_a_tag_that_was_edited_and_is_not_here_is_drift() -> None:
    gone = Unknown("image web:2: No such image")
    assert image_drift(inspect(), gone, IMAGE, "web:2") == (("image:web:2 is not here",), ())


def test_a_tag_that_was_removed_while_its_container_runs_is_unverified() -> None:
    assert image_drift(inspect(), Unknown("image web:1: gone"), IMAGE, "web:1") == (
        (),
        ("live:image: image web:1: gone",),
    )


@pytest.mark.parametrize(
    ("variables", "reasons"),
    [
        (["PATH=/bin", "FROM_IMAGE=1", "A=2"], ("env:A",)),
        (["PATH=/bin", "FROM_IMAGE=1"], ("env:A",)),
        (["PATH=/bin", "FROM_IMAGE=1", "A=1", "OLD=x"], ("env:OLD",)),
        # Nobody sets it any more, and Compose would take it away.
        (["PATH=/bin", "FROM_IMAGE=1", "A=1", "PASSED=y"], ("env:PASSED",)),
        # The definition had another value than the image, and has none now.
        (["PATH=/bin", "FROM_IMAGE=2", "A=1"], ("env:FROM_IMAGE",)),
        (["PATH=/bin", "A=1"], ()),
        # `environment: [PASSED]` without a value: the engine keeps the name.
        (["PATH=/bin", "FROM_IMAGE=1", "A=1", "PASSED"], ()),
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


@pytest.mark.case("freshness/a02-docker-proxies", "field/b02")
def test_proxies_that_the_engine_s_client_adds_are_no_drift() -> None:
    client = {"HTTP_PROXY": "http://p", "http_proxy": "http://p"}
    variables = ["A=1", "PATH=/bin", "FROM_IMAGE=1", "HTTP_PROXY=http://p", "http_proxy=http://p"]
    document = inspect(Config={"Env": variables})
    assert env_drift(SERVICE, document, IMAGE, client) == ()
    # Another value is one that somebody gave it.
    assert env_drift(SERVICE, document, IMAGE, {**client, "HTTP_PROXY": "http://q"}) == (
        "env:HTTP_PROXY",
    )
    assert env_drift(SERVICE, document, IMAGE) == ("env:HTTP_PROXY", "env:http_proxy")


def test_an_equal_hash_acquits_proxies_and_nothing_else() -> None:
    # A program that recreates a container copies the label that has the hash.
    variables = ["A=2", "PATH=/bin", "FROM_IMAGE=0", "OLD=x", "HTTP_PROXY=p", "no_proxy=q"]
    document = inspect(Config={"Env": variables})
    reasons = env_drift(SERVICE, document, IMAGE, by_definition=True)
    assert reasons == ("env:A", "env:FROM_IMAGE", "env:OLD")
    declared = Service(name="web", environment={"HTTP_PROXY": "mine"})
    assert env_drift(declared, inspect(Config={"Env": ["HTTP_PROXY=p"]}), IMAGE, by_definition=True)


CONF = {"Type": "bind", "Source": "/stack/conf", "Destination": "/conf", "RW": False}
DATA = {"Type": "volume", "Name": "s_data", "Destination": "/data", "RW": True}
FILES = inspect()["Mounts"][1:3]


@pytest.mark.parametrize(
    ("mounts", "reasons"),
    [
        ([DATA], ("mount:/conf",)),
        ([DATA, {**CONF, "Source": "/else"}], ("mount:/conf",)),
        ([DATA, {**CONF, "RW": True}], ("mount:/conf",)),
        ([CONF, {**DATA, "Name": "s_other"}], ("mount:/data",)),
        ([CONF, DATA, {**CONF, "Destination": "/extra"}], ("mount:/extra",)),
        ([CONF, DATA, {**DATA, "Destination": "/removed"}], ("mount:/removed",)),
        ([CONF, DATA, {**DATA, "Destination": "/of/the/image"}], ()),
    ],
)
def test_mounts(mounts: list[dict[str, Any]], reasons: tuple[str, ...]) -> None:
    document = inspect(Mounts=[*mounts, *FILES])
    assert mount_drift(SERVICE, STACK, document, IMAGE) == reasons


def test_a_config_s_target_starts_at_the_root_and_its_file_counts() -> None:
    other = [CONF, DATA, FILES[0], {**FILES[1], "Source": "/stack/other"}]
    assert mount_drift(SERVICE, STACK, inspect(Mounts=other), IMAGE) == ("mount:/etc/c",)


@pytest.mark.case("freshness/a03-project-behind-a-link")
def test_the_same_folder_by_another_name_is_the_same() -> None:
    def resolve(path: str) -> str:
        return path.replace("/link/", "/stack/")

    mounts = [{**CONF, "Source": "/link/conf"}, DATA, *FILES]
    document = inspect(Mounts=mounts)
    assert mount_drift(SERVICE, STACK, document, IMAGE) == ("mount:/conf",)
    assert mount_drift(SERVICE, STACK, document, IMAGE, resolve=resolve) == ()


def test_mounts_of_volumes_from_are_the_service_s_own() -> None:
    inherited = (Mount(kind="bind", source="/x", target="/from/other"),)
    mounts = [CONF, DATA, *FILES, {"Type": "bind", "Source": "/x", "Destination": "/from/other"}]
    document = inspect(Mounts=mounts)
    assert mount_drift(SERVICE, STACK, document, IMAGE) == ("mount:/from/other",)
    assert mount_drift(SERVICE, STACK, document, IMAGE, inherited=inherited) == ()


def test_a_folder_is_not_the_volume_that_the_files_name() -> None:
    mounts = [CONF, {**CONF, "Destination": "/data", "RW": True}, *FILES]
    assert mount_drift(SERVICE, STACK, inspect(Mounts=mounts), IMAGE) == ("mount:/data",)


def test_inline_content_is_compared_where_it_can_be_read() -> None:
    wanted = {"/c": "1", "/run/secrets/s": "2", "/d": "3"}
    unread = Unknown("/d cannot be read")
    there: dict[str, str | Unknown] = {"/c": "1", "/run/secrets/s": "9", "/d": unread}
    assert content_drift(wanted, there) == (
        ("content:/run/secrets/s",),
        ("live:/d cannot be read",),
    )


def test_a_file_that_changed_after_the_start() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    second = timedelta(seconds=1)
    assert stale_inputs({"a": start - second, "b": start + second}, start) == ("stale:b",)


def test_replicas() -> None:
    assert count_drift(2, 1) == ("container:2 of 1",)


def test_a_tenant_is_older_than_the_container_whose_network_it_joined() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    later = start + timedelta(seconds=1)
    assert network_drift("vpn", later, "torrents", start) == (
        "container:vpn was restarted after torrents",
    )
    assert network_drift("vpn", start, "torrents", later) == ()
    assert network_drift("vpn", start, "torrents", start) == ()
