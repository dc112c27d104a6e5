"""What a container mounts, beside what it read at its start: one act after another."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from stacktest.adapters.fingerprint_inputs.files import FileReader, UnreadableError
from stacktest.config import ServiceSection
from stacktest.core.freshness.origins import Origins
from stacktest.core.observed_state import Container
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError
from tests.support.small_stack import PAST, SmallStack, later_time

Act = Callable[[SmallStack], object]


def git(small: SmallStack, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=small.root, check=True, capture_output=True)


def begin(small: SmallStack) -> None:
    git(small, "init")
    git(small, "add", "-A")


def ignore(small: SmallStack) -> None:
    small.sections = {"app": ServiceSection(ignore=("conf/a",))}


def ignore_nothing(small: SmallStack) -> None:
    small.sections = {}


@pytest.mark.parametrize(
    ("before", "act"),
    [
        (ignore_nothing, ignore),
        (ignore, ignore_nothing),
        (ignore_nothing, lambda small: git(small, "add", "conf/sub/b")),
        (ignore_nothing, lambda small: git(small, "rm", "-q", "--cached", "conf/a")),
        (ignore_nothing, lambda small: shutil.rmtree(small.root / ".git")),
        (lambda small: shutil.rmtree(small.root / ".git"), begin),
    ],
    ids=["ignored", "no longer ignored", "tracked", "no longer tracked", "no git", "git"],
)
@pytest.mark.parametrize("read_only", [True, False])
def test_what_counts_is_another_set_of_files_and_none_was_edited(
    small: SmallStack, before: Act, act: Act, *, read_only: bool
) -> None:
    git(small, "init")
    git(small, "add", "conf/a")
    small.mount("conf", "/conf", read_only=read_only)
    before(small)
    small.started = later_time(small.root)
    assert small.drift() == ()
    act(small)
    assert small.drift() == ()


def test_an_edit_beside_such_a_change_counts(small: SmallStack) -> None:
    git(small, "init")
    git(small, "add", "conf/a")
    small.mount("conf", "/conf", read_only=False)
    small.started = later_time(small.root)
    assert small.drift() == ()
    (small.root / "conf/sub/b").write_text("2")
    git(small, "add", "conf/sub/b")
    assert small.drift() == ("stale:conf/sub/b",)


def test_files_of_a_folder_that_was_moved_in_count(small: SmallStack) -> None:
    (small.root / "new").mkdir()
    (small.root / "new/c").write_text("1")
    small.mount("conf", "/conf")
    small.started = later_time(small.root)
    assert small.drift() == ()
    (small.root / "new").rename(small.root / "conf/new")
    assert small.drift() == ("stale:conf/new/c",)


@pytest.mark.parametrize(
    ("state", "started", "drift"),
    [
        ("created", datetime(1, 1, 1, tzinfo=UTC), ("container:created",)),
        ("exited", PAST, ("container:exited", "stale:conf/a", "stale:conf/sub/b")),
    ],
)
def test_a_container_that_was_never_started_has_read_nothing_that_could_be_old(
    small: SmallStack, state: str, started: datetime, drift: tuple[str, ...]
) -> None:
    small.mount("conf", "/conf")
    small.state, small.started = state, started
    reasons = tuple(reason for reason in small.drift() if not reason.endswith("/"))
    assert reasons == drift


@pytest.mark.parametrize("is_remembered", [True, False])
def test_what_cannot_be_read_is_neither_equal_nor_edited(
    small: SmallStack, monkeypatch: pytest.MonkeyPatch, *, is_remembered: bool
) -> None:
    small.mount("conf", "/conf")
    small.started = later_time(small.root)
    assert not is_remembered or small.drift() == ()

    def refuse(*_: object, **__: object) -> None:
        raise UnreadableError("cannot read conf/a: Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(FileReader, "_add_file", refuse)
        observation = small.observe()
    assert observation.drift == ()
    assert isinstance(observation.fingerprint.parts["config"], Unknown)
    assert small.drift() == ()
    (small.root / "conf/a").write_text("2")
    assert small.drift() == ("stale:conf/a",)


def remove_file(small: SmallStack) -> None:
    (small.root / "conf/a").unlink()


def remove_folder(small: SmallStack) -> None:
    shutil.rmtree(small.root / "conf")


def empty_folder(small: SmallStack) -> None:
    remove_folder(small)
    (small.root / "conf").mkdir()


def swap_folder(small: SmallStack) -> None:
    (small.root / "conf").rename(small.root / "old")
    (small.root / "later").rename(small.root / "conf")


def switch_link(small: SmallStack) -> None:
    (small.root / "current").unlink()
    (small.root / "current").symlink_to("later")


@pytest.mark.parametrize(
    ("source", "act", "reason"),
    [
        ("conf/a", remove_file, "stale:conf/a"),
        ("conf", remove_folder, "stale:conf"),
        ("conf", empty_folder, "stale:conf/"),
        # No file in it is newer than the container.
        ("conf", swap_folder, "stale:conf/"),
        ("current", switch_link, "stale:current"),
        ("current/sub", switch_link, "stale:current"),
        ("current/a", switch_link, "stale:current"),
    ],
)
def test_a_container_that_nobody_saw_has_what_was_there_at_its_start(
    small: SmallStack, source: str, act: Act, reason: str
) -> None:
    shutil.copytree(small.root / "conf", small.root / "later")
    (small.root / "later/a").write_text("2")
    (small.root / "current").symlink_to("conf")
    small.mount(source, "/conf")
    small.started = later_time(small.root)
    act(small)
    assert reason in small.drift()
    # It is not remembered as if all had been well.
    assert reason in small.drift()


@pytest.mark.parametrize("section", ["configs", "secrets"])
def test_a_file_of_configs_that_is_gone_was_there_at_the_start(
    small: SmallStack, section: str
) -> None:
    path = str(small.root / "conf/a")
    small.definition = {section: [{"source": "c", "target": "/c"}]}
    small.definitions = {section: {"c": {"file": path}}}
    small.mounts = [{"Type": "bind", "Source": path, "Destination": "/c", "RW": False}]
    small.started = later_time(small.root)
    remove_file(small)
    assert small.drift() == ("stale:conf/a",)


def test_what_is_gone_here_may_be_where_the_engine_is(small: SmallStack) -> None:
    small.mount("conf", "/conf", read_only=False)
    small.started = later_time(small.root)
    small.host.elsewhere = {"/conf": Unknown("it cannot be read")}
    remove_folder(small)
    assert small.drift() == ()


@pytest.mark.parametrize(
    ("source", "target", "read_only"),
    [("conf/sub", "/conf/sub", False), ("later", "/conf/sub", True), ("", "/conf/sub", False)],
    ids=["writable", "another folder", "volume"],
)
def test_the_container_does_not_see_what_lies_below_another_mount(
    small: SmallStack, source: str, target: str, *, read_only: bool
) -> None:
    (small.root / "later").mkdir()
    small.mount("conf", "/conf")
    if source:
        small.mount(source, target, read_only=read_only)
    else:
        small.definition["volumes"].append({"type": "volume", "source": "data", "target": target})
        small.mounts.append({"Type": "volume", "Name": "s_data", "Destination": target, "RW": True})
    small.started = later_time(small.root)
    before = small.observe()
    assert before.drift == ()
    (small.root / "conf/sub/written").write_text("1")
    after = small.observe()
    assert after.drift == ()
    assert after.fingerprint.digest == before.fingerprint.digest
    # Up to version 6 it counted, so what such a pass was about is not known.
    assert dict(after.fingerprint.carried) == {}
    (small.root / "conf/a").write_text("2")
    assert small.drift() == ("stale:conf/a",)


@pytest.mark.parametrize("source", ["conf", "conf/sub", "conf/sub/app.log"])
@pytest.mark.parametrize(("read_only", "is_state"), [(False, True), (True, False)])
def test_what_another_service_writes_is_state_by_its_name(
    small: SmallStack, source: str, *, read_only: bool, is_state: bool
) -> None:
    """One program reads the logs of another one."""
    log = small.root / "conf/sub/app.log"
    log.write_text("1")
    small.mount(source, "/logs")
    bind = {"type": "bind", "source": str(small.root / "conf/sub"), "target": "/logs"}
    writer = {"image": "app:1", "volumes": [{**bind, "read_only": read_only}]}
    app = {"image": "app:1", **small.definition}
    small.definitions = {"services": {"app": app, "writer": writer}}
    small.started = later_time(small.root)
    before = small.observe()
    log.write_text("2")
    after = small.observe()
    assert after.drift == (() if is_state else ("stale:conf/sub/app.log",))
    assert (after.fingerprint.digest == before.fingerprint.digest) is is_state
    if is_state and source != "conf/sub/app.log":
        (small.root / "conf/sub/b").write_text("2")
        assert small.drift() == ("stale:conf/sub/b",)


def test_what_two_mounts_expose_is_seen_by_one_of_them(small: SmallStack) -> None:
    small.mount("conf", "/conf")
    small.mount("conf", "/again")
    small.mount("conf/sub", "/conf/sub", read_only=False)
    small.started = later_time(small.root)
    assert small.drift() == ()
    (small.root / "conf/sub/b").write_text("2")
    assert small.drift() == ("stale:conf/sub/b",)


@pytest.mark.parametrize("section", ["configs", "secrets"])
def test_a_program_that_reloads_has_to_see_its_configs(small: SmallStack, section: str) -> None:
    path = str(small.root / "conf/a")
    small.definition = {section: [{"source": "c", "target": "/c"}]}
    small.definitions = {section: {"c": {"file": path}}}
    small.mounts = [{"Type": "bind", "Source": path, "Destination": "/c", "RW": False}]
    small.sections = {"app": ServiceSection(reload="live")}
    small.host.seen = {"/c": True}
    assert small.drift() == ()
    small.host.seen = {"/c": False}
    assert small.drift() == ("stale:conf/a",)
    remove_file(small)
    assert small.drift() == ("stale:conf/a",)


def test_a_touched_folder_is_told_from_an_edit_by_what_is_remembered(small: SmallStack) -> None:
    small.mount("conf", "/conf")
    small.started = later_time(small.root)
    assert small.drift() == ()
    (small.root / "conf").chmod(0o700)
    assert small.drift() == ()
    small.host.kept = Origins()
    assert small.drift() == ("stale:conf/",)


def away(project: str = "") -> tuple[Container, ...]:
    raise ToolMissingError("the container engine does not answer", where="engine", hint="start it")


def under_another_name(project: str = "") -> tuple[Container, ...]:
    return ()


@pytest.mark.parametrize("listing", [away, under_another_name])
def test_a_look_that_sees_no_container_forgets_none(
    small: SmallStack, monkeypatch: pytest.MonkeyPatch, listing: Callable[..., Any]
) -> None:
    small.mount("conf", "/conf")
    small.started = later_time(small.root)
    assert small.drift() == ()
    with monkeypatch.context() as patch:
        patch.setattr(small, "containers", listing)
        small.observe()
    (small.root / "conf/a").write_text("2")
    assert small.drift() == ("stale:conf/a",)
    # By its time alone it would count as edited still.
    (small.root / "conf/a").write_text("1")
    assert small.drift() == ()
