"""What cannot be created costs only itself and what needs it."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.network import Connector
from stacktest.adapters.process import Completed
from stacktest.adapters.startup.creation import Creation
from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.adapters.startup.loop import Loop
from stacktest.adapters.startup.tracked_container import Settings
from stacktest.core.model import Dependency, Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.plan import plan_services
from stacktest.core.progress import Progress
from stacktest.core.readiness import derive
from stacktest.errors import ToolMissingError


def container(name: str, state: str) -> Container:
    return Container(
        id=name,
        name=f"p-{name}-1",
        service=name,
        project="p",
        image_id="",
        image_ref="",
        state=state,
    )


@dataclass
class FakeCompose:
    """A Compose that fails as a whole where one service cannot be created."""

    broken: dict[str, str]
    """Service → what Compose writes about it."""
    calls: list[list[str]] = field(default_factory=list)

    def create(self, services: Any, override: Any, *, holding: Any, without: Any) -> Completed:
        names = sorted(services)
        assert sorted(override["services"]) == names
        self.calls.append(names)
        assert not set(without) & set(names)
        assert bool(without) is (len(self.calls) > 1)
        errors = [self.broken[name] for name in names if name in self.broken]
        return Completed(argv=(), code=1 if errors else 0, out="", err="\n".join(errors[:1]))

    def created(self) -> list[str]:
        return [name for call in self.calls for name in call if not set(call) & set(self.broken)]


@dataclass
class FakeEngine:
    compose: FakeCompose
    is_gone: bool = False

    def networks(self, labels: object) -> tuple[()]:
        return ()

    def containers(self, project: str) -> tuple[Container, ...]:
        return tuple(container(name, "created") for name in self.compose.created())

    def container(self, name: str) -> Container:
        return container(name, "running")

    def version(self) -> str:
        return "20.10.24"

    def ping(self) -> None:
        if self.is_gone:
            raise ToolMissingError("the container engine does not answer")


def create(
    root: Path,
    broken: dict[str, str],
    *,
    go_on: bool = True,
    present: tuple[str, ...] = (),
    is_gone: bool = False,
) -> tuple[list[str], dict[str, str]]:
    """The services that were created, and why others were not; `web` needs `app`."""
    services = {
        "app": Service(name="app", image="team/app:1"),
        "web": Service(name="web", depends_on=(Dependency(service="app"),)),
        "db": Service(name="db", image="db:1"),
    }
    stack = Stack(name="p", root=root, services=services)
    plan = plan_services(stack, services)
    compose = FakeCompose(broken)
    engine: Any = FakeEngine(compose, is_gone)
    settings = Settings(
        rules={name: derive(service, stack) for name, service in services.items()},
        timeouts={},
        answers=None,
        clock=lambda: 0.0,
        connector=cast(Connector, None),  # nothing is probed here
        can_go_on=lambda _: go_on,
    )
    loop = Loop(stack, plan, engine, settings, Progress())
    loop.add_present(container(name, "running") for name in present)
    creation = Creation(
        stack=stack,
        deployment=cast(Compose, compose),  # only `create` is called
        engine=engine,
        loop=loop,
        progress=Progress(),
        run_id="1",
        keep=False,
        holding=(),
    )
    ids = creation.create([name for name in plan.services if name not in present])
    return sorted(ids), {name: failure.cause for name, failure in loop.failures.items()}


def test_whoever_compose_names_is_left_out_with_what_needs_it(tmp_path: Path) -> None:
    created, failures = create(tmp_path, {"app": "pull access denied for team/app"})
    assert created == ["db"]
    assert failures["app"] == "app has an image that is not here and cannot be pulled"
    assert failures["web"].startswith("web needs app, which is not up: ")


def test_where_compose_names_nobody_each_is_created_by_itself(tmp_path: Path) -> None:
    created, failures = create(tmp_path, {"db": f"something odd{os.linesep}"})
    assert created == ["app", "web"]
    assert failures == {"db": "db could not be created: something odd"}


def test_a_cause_that_is_no_services_ends_it(tmp_path: Path) -> None:
    everything = dict.fromkeys(("app", "web", "db"), "something odd")
    with pytest.raises(NotReadyError, match="the stack could not be created: something odd"):
        create(tmp_path, everything)


def test_causes_that_differ_are_the_services_own(tmp_path: Path) -> None:
    broken = {"app": "odd: one", "web": "odd: two", "db": "odd: three"}
    created, failures = create(tmp_path, broken)
    assert created == []
    assert failures == {name: f"{name} could not be created: {why}" for name, why in broken.items()}


@pytest.mark.parametrize("missing", [("db",), ("db", "web")])
def test_what_runs_already_is_not_lost_with_what_cannot_be_created(
    tmp_path: Path, missing: tuple[str, ...]
) -> None:
    present = tuple({"app", "web", "db"} - set(missing))
    _, failures = create(tmp_path, dict.fromkeys(missing, "something odd"), present=present)
    assert failures == {name: f"{name} could not be created: something odd" for name in missing}


def test_an_engine_that_is_gone_is_no_services_fault(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match="the stack could not be created: something odd"):
        create(tmp_path, {"db": "something odd"}, present=("app", "web"), is_gone=True)


def test_it_ends_at_once_where_nothing_is_left_to_test(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match="cannot be pulled"):
        create(tmp_path, {"app": "pull access denied for team/app"}, go_on=False)
