"""A command for a stack names the files and profiles without which Compose means something else."""

from pathlib import Path

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.compose_command import compose_command, log_command
from stacktest.core.model import Dependency, Service, Stack


def stack(*, options: tuple[str, ...] = (), enabled: tuple[str, ...] = ()) -> Stack:
    services = (
        Service(name="web", depends_on=(Dependency(service="queue"),)),
        Service(name="mail", profiles=("mail", "all"), depends_on=(Dependency(service="box"),)),
        Service(name="box", profiles=("boxes",)),
        Service(name="queue", profiles=("odd name",)),
        Service(name="cache"),
    )
    return Stack(
        name="demo",
        root=Path("/srv/demo"),
        services={service.name: service for service in services},
        compose_options=options,
        enabled_profiles=enabled,
    )


@pytest.mark.parametrize(
    ("options", "enabled", "services", "text"),
    [
        ((), (), ("cache",), "docker compose restart cache"),
        ((), (), (), "docker compose restart"),
        (("-f", "deploy/prod.yml"), (), ("cache",), "docker compose -f deploy/prod.yml restart cache"),
        (("-f", "a b.yml"), (), ("cache",), "docker compose -f 'a b.yml' restart cache"),
        ((), (), ("mail",), "docker compose --profile mail --profile boxes restart mail"),
        ((), ("all",), ("mail",), "docker compose --profile boxes restart mail"),
        ((), ("*",), ("mail",), "docker compose restart mail"),
        ((), (), ("web",), "docker compose --profile 'odd name' restart web"),
        ((), (), ("gone",), "docker compose restart gone"),
    ],
)  # fmt: skip
def test_a_command_works_when_pasted(
    options: tuple[str, ...], enabled: tuple[str, ...], services: tuple[str, ...], text: str
) -> None:
    model = stack(options=options, enabled=enabled)
    assert compose_command(model, "restart", services=services) == text


def test_a_command_means_the_engine_that_the_stack_names() -> None:
    model = replace(stack(options=("-f", "a.yml"), enabled=()), context="far")
    assert compose_command(model, "ps") == "docker --context far compose -f a.yml ps"


def test_no_command_is_about_a_copy() -> None:
    model = replace(stack(options=("--project-name", "d-rehearsal-7"), enabled=()), copy="7")
    assert compose_command(model, "restart", services=["web"]) == ""


@pytest.mark.parametrize(
    ("enabled", "names"),
    [
        ((), ("cache", "web")),
        (("boxes",), ("box", "cache", "web")),
        (("*",), ("box", "cache", "mail", "queue", "web")),
    ],
)
def test_what_is_started_is_what_compose_starts(
    enabled: tuple[str, ...], names: tuple[str, ...]
) -> None:
    assert stack(enabled=enabled).default_services() == names


def test_where_compose_would_start_nothing_everything_is_started() -> None:
    services = {"a": Service(name="a", profiles=("x",)), "b": Service(name="b", profiles=("y",))}
    assert Stack(name="d", root=Path("/"), services=services).default_services() == ("a", "b")


def test_a_service_without_a_log_is_watched_as_it_runs() -> None:
    silent = Service(name="cache", definition={"logging": {"driver": "none"}})
    model = replace(stack(), services={**stack().services, "cache": silent})
    assert compose_command(model, "logs", "--tail", "20", services=["cache"]) == (
        "docker compose up cache"
    )
    assert log_command(model, "cache", is_temporary=True) == "docker compose up cache"
    assert compose_command(model, "logs", services=["queue"]).endswith("logs queue")
    assert compose_command(model, "restart", services=["cache"]) == "docker compose restart cache"
