"""An edit that was looked at, or tested, and taken back is no other run if nothing can have read it.

| the edit that a look or a run saw           | the pass's container, started once more |
|---------------------------------------------|-----------------------------------------|
| of what only a new container reads          | functional                              |
| of anything that a restart can read         | reverted                                |
| any, seen beside a container that was new   | reverted                                |
"""

import json
from collections.abc import Callable

import pytest

from stacktest.core.fingerprint.fingerprint import ROUTE
from stacktest.core.freshness.states import State
from stacktest.core.unknown import Unknown
from tests.support.stack_simulator import Service, StackSimulator

KEYS = {
    "image": "1",
    "command": "1",
    "post_start": "1",
    "networks.default": "1",
    f"{ROUTE}app": "1",
}
DRIFT = ("definition:command",)


@pytest.fixture
def app(world: StackSimulator) -> Service:
    """A service that passed; this machine knows the keys of its definition."""
    app = world.add("app")
    app.detail = {"stanza": dict(KEYS)}
    assert world.run().credited() == {"app"}
    world.known_names = {"stanza": KEYS}
    return app


def edit(app: Service, part: str, *keys: str) -> None:
    """Edit a part without applying it."""
    app.edit(part, f"another {part} {keys}")
    app.detail = {"stanza": app.detail["stanza"] | dict.fromkeys(keys, "2")}
    app.drift = DRIFT


def put_back(world: StackSimulator, app: Service) -> Callable[[], None]:
    """What takes every edit back."""
    parts, repo = dict(app.parts), app.repo

    def undo() -> None:
        app.parts, app.repo, app.drift, app.unread = dict(parts), repo, (), frozenset()
        app.detail = {"stanza": dict(KEYS)}

    return undo


EDITS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "a key": (("stanza", ("command",)),),
    "a key that is new": (("stanza", ("healthcheck",)),),
    "a variable": (("env", ()),),
    "what it is built from": (("build", ()),),
    "several of them": (("env", ()), ("stanza", ("command", "user")), ("build", ())),
}
READ_BY_A_RESTART: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "a mounted file": (("config", ()),),
    "a mounted file and a variable": (("config", ()), ("env", ())),
    "a command that Compose runs after each start": (("stanza", ("post_start",)),),
    "a command that Compose runs before each stop": (("stanza", ("pre_stop",)),),
    "a network": (("stanza", ("networks.default",)),),
    "what the front door says": (("stanza", (f"{ROUTE}app",)),),
    "keys whose names are not known": (("stanza", ()),),
    "the image that runs": (("image", ()),),
}


@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_that_was_never_applied_is_no_other_run(
    world: StackSimulator, app: Service, kind: str
) -> None:
    undo = put_back(world, app)
    for part, keys in EDITS[kind]:
        edit(app, part, *keys)
        assert world.index()["app"].state is State.DRIFTED
    app.restart()
    assert world.index()["app"].state is State.DRIFTED
    undo()
    assert world.index()["app"].state is State.FUNCTIONAL
    app.restart()
    assert world.index()["app"].state is State.FUNCTIONAL
    # A new container may have come after one with the edit.
    app.recreate()
    assert world.index()["app"].reasons == ("reverted",)


@pytest.mark.parametrize("kind", READ_BY_A_RESTART)
def test_an_edit_that_a_restart_reads_may_have_run(
    world: StackSimulator, app: Service, kind: str
) -> None:
    undo = put_back(world, app)
    for part, keys in READ_BY_A_RESTART[kind]:
        edit(app, part, *keys)
    world.index()
    undo()
    assert world.index()["app"].state is State.FUNCTIONAL
    app.restart()
    assert world.index()["app"].reasons == ("reverted",)


@pytest.mark.parametrize("kind", EDITS)
def test_a_run_on_an_edit_that_was_never_applied_is_a_run_of_the_old_container(
    world: StackSimulator, app: Service, kind: str
) -> None:
    undo = put_back(world, app)
    for part, keys in EDITS[kind]:
        edit(app, part, *keys)
        assert world.run().credited() == set()
        assert world.state("app") is State.DRIFTED
    app.restart()
    undo()
    assert world.state("app") is State.FUNCTIONAL
    # Once it is applied, something else runs, and coming back needs a new pass.
    edit(app, *EDITS[kind][0][:1], *EDITS[kind][0][1])
    app.drift = ()
    app.recreate()
    assert world.index()["app"].state is State.CHANGED
    undo()
    app.recreate()
    assert world.index()["app"].reasons == ("reverted",)


@pytest.mark.parametrize("kind", READ_BY_A_RESTART)
def test_a_run_on_an_edit_that_a_restart_reads_may_have_run(
    world: StackSimulator, app: Service, kind: str
) -> None:
    undo = put_back(world, app)
    for part, keys in READ_BY_A_RESTART[kind]:
        edit(app, part, *keys)
    assert world.run().credited() == set()
    undo()
    app.restart()
    assert world.index()["app"].reasons == ("reverted",)


def test_after_a_run_that_was_killed_the_edit_may_have_been_applied(
    world: StackSimulator, app: Service
) -> None:
    undo = put_back(world, app)
    edit(app, "env")
    world.run(crash=True)
    undo()
    app.recreate()
    assert world.index()["app"].reasons == ("reverted",)


def test_a_failure_beside_an_unapplied_edit_is_that_of_the_old_container(
    world: StackSimulator, app: Service
) -> None:
    undo = put_back(world, app)
    edit(app, "env")
    world.run(app="failed")
    assert world.state("app") is State.DRIFTED
    applied = app.containers
    app.drift = ()
    app.recreate()
    assert world.judge("app").state is State.CHANGED
    app.containers = applied
    undo()
    assert world.state("app") is State.FAILING


