"""The stack is hardened when no service can do more than it needs, as written and as it runs.

What is written is checked for every service; what runs, for every container that runs now. The
exceptions are in `fixtures/hardening.py`, each with its reason and its last day.
"""

import datetime as dt
import stat
from pathlib import Path
from typing import Any

import pytest

from fixtures.hardening import LEAVES, RULES, allowed, offenders
from fixtures.typed import Api
from stacktest.application.running_stack import RunningStack
from stacktest.core.observed_state import Container

DATASTORES = {
    "ldap",
    "mariadb",
    "mongodb",
    "outline-postgres",
    "outline-redis",
    "paperless-postgres",
    "planka-postgres",
    "redis",
}
"""Services that nothing but their own applications talks to."""


@pytest.fixture
def running(api: Api, stack: RunningStack) -> list[Container]:
    """Every container of the stack that runs now; the front door at least."""
    assert api("stack.local").get("/").status_code == 200
    listed = stack.engine.containers(stack.model.name)
    found = [each for each in listed if each.state == "running" and each.service]
    assert "caddy" in {each.service for each in found}
    return found


def do_read(stack: RunningStack, running: list[Container], command: str) -> dict[str, Any]:
    """Service → what a shell command prints in its container."""
    said = {}
    for container in running:
        code, out, err = stack.engine.execute(container.id, ["sh", "-c", command])
        assert code == 0, f"{container.service}: {err}"
        said[container.service] = out.split()
    return said


@pytest.mark.parametrize("rule", RULES)
def test_every_service_has(stack: RunningStack, rule: str) -> None:
    services = dict(stack.model.services)
    found = offenders(rule, services)
    today = dt.datetime.now(dt.UTC).date()
    assert {name: why for name, why in found.items() if name not in allowed(rule, today)} == {}


def test_no_exception_is_left_over(stack: RunningStack) -> None:
    services = dict(stack.model.services)
    used = {(rule, name) for rule in RULES for name in offenders(rule, services)}
    assert {(leave.rule, leave.service) for leave in LEAVES} - used == set()


def test_the_backend_has_no_way_out(stack: RunningStack) -> None:
    assert stack.model.definitions["networks"]["backend"]["internal"] is True


def test_datastores_are_on_the_backend_only(stack: RunningStack) -> None:
    placed = {name: stack.model.services[name].networks for name in DATASTORES}
    assert placed == dict.fromkeys(DATASTORES, ("backend",))


def test_the_front_door_is_published_to_this_machine_only(stack: RunningStack) -> None:
    (port,) = stack.model.services["caddy"].ports
    assert (port.host_ip, port.target) == ("127.0.0.1", 443)


def test_applications_wait_for_what_they_need(stack: RunningStack) -> None:
    hasty = {
        f"{service.name} → {dependency.service}"
        for service in stack.model.services.values()
        for dependency in service.depends_on
        if dependency.condition == "service_started"
    }
    assert hasty == set()


def test_no_two_services_share_a_made_up_secret(stack: RunningStack) -> None:
    homes: dict[str, set[str]] = {}
    for service in stack.model.services.values():
        for name, value in service.environment.items():
            if value and len(value) >= 20 and name.endswith(("TOKEN", "SECRET", "SECRET_KEY")):
                homes.setdefault(value, set()).add(service.name)
    assert [sorted(names) for names in homes.values() if len(names) > 1] == []


def test_no_secret_is_written_into_the_compose_file(stack: RunningStack) -> None:
    secrets = {
        value
        for service in stack.model.services.values()
        for name, value in service.environment.items()
        if value and len(value) >= 20 and ("PASSWORD" in name or "TOKEN" in name)
    }
    assert secrets
    for file in stack.model.compose_files:
        text = Path(file).read_text(encoding="utf-8")
        assert not any(secret in text for secret in secrets), file


@pytest.mark.parametrize("name", [".env", "certs/ca.key"])
def test_only_its_owner_can_read(stack: RunningStack, name: str) -> None:
    mode = stat.S_IMODE((stack.model.root / name).stat().st_mode)
    assert oct(mode) == "0o600"


def test_the_certificates_key_is_in_a_folder_of_its_owner(stack: RunningStack) -> None:
    mode = stat.S_IMODE((stack.model.root / "certs/private").stat().st_mode)
    assert oct(mode) == "0o700"


@pytest.mark.claim("P6.1")
def test_nothing_runs_as_root(stack: RunningStack, running: list[Container]) -> None:
    users = do_read(stack, running, "awk '/^Uid:/ {print $2}' /proc/1/status")
    assert {name: uid for name, uid in users.items() if uid == ["0"]} == {}


@pytest.mark.claim("P6.2")
def test_nothing_has_a_capability(stack: RunningStack, running: list[Container]) -> None:
    said = do_read(stack, running, "awk '/^CapEff:|^CapBnd:/ {print $2}' /proc/1/status")
    none = ["0" * 16, "0" * 16]
    assert {name: capabilities for name, capabilities in said.items() if capabilities != none} == {}


def test_nothing_can_gain_privileges(stack: RunningStack, running: list[Container]) -> None:
    said = do_read(stack, running, "awk '/^NoNewPrivs:/ {print $2}' /proc/1/status")
    assert {name: flag for name, flag in said.items() if flag != ["1"]} == {}


@pytest.mark.claim("P6.3")
def test_nothing_can_write_to_its_image(stack: RunningStack, running: list[Container]) -> None:
    said = do_read(stack, running, 'awk \'$2 == "/" {split($4, o, ","); print o[1]}\' /proc/mounts')
    assert {name: way for name, way in said.items() if way != ["ro"]} == {}


def test_nothing_runs_from_another_folder(stack: RunningStack, running: list[Container]) -> None:
    homes = {each.labels["com.docker.compose.project.working_dir"] for each in running}
    assert homes == {str(stack.model.root)}
