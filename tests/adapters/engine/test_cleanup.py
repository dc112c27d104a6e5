"""Only what carries our label is removed; what has data is asked first, dependants before others."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from stacktest.adapters.engine import cleanup, labels
from stacktest.adapters.engine.labels import KEEP, RUN, STACK, STANZA
from stacktest.adapters.engine.port import EnginePort
from stacktest.core.changed_copy import replace
from stacktest.core.denied_egress import deny_egress
from stacktest.core.model import Mount, Service, Stack
from stacktest.core.observed_state import Container
from stacktest.errors import ToolMissingError

DATA = Mount(kind="volume", source="p_data", target="/data")
NAMELESS = Mount(kind="volume", source="0" * 64, target="/data")
READ_ONLY = Mount(kind="bind", source="/conf", target="/conf", read_only=True)


def container(service: str, *mounts: Mount, **labels: str) -> Container:
    return Container(
        id=service,
        name=f"p-{service}-1",
        service=service,
        project="p",
        image_id="",
        image_ref="",
        state="running",
        mounts=mounts,
        labels={f"stacktest.{name}": value for name, value in labels.items()},
    )


@dataclass
class FakeEngine:
    here: list[Container] = field(default_factory=list)
    nets: list[dict[str, Any]] = field(default_factory=list)
    stored: list[dict[str, Any]] = field(default_factory=list)
    did: list[tuple[str, str]] = field(default_factory=list)

    def port(self) -> EnginePort:
        """Itself: what a removal does not ask for is not simulated."""
        return cast(EnginePort, self)

    def containers(self, project: str = "", *, labels: dict[str, str]) -> tuple[Container, ...]:
        return tuple(each for each in self.here if labels.items() <= each.labels.items())

    def networks(self, labels: dict[str, str]) -> tuple[dict[str, Any], ...]:
        return tuple(each for each in self.nets if labels.items() <= each["Labels"].items())

    def volumes(self, labels: dict[str, str]) -> tuple[dict[str, Any], ...]:
        return tuple(each for each in self.stored if labels.items() <= each["Labels"].items())

    def remove_volume(self, name: str) -> str:
        self.did.append(("volume", name))
        return "volume is in use" if name == "used" else ""

    def remove_stored(self, labels: dict[str, str]) -> dict[str, str]:
        return {}

    def stop(self, id: str, *, grace: None = None) -> None:  # noqa: A002
        self.did.append(("stop", id))

    def remove(self, id: str) -> str:  # noqa: A002
        self.did.append(("remove", id))
        return "device is busy" if id == "stuck" else ""

    def remove_network(self, id: str) -> str:  # noqa: A002
        self.did.append(("network", id))
        return "has active endpoints" if id == "used" else ""


def test_only_labelled_things_of_this_run_go() -> None:
    engine = FakeEngine(
        here=[container("mine", run="1"), container("other", run="2"), container("foreign")],
        nets=[
            {"Id": "n1", "Name": "p_default", "Labels": {RUN: "1"}},
            {"Id": "n2", "Name": "p_other", "Labels": {}},
        ],
    )
    removed = cleanup.remove_owned(engine.port(), {RUN: "1"})
    assert engine.did == [("remove", "mine"), ("network", "n1")]
    assert removed.containers == ("p-mine-1",)
    assert removed.networks == ("p_default",)


def test_without_a_label_of_ours_nothing_may_be_removed() -> None:
    engine = FakeEngine(here=[container("foreign")])
    with pytest.raises(ValueError, match="own label"):
        cleanup.remove_owned(engine.port(), {"com.docker.compose.project": "p"})
    assert engine.did == []


def test_what_has_data_is_stopped_dependants_first_the_rest_is_killed_at_once() -> None:
    engine = FakeEngine(
        here=[
            container("db", DATA, run="1"),
            container("app", DATA, run="1"),
            container("plain", NAMELESS, READ_ONLY, run="1"),
        ]
    )
    cleanup.remove_owned(engine.port(), {RUN: "1"}, order=("db", "plain", "app"))
    assert engine.did == [
        ("remove", "plain"),
        ("stop", "app"),
        ("remove", "app"),
        ("stop", "db"),
        ("remove", "db"),
    ]


def test_what_does_not_run_needs_no_stop() -> None:
    engine = FakeEngine(here=[replace(container("db", DATA, run="1"), state="exited")])
    cleanup.remove_owned(engine.port(), {RUN: "1"})
    assert engine.did == [("remove", "db")]


def test_what_the_engine_would_not_remove_is_told() -> None:
    engine = FakeEngine(
        here=[container("stuck", run="1")],
        nets=[{"Id": "used", "Name": "p_default", "Labels": {RUN: "1"}}],
    )
    removed = cleanup.remove_owned(engine.port(), {RUN: "1"})
    assert removed.containers == removed.networks == ()
    assert removed.left == {"p-stuck-1": "device is busy", "p_default": "has active endpoints"}


STACK_MODEL = Stack(
    name="p",
    root=Path("/stack"),
    services={
        "app": Service(name="app", networks=("default", "edge", "old"), definition={"image": "x"}),
        "db": Service(name="db", networks=("default", "mine"), definition={"image": "y"}),
    },
    definitions={
        "networks": {
            "default": {"name": "p_default"},
            "edge": {"name": "edge", "external": True},
            "old": {"name": "p_old"},
            "mine": {"name": "p_mine"},
        }
    },
)


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of the stack does not exist, so that it cannot hold an id."""
    monkeypatch.setattr(labels, "stack_mark", lambda root: f"mark of {root}")


