"""One look after the other at a small stack: what a container is made of, against what files say."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.compose.model import read_model
from stacktest.config import ServiceSection
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.definition import HASH_ALONE
from stacktest.core.freshness.origins import Origins
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.route import Route
from stacktest.core.unknown import Unknown
from tests.support.small_stack import FUTURE, IMAGE, PAST, SmallStack, later_time


def touch(root: Path) -> None:
    os.utime(root / "conf/a")


def chmod(root: Path) -> None:
    (root / "conf/a").chmod(0o600)
    (root / "conf/a").chmod(0o644)


def chown(root: Path) -> None:
    owner = (root / "conf/a").stat()
    os.chown(root / "conf/a", owner.st_uid, owner.st_gid)


def hard_link(root: Path) -> None:
    (root / "backup").hardlink_to(root / "conf/a")


def rewrite(root: Path) -> None:
    (root / "conf/a").write_text("2")
    (root / "conf/a").write_text("1")


def replace_by_the_same(root: Path) -> None:
    (root / "draft").write_text("1")
    (root / "draft").rename(root / "conf/a")


def editor_file(root: Path) -> None:
    (root / "conf/.a.swp").write_text("x")


def test_a_container_that_the_engine_does_not_describe_is_not_known(
    small: SmallStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = Unknown("container c1: the engine does not answer")
    monkeypatch.setattr(small, "inspect", lambda _: unknown)
    assert small.observe().containers == unknown


@pytest.mark.case("freshness/a04-touched-not-changed", "field/b54")
@pytest.mark.parametrize(
    "act", [touch, chmod, chown, hard_link, rewrite, replace_by_the_same, editor_file]
)
def test_the_same_bytes_are_no_drift(small: SmallStack, act: Callable[[Path], None]) -> None:
    small.mount("conf", "/conf")
    assert small.drift() == ()
    # Every file is newer than a container of that start, which was seen before.
    small.host.seen_since(PAST)
    small.started = PAST
    act(small.root)
    assert small.drift() == ()


def test_a_container_of_others_with_the_name_that_the_front_door_uses_is_drift(
    small: SmallStack,
) -> None:
    endpoints = {"s_default": {"Aliases": ["app"]}}
    small.host.others = ({"Name": "/by-hand", "NetworkSettings": {"Networks": endpoints}},)
    small.definition["networks"] = {"default": None}
    assert small.drift() == ()
    small.routes = (Route(host="app.test", service="app", upstream="app:80"),)
    assert small.drift() == ("name:app: by-hand has it, too",)


def edit(root: Path) -> None:
    (root / "conf/a").write_text("2")


def delete(root: Path) -> None:
    (root / "conf/sub/b").unlink()


def move_out(root: Path) -> None:
    (root / "conf/sub/b").rename(root / "b")


def test_a_program_that_reloads_has_to_see_a_file_that_was_replaced(small: SmallStack) -> None:
    small.mount("conf", "/conf")
    small.mount("conf/a", "/etc/a")
    small.sections = {"app": ServiceSection(reload="live")}
    small.host.seen = {"/etc/a": True}
    edit(small.root)
    assert small.drift() == ()
    small.host.seen = {"/etc/a": False}
    assert small.drift() == ("stale:conf/a",)
    small.host.seen = {}
    assert small.drift() == ()
    assert small.observe().unverified == ("live:no cat",)


def test_files_that_a_container_certainly_did_not_read(small: SmallStack) -> None:
    small.mount("conf", "/conf")
    small.started = later_time(small.root)
    assert small.observe().unread == frozenset()
    edit(small.root)
    (small.root / "conf/new").write_text("1")
    # A new file may have been there before it counted.
    assert small.observe().unread == {"conf/a"}
    # Of a container that was not seen before, times show that a file changed, not what was read.
    small.host.kept = Origins()
    small.started = PAST
    assert "stale:conf/a" in small.drift()
    assert small.observe().unread == frozenset()


def add(root: Path) -> None:
    (root / "conf/new").write_text("1")


@pytest.mark.parametrize(
    ("act", "reason", "without_memory"),
    [
        (edit, "stale:conf/a", "stale:conf/a"),
        (delete, "stale:conf/sub/b", "stale:conf/sub/"),
        (move_out, "stale:conf/sub/b", "stale:conf/sub/"),
        (add, "stale:conf/new", "stale:conf/new"),
    ],
)
def test_other_files_are_drift(
    small: SmallStack, act: Callable[[Path], None], reason: str, without_memory: str
) -> None:
    small.mount("conf", "/conf")
    small.started = later_time(small.root)
    assert small.drift() == ()
    act(small.root)
    assert small.drift() == (reason,)
    # A container that was never seen before: the times of files and folders decide.
    small.host.kept = Origins()
    small.started = PAST
    assert without_memory in small.drift()


@pytest.mark.processes
@pytest.mark.parametrize("is_remembered", [True, False])
@pytest.mark.parametrize("read_only", [True, False])
def test_what_stacktest_writes_below_a_mounted_project_is_no_drift(
    small: SmallStack, *, is_remembered: bool, read_only: bool
) -> None:
    for name in ("docs/index.md", "data/own.txt"):
        (small.root / name).parent.mkdir()
        (small.root / name).write_text("1")
    subprocess.run(["git", "init", "-q"], cwd=small.root, check=True)
    subprocess.run(["git", "add", "-A"], cwd=small.root, check=True)
    small.mount("", "/src", read_only=read_only)
    # What lies there now is older than the container, and what is written is newer.
    small.started = later_time(small.root)
    assert not is_remembered or small.drift() == ()
    for name in ("data/tests/app/last_run.json", "docs/_data/status.json", "reports/evidence/x/y"):
        (small.root / name).parent.mkdir(parents=True)
        (small.root / name).write_text("1")
    (small.root / ".stacktest").mkdir(exist_ok=True)
    (small.root / ".stacktest/key").write_text("1")
    subprocess.run(["git", "add", "--force", "-A"], cwd=small.root, check=True)
    assert small.drift() == ()
    (small.root / "docs/index.md").write_text("2")
    assert small.drift() == ("stale:docs/index.md",)


def test_the_target_of_a_mounted_link_counts(small: SmallStack) -> None:
    (small.root / "real").mkdir()
    (small.root / "real/x").write_text("1")
    (small.root / "conf/link").symlink_to("../real/x")
    small.mount("conf", "/conf")
    assert small.drift() == ()
    (small.root / "real/x").write_text("2")
    assert small.drift() == ("stale:real/x",)


def test_the_file_of_a_seccomp_profile_counts(small: SmallStack) -> None:
    (small.root / "profile.json").write_text("{}")
    small.definition = {"security_opt": ["seccomp:./profile.json", "seccomp=unconfined"]}
    small.host_config = {"SecurityOpt": ["seccomp={}", "seccomp=unconfined"]}
    before = small.observe()
    assert before.drift == ()
    (small.root / "profile.json").write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    after = small.observe()
    assert after.drift == ("stale:profile.json",)
    assert after.fingerprint.parts["config"] != before.fingerprint.parts["config"]


@pytest.mark.case("freshness/c06-writable-config-mount", "field/b12")
def test_a_file_that_the_container_may_write_to_counts(small: SmallStack) -> None:
    small.mount("conf/a", "/a", read_only=False)
    assert small.drift() == ()
    (small.root / "conf/a").write_text("2")
    assert small.drift() == ("stale:conf/a",)


@pytest.mark.processes
def test_below_a_writable_folder_counts_what_git_tracks(small: SmallStack) -> None:
    subprocess.run(["git", "init", "-q"], cwd=small.root, check=True)
    subprocess.run(["git", "add", "conf/a"], cwd=small.root, check=True)
    small.mount("conf", "/conf", read_only=False)
    assert small.drift() == ()
    (small.root / "conf/sub/b").write_text("2")
    assert small.drift() == ()
    (small.root / "conf/a").write_text("2")
    assert small.drift() == ("stale:conf/a",)


def test_what_the_engine_s_host_has_otherwise_is_drift(small: SmallStack) -> None:
    """The engine is on another machine, and mounts what lies there."""
    (small.root / "data").mkdir()
    (small.root / "data" / "rules.yml").write_text("a: 1\n")
    small.mount("data", "/data", read_only=False)
    subprocess.run(["git", "init", "--quiet"], cwd=small.root, check=True)
    subprocess.run(["git", "add", "data"], cwd=small.root, check=True)
    assert small.drift() == ()
    small.host.elsewhere = {"/data/rules.yml": False}
    assert small.drift() == ("content:/data/rules.yml",)
    small.host.elsewhere = {"/data/rules.yml": Unknown("it is too large")}
    observation = small.observe()
    assert observation.drift == ()
    assert "live:mount: it is too large" in observation.unverified


def test_a_restart_takes_up_what_lies_there(small: SmallStack) -> None:
    small.mount("conf", "/conf")
    assert small.drift() == ()
    (small.root / "conf/a").write_text("2")
    small.started = FUTURE + timedelta(seconds=2)
    assert small.drift() == ()


@dataclass
class Replicas(SmallStack):
    """Two containers of `app`; each runs an image of its own."""

    run: tuple[str, str] = ("sha256:one", "sha256:one")

    def containers(self, project: str = "") -> tuple[Container, ...]:
        (app,) = super().containers(project)
        return (app, replace(app, id="c2", name="s-app-2"))

    def inspect(self, id: str) -> Any:  # noqa: A002
        document: Any = super().inspect(id)
        return {**document, "Image": self.run[int(id[1:]) - 1]}


@pytest.mark.parametrize(
    ("run", "reasons"),
    [
        (("sha256:one", "sha256:one"), ()),
        (("sha256:old", "sha256:one"), ("image:newer behind the tag",)),
        (("sha256:one", "sha256:old"), ("image:newer behind the tag",)),
    ],
)
def test_each_replica_runs_an_image_of_its_own(
    small: SmallStack, run: tuple[str, str], reasons: tuple[str, ...]
) -> None:
    old = {**IMAGE, "Id": "sha256:old", "RootFS": {"Layers": ["sha256:old"]}}
    images = {**small.images, "sha256:old": old}
    stack = Replicas(root=small.root, definition={"scale": 2}, images=images, run=run)
    assert stack.drift() == reasons


@pytest.mark.parametrize(
    ("definition", "reasons"),
    [
        ({}, ()),
        ({"scale": 1}, ()),
        ({"scale": 0}, ("container:1 of 0",)),
        ({"deploy": {"replicas": 0}}, ("container:1 of 0",)),
        ({"scale": 2}, ("container:1 of 2",)),
    ],
)
def test_how_many_there_should_be(
    small: SmallStack, definition: dict[str, Any], reasons: tuple[str, ...]
) -> None:
    small.definition = definition
    assert small.drift() == reasons


@dataclass
class Tenant(SmallStack):
    """`app` runs in the network of `vpn`, whose container was started at a time of its own."""

    vpn_started: datetime = PAST
    status: str = "running"

    @property
    def stack(self) -> Stack:
        services = {
            "app": {"image": "app:1", "network_mode": "service:vpn"},
            "vpn": {"image": "app:1"},
        }
        document = {"name": "s", "services": services}
        model = read_model(document, root=self.root, files=[self.root / "compose.yml"])
        return replace(model, routes=self.routes)

    def containers(self, project: str = "") -> tuple[Container, ...]:
        (app,) = super().containers(project)
        return (app, replace(app, id="c2", name="s-vpn-1", service="vpn"))

    def inspect(self, id: str) -> Any:  # noqa: A002
        document: Any = super().inspect(id)
        if id == "c2":
            state: dict[str, Any] = {"Status": "running", "StartedAt": self.vpn_started.isoformat()}
            return {**document, "Name": "/s-vpn-1", "State": state}
        state = {**document["State"], "Status": self.status, "ExitCode": 0}
        joined = {"NetworkMode": "container:c2"}
        return {**document, "State": state, "HostConfig": joined, "NetworkSettings": {}}


def test_a_tenant_that_is_older_than_its_vpn_has_no_network(small: SmallStack) -> None:
    tenant = Tenant(root=small.root, started=FUTURE)
    assert tenant.drift() == ()
    tenant.vpn_started = FUTURE + timedelta(seconds=1)
    assert tenant.drift() == ("container:vpn was restarted after app",)
    # Restarted, too, or over before: nothing is without a network.
    tenant.started = tenant.vpn_started + timedelta(seconds=1)
    assert tenant.drift() == ()
    tenant.started, tenant.status = FUTURE, "exited"
    assert not [reason for reason in tenant.drift() if "vpn" in reason]


HASH = "com.docker.compose.config-hash"
LABELS = {HASH: "h1", "com.docker.compose.version": "2.26.1"}


def test_the_hash_acquits_what_only_another_definition_changes(small: SmallStack) -> None:
    small.config = {"Labels": LABELS, "Domainname": "odd", "Env": ["HTTP_PROXY=x"]}
    small.host.hashes = {"app": "h1"}
    assert small.drift() == ()
    small.host.kept = Origins()
    small.host.hashes = Unknown("no Compose")
    assert small.drift() == ("definition:domainname", "env:HTTP_PROXY")


def test_a_program_that_recreates_a_container_copies_the_hash(small: SmallStack) -> None:
    small.config = {"Labels": LABELS, "User": "odd", "Env": ["LOG=debug"]}
    small.host.hashes = {"app": "h1"}
    assert small.drift() == ("definition:user", "env:LOG")


def test_another_hash_convicts_what_no_engine_shows(small: SmallStack) -> None:
    small.config = {"Labels": LABELS}
    small.definition = {"post_start": [{"command": ["x"]}]}
    small.host.hashes = {"app": "h2"}
    assert small.drift() == ("definition:post_start",)
    small.host.hashes = {"app": "h2"}
    small.config = {"Labels": {**LABELS, "com.docker.compose.version": "5.0.0"}}
    assert small.drift() == ()
    assert small.observe().unverified == ("live:not shown by the engine: post_start",)


OLDER = {**LABELS, "com.docker.compose.version": "2.25.0"}
POST_START = {"post_start": [{"command": ["x"]}]}
DRIFT = (("definition:post_start",), ())
NOT_SHOWN = ((), ("live:not shown by the engine: post_start",))


@pytest.mark.parametrize(
    ("labels", "hashes", "outcome"),
    [
        pytest.param(LABELS, {"app": "h1"}, ((), ()), id="same"),
        pytest.param(OLDER, {"app": "h1"}, ((), ()), id="same, of another version"),
        pytest.param(LABELS, {"app": "h2"}, DRIFT, id="other"),
        pytest.param(OLDER, {"app": "h2"}, NOT_SHOWN, id="other, of another version"),
        pytest.param({}, {"app": "h2"}, NOT_SHOWN, id="no label"),
        pytest.param(LABELS, {}, NOT_SHOWN, id="not of this service"),
        pytest.param(LABELS, Unknown("no Compose"), NOT_SHOWN, id="no Compose"),
    ],
)
def test_a_hash_counts_only_where_it_can_be_compared(
    small: SmallStack,
    labels: dict[str, str],
    hashes: dict[str, str] | Unknown,
    outcome: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    small.config, small.definition = {"Labels": labels}, POST_START
    small.host.hashes = hashes
    answer = small.observe()
    assert (answer.drift, answer.unverified) == outcome


def test_a_second_look_does_not_take_drift_for_a_match(small: SmallStack) -> None:
    small.config, small.definition = {"Labels": LABELS}, POST_START
    small.host.hashes = {"app": "h1"}
    assert small.drift() == ()
    small.definition = {}
    small.host.hashes = Unknown("no Compose")
    assert [small.drift() for _ in range(2)] == [("definition:post_start",)] * 2


def test_a_hash_that_covers_another_container_does_not_count(small: SmallStack) -> None:
    small.config, small.definition = {"Labels": LABELS}, {**POST_START, "ipc": "service:app"}
    small.host_config = {"IpcMode": "container:c1"}
    small.host.hashes = {"app": "h2"}
    answer = small.observe()
    assert (answer.drift, answer.unverified) == NOT_SHOWN


def test_what_matched_and_was_not_edited_is_the_engine_s_other_form(small: SmallStack) -> None:
    assert small.drift() == ()
    small.config = {"User": "redis"}
    assert small.drift() == ()
    small.host.kept = Origins()
    assert small.drift() == ("definition:user",)


@pytest.mark.case("freshness/c01-stanza-drift")
def test_what_no_engine_shows_and_was_removed_is_remembered(small: SmallStack) -> None:
    small.config = {"Labels": LABELS}
    small.definition = {"post_start": [{"command": ["x"]}]}
    small.host.hashes = {"app": "h1"}
    assert small.drift() == ()
    small.definition = {}
    small.host.hashes = {"app": "h2"}
    assert small.drift() == ("definition:post_start",)


@pytest.mark.case("freshness/a14-defaults-written-out")
def test_what_the_engine_shows_is_not_judged_by_memory(small: SmallStack) -> None:
    small.config = {"Labels": LABELS}
    small.definition = {"stop_signal": "SIGTERM", "logging": {"driver": "json-file"}}
    small.host.hashes = {"app": "h1"}
    assert small.drift() == ()
    small.definition = {}
    small.host.hashes = {"app": "h2"}
    assert small.drift() == ()


def test_what_the_engine_shows_for_reasons_of_its_own_is_judged_by_memory(
    small: SmallStack,
) -> None:
    small.config = {"Labels": LABELS}
    small.host_config = {"LogConfig": {"Type": "journald", "Config": {}}}
    small.host.hashes = {"app": "h1"}
    assert small.drift() == ()
    small.definition = {"restart": "no"}
    small.host.hashes = {"app": "h2"}
    assert small.drift() == ()
    small.definition = {"logging": {"driver": "syslog"}}
    assert small.drift() == ("definition:logging",)
    # Nobody remembers: either may explain the other hash.
    small.definition = {"restart": "no"}
    small.host.kept = Origins()
    assert small.drift() == ("definition:logging",)


def test_another_hash_alone_is_said_where_nobody_remembers(small: SmallStack) -> None:
    small.config = {"Labels": LABELS}
    small.definition = {"restart": "no"}
    small.host.hashes = {"app": "h2"}
    assert small.drift() == ()
    assert small.observe().unverified == (HASH_ALONE,)


def test_an_edit_is_seen_where_no_hash_can_be_compared(small: SmallStack) -> None:
    small.config = {"User": "redis"}
    small.definition = {"user": "redis"}
    assert small.drift() == ()
    small.definition = {"user": "root"}
    assert small.drift() == ("definition:user",)


def test_a_variable_that_was_removed_is_seen_where_no_hash_can_be_compared(
    small: SmallStack,
) -> None:
    small.config = {"Env": ["A=1"]}
    small.definition = {"environment": {"A": "1"}}
    assert small.drift() == ()
    small.definition = {}
    assert small.drift() == ("env:A",)


def test_compose_is_not_asked_again_about_what_it_confirmed(small: SmallStack) -> None:
    small.config = {"Labels": LABELS}
    small.host.hashes = {"app": "h1"}
    small.observe()
    small.observe()
    assert len(small.host.asked) == 1


def test_an_inline_config_is_compared_with_the_container_s(small: SmallStack) -> None:
    small.definition = {"configs": [{"source": "c", "target": "/c.txt"}]}
    small.definitions = {"configs": {"c": {"content": "one"}}}
    small.host.files = {
        "/c.txt": "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    }
    assert small.drift() == ()
    small.definitions = {"configs": {"c": {"content": "two"}}}
    assert small.drift() == ("content:/c.txt",)


@pytest.fixture
def built(small: SmallStack) -> SmallStack:
    (small.root / "ctx").mkdir()
    (small.root / "ctx/Dockerfile").write_text("FROM x\nCOPY a /a\n")
    (small.root / "ctx/a").write_text("1")
    (small.root / "ctx/notes").write_text("1")
    small.definition = {"build": {"context": str(small.root / "ctx"), "dockerfile": "Dockerfile"}}
    made = FUTURE.isoformat()
    image = {**IMAGE, "Created": made}
    small.images = {"app:1": image, "sha256:one": image}
    assert small.drift() == ()
    return small


@pytest.mark.case("freshness/c15-build-not-built")
def test_an_edit_that_nobody_built_is_drift_until_it_is_built(built: SmallStack) -> None:
    (built.root / "ctx/a").write_text("2")
    assert built.drift() == ("unbuilt:context/a",)
    # A build that began and came to nothing leaves the image as it was.
    built.host.built_at = FUTURE.timestamp()
    assert built.drift() == ("unbuilt:context/a:cached",)
    again = {**built.images["app:1"], "Id": "sha256:two", "RootFS": {"Layers": ["sha256:b"]}}
    built.images = {**built.images, "app:1": again, "sha256:two": again}
    again["Created"] = FUTURE.isoformat()
    assert built.drift() == ("image:newer behind the tag",)
    built.runs = "sha256:two"
    assert built.drift() == ()


def test_a_build_that_cannot_be_read_is_neither_built_nor_not(built: SmallStack) -> None:
    dockerfile, elsewhere = built.root / "ctx/Dockerfile", built.root / "Dockerfile"
    # As it was when the image was seen, and as if nobody had seen it.
    for origins in (built.host.kept, Origins()):
        built.host.kept = origins
        dockerfile.rename(elsewhere)
        assert built.drift() == ()
        elsewhere.rename(dockerfile)
        assert built.drift() == ()
    (built.root / "ctx/a").write_text("2")
    assert built.drift() == ("unbuilt:context/a",)


@pytest.mark.case("field/c10")
def test_the_dockerfile_counts_but_for_its_comments(built: SmallStack) -> None:
    (built.root / "ctx/.dockerignore").write_text("*\n!a\n!notes\n")
    built.host.kept = Origins()
    built.images["app:1"]["Created"] = FUTURE.isoformat()
    assert built.drift() == ()
    (built.root / "ctx/Dockerfile").write_text("# why\nFROM x\nCOPY a /a\n")
    assert built.drift() == ()
    (built.root / "ctx/Dockerfile").write_text("FROM x\nCOPY a /a\nLABEL note=2\n")
    assert built.drift() == ("unbuilt:Dockerfile",)


def test_a_build_takes_in_what_the_image_does_not_hold(built: SmallStack) -> None:
    (built.root / "ctx/notes").write_text("2")
    assert built.drift() == ("unbuilt:context/notes",)
    built.host.built_at = FUTURE.timestamp()
    assert built.drift() == ()


def test_the_same_bytes_need_no_build(built: SmallStack) -> None:
    (built.root / "ctx/a").write_text("1")
    (built.root / "ctx/Dockerfile").chmod(0o600)
    assert built.drift() == ()


def test_an_image_of_a_registry_was_perhaps_never_built_here(built: SmallStack) -> None:
    built.host.kept = Origins()
    old = {**built.images["app:1"], "Created": "2020-01-01T00:00:00Z", "RepoDigests": ["app@x"]}
    built.images = {"app:1": old, "sha256:one": old}
    seen = built.observe()
    assert seen.drift == ()
    assert seen.unverified == ("live:build: the image may come from a registry",)
