"""What is kept of a service's containers, and what stands there when the engine keeps no logs."""

from pathlib import Path
from typing import Any, cast

import pytest

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.startup.failure_report import last_log_lines
from stacktest.application.evidence_folder import service_logs
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.unknown import Unknown

WHY = "its logs cannot be read: configured logging driver does not support reading"


class NoLogs:
    """An engine whose containers have `logging: {driver: none}`."""

    def containers(self, _project: str) -> tuple[Container, ...]:
        return (container(),)

    def logs(self, _id: str, **_limits: Any) -> Unknown:
        return Unknown(WHY)


def container() -> Container:
    return Container(
        id="1", name="p-app-1", service="app", project="p", image_id="", image_ref="", state="exited",
        exit_code=3,
    )  # fmt: skip


@pytest.mark.case("field/b21")
def test_logs_that_nothing_keeps_are_said_to_be_missing() -> None:
    engine = cast(Engine, NoLogs())
    stack = Stack(name="p", root=Path("/p"), services={})
    assert service_logs(stack, engine, "app") == f"# p-app-1: exited, exit code 3\n# {WHY}\n"
    assert last_log_lines(engine, container()) == [f"last lines of app: {WHY}"]