def test_leftovers_of_other_runs_go_unless_they_were_to_stay() -> None:
    mark = labels.stack_id(STACK_MODEL)
    engine = FakeEngine(
        here=[
            container("a", run="old", stack=mark),
            container("b", run="now", stack=mark),
            container("c", run="up", stack=mark, keep="yes"),
            container("d", run="old", stack="another"),
        ]
    )
    removed = cleanup.remove_leftovers(engine.port(), STACK_MODEL, "now")
    assert removed.containers == ("p-a-1",)


def test_the_override_labels_services_and_only_new_networks_of_ours() -> None:
    exists = {"p_old": {"a": "b"}, "p_mine": {RUN: "before", "a": "b"}}
    made = labels.label_override(STACK_MODEL, ["db", "app"], "7", networks=exists)
    mark = labels.stack_id(STACK_MODEL)
    assert made["networks"] == {
        "default": {"labels": {RUN: "7", STACK: mark}},
        "mine": {"labels": {RUN: "before"}},
    }
    assert made["services"]["app"]["labels"] == {
        RUN: "7",
        STACK: mark,
        STANZA: labels.definition_digest(STACK_MODEL.services["app"]),
    }
    kept = labels.label_override(STACK_MODEL, ["app"], "7", networks={}, keep=True)
    assert kept["services"]["app"]["labels"][KEEP] == "yes"


def test_the_override_labels_networks_that_only_other_services_use() -> None:
    made = labels.label_override(STACK_MODEL, ["app"], "7", networks={"p_old": {"a": "b"}})
    own = {"labels": {RUN: "7", STACK: labels.stack_id(STACK_MODEL)}}
    assert made["networks"] == {"default": own, "mine": own}
    others = replace(STACK_MODEL, services={"db": STACK_MODEL.services["db"]})
    exists = {"p_old": {"a": "b"}}
    closed = labels.label_override(deny_egress(others), ["db"], "7", networks=exists)
    assert closed["networks"] == {key: {**own, "internal": True} for key in ("default", "mine")}


def test_the_override_closes_networks_that_may_not_lead_outside() -> None:
    own = replace(STACK_MODEL, services={"db": STACK_MODEL.services["db"]})
    exists = {"p_default": {"a": "b"}, "p_mine": {RUN: "before"}, "p_old": {}}
    made = labels.label_override(deny_egress(own), ["db"], "7", networks=exists)
    assert made["networks"] == {
        "default": {"internal": True},
        "mine": {"labels": {RUN: "before"}, "internal": True},
    }
    assert made["services"]["db"]["dns"] == ["127.0.0.1"]


def test_the_digest_of_a_definition_follows_its_content_not_its_order() -> None:
    one = Service(name="a", definition={"image": "x", "command": ["y"]})
    same = Service(name="a", definition={"command": ["y"], "image": "x"})
    other = Service(name="a", definition={"command": ["z"], "image": "x"})
    assert labels.definition_digest(one) == labels.definition_digest(same)
    assert labels.definition_digest(one) != labels.definition_digest(other)


def test_an_engine_at_a_standstill_is_not_asked_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [container(f"c{number}", run="1") for number in range(40)]
    engine = FakeEngine(here=many)

    def remove(id: str) -> str:  # noqa: A002
        engine.did.append(("remove", id))
        raise ToolMissingError("the container engine does not answer: timed out")

    monkeypatch.setattr(engine, "remove", remove)
    with pytest.raises(ToolMissingError, match="does not answer"):
        cleanup.remove_owned(engine.port(), {RUN: "1"})
    assert len(engine.did) < len(many)


def test_the_volumes_of_a_copy_go_with_it() -> None:
    engine = FakeEngine(
        stored=[
            {"Name": "p-rehearsal-1_data", "Labels": {RUN: "1"}},
            {"Name": "p-rehearsal-2_data", "Labels": {RUN: "2"}},
            {"Name": "used", "Labels": {RUN: "1"}},
            {"Name": "p_data", "Labels": {}},
        ]
    )
    removed = cleanup.remove_owned(engine.port(), {RUN: "1"})
    assert engine.did == [("volume", "p-rehearsal-1_data"), ("volume", "used")]
    assert removed.left == {"used": "volume is in use"}


def test_a_copy_is_no_leftover_of_its_stack() -> None:
    copy = replace(STACK_MODEL, copy="ab12cd")
    mark = f"mark of {STACK_MODEL.root}"
    assert labels.stack_labels(STACK_MODEL) == {STACK: mark}
    assert labels.stack_labels(copy)[STACK] == f"{mark}-ab12cd"
    assert labels.stack_labels(copy)[labels.COPY_OF] == labels.stack_id(STACK_MODEL)