@pytest.mark.parametrize("looks", [("env", "config"), ("config", "env")])
def test_the_look_that_saw_most_counts(
    world: StackSimulator, app: Service, looks: tuple[str, str]
) -> None:
    undo = put_back(world, app)
    for part in looks:
        undo()
        edit(app, part)
        world.index()
    undo()
    app.restart()
    assert world.index()["app"].reasons == ("reverted",)


def test_an_edit_that_ran_in_another_container(world: StackSimulator, app: Service) -> None:
    """The old container came back by its id: somebody had stopped it and started it again."""
    undo, old = put_back(world, app), app.containers
    edit(app, "env")
    world.index()
    app.recreate()
    world.index()
    undo()
    app.containers = old
    app.restart()
    assert world.index()["app"].reasons == ("reverted",)


FILES = {"conf/a": "1", "conf/b": "1"}


def edit_files(app: Service, *names: str, unread: tuple[str, ...] = ()) -> None:
    """Edit mounted files, some of them after the containers had started."""
    app.edit("config", f"another {names}")
    app.detail = {**app.detail, "config": FILES | dict.fromkeys(names, "2")}
    app.drift = tuple(f"stale:{name}" for name in names)
    app.unread = frozenset(unread)


@pytest.fixture
def restarted(world: StackSimulator, app: Service) -> Callable[[], None]:
    """A host that was restarted after the pass, and what takes every edit back."""
    world.known_names = {"stanza": KEYS, "config": FILES}
    undo = put_back(world, app)
    app.restart()
    assert world.index()["app"].state is State.FUNCTIONAL
    return undo


@pytest.mark.parametrize("with_a_key", [True, False])
def test_a_file_that_the_restarted_containers_did_not_read(
    world: StackSimulator, app: Service, restarted: Callable[[], None], *, with_a_key: bool
) -> None:
    if with_a_key:
        edit(app, "stanza", "command")
    edit_files(app, "conf/a", unread=("conf/a",))
    assert world.index()["app"].state is State.DRIFTED
    restarted()
    assert world.judge("app").state is State.FUNCTIONAL
    # Nobody looked in between: the start may have come before the edit was taken back.
    now = app.containers
    app.restart()
    assert world.judge("app").reasons == ("reverted",)
    # A look that sees the files of the pass beside the containers that never read others ends it.
    app.containers = now
    assert world.index()["app"].state is State.FUNCTIONAL
    app.restart()
    assert world.index()["app"].state is State.FUNCTIONAL
    app.recreate()
    assert world.index()["app"].reasons == ("reverted",)


def test_a_run_beside_a_file_that_the_containers_did_not_read(
    world: StackSimulator, app: Service, restarted: Callable[[], None]
) -> None:
    edit_files(app, "conf/a", unread=("conf/a",))
    assert world.run().credited() == set()
    restarted()
    assert world.index()["app"].state is State.FUNCTIONAL
    app.restart()
    assert world.index()["app"].state is State.FUNCTIONAL


def test_what_cannot_be_read_does_not_end_it(
    world: StackSimulator, app: Service, restarted: Callable[[], None]
) -> None:
    edit_files(app, "conf/a", unread=("conf/a",))
    world.index()
    restarted()
    app.parts["config"] = Unknown("permission denied")
    world.index()
    restarted()
    app.restart()
    assert world.index()["app"].reasons == ("reverted",)


@pytest.mark.parametrize("unread", [(), ("conf/b",)])
def test_a_file_that_the_restarted_containers_may_have_read(
    world: StackSimulator, app: Service, restarted: Callable[[], None], unread: tuple[str, ...]
) -> None:
    edit_files(app, "conf/a", "conf/b", unread=unread)
    world.index()
    restarted()
    assert world.index()["app"].reasons == ("reverted",)


def test_a_file_that_the_second_look_saw_running(
    world: StackSimulator, app: Service, restarted: Callable[[], None]
) -> None:
    edit_files(app, "conf/a", unread=("conf/a",))
    world.index()
    app.restart()
    edit_files(app, "conf/a")
    world.index()
    restarted()
    assert world.index()["app"].reasons == ("reverted",)


def test_a_run_that_saw_its_container_move_counts(world: StackSimulator, app: Service) -> None:
    undo = put_back(world, app)
    edit(app, "env")
    world.index()
    undo()
    assert world.run(meanwhile=app.restart).credited() == set()
    assert world.index()["app"].reasons == ("moved during the tests",)


@pytest.mark.parametrize("lost", ["config", "stanza"])
def test_what_cannot_be_compared_may_have_changed(
    world: StackSimulator, app: Service, lost: str
) -> None:
    undo = put_back(world, app)
    edit(app, "env")
    app.parts[lost] = Unknown("permission denied")
    world.index()
    undo()
    app.restart()
    assert world.index()["app"].reasons == ("reverted",)


def test_files_that_compose_copies_into_the_container(world: StackSimulator, app: Service) -> None:
    """`develop.watch`: the edited files of the build run without a new container."""
    app.is_synced = True
    undo = put_back(world, app)
    edit(app, "build")
    world.index()
    undo()
    app.restart()
    assert world.index()["app"].reasons == ("reverted",)


def test_an_older_record_does_not_say_what_it_saw(world: StackSimulator, app: Service) -> None:
    undo = put_back(world, app)
    edit(app, "env")
    world.index()
    for path in (world.record("app", "last_run.json"), world.root / ".stacktest/last_runs.json"):
        document = json.loads(path.read_text())
        record = document.get("app", document)
        assert record["since_pass"]["other"]["why"] == "edited"
        record["since_pass"]["other"]["why"] = "seen"
        path.write_text(json.dumps(document))
    undo()
    app.restart()
    assert world.index()["app"].reasons == ("reverted",)
