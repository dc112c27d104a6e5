"""At which ports a running service is asked."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from stacktest.bootstrap.look_addresses import ServiceAddresses
from stacktest.core.model import Service, Stack
from tests.adapters.diagnosis.test_open_ports import TABLE


def test_a_port_that_a_program_keeps_to_itself_is_not_asked() -> None:
    stack = Stack(name="t", root=Path("/t"), services={"app": Service(name="app")})
    project: Any = SimpleNamespace(stack=stack, engine=None, names=None)
    addresses = ServiceAddresses(project, probes=None, programs={"app": None})  # type: ignore[arg-type]
    access: Any = SimpleNamespace(run=lambda *_words: SimpleNamespace(out=TABLE))
    addresses._accesses["app"] = access
    assert addresses.open_ports("app") == {8080, 443}
