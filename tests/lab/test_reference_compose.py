"""The reference stack's compose files keep the promises that its pages make about them."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real_docker

STACK = Path(__file__).parents[2] / "fixtures/stacks/reference"
ONE_SHOT = {"docs-indexer", "mkdocs"}


def resolved(*files: str) -> dict[str, Any]:
    """The services as Compose reads them, every value made up so that no `.env` is needed."""
    named = [part for file in files for part in ("-f", file)]
    argv = ["docker", "compose", "--env-file", ".env.example", *named]
    argv += ["--profile", "*", "config", "--format", "json"]
    environment = {**os.environ, "COMPOSE_PROJECT_NAME": "t-lab-compose"}
    done = subprocess.run(
        argv, cwd=STACK, env=environment, capture_output=True, text=True, check=True
    )
    services: dict[str, Any] = json.loads(done.stdout)["services"]
    return services


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return resolved("docker-compose.yml")


def test_there_are_36_services(services: dict[str, Any]) -> None:
    assert len(services) == 36


def test_every_service_is_fenced_in(services: dict[str, Any]) -> None:
    fences = {
        name: (
            service.get("cap_drop"),
            service.get("security_opt"),
            service.get("read_only"),
            service.get("init"),
        )
        for name, service in services.items()
    }
    fence = (["ALL"], ["no-new-privileges:true"], True, True)
    assert {name: seen for name, seen in fences.items() if seen != fence} == {}


def test_every_service_is_limited(services: dict[str, Any]) -> None:
    free = {n for n, s in services.items() if not (s.get("mem_limit") and s.get("pids_limit"))}
    assert free == set()


def test_every_server_has_a_health_check_and_every_job_has_none(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "healthcheck" not in service} == ONE_SHOT
    assert {name for name, service in services.items() if service["restart"] == "no"} == ONE_SHOT


def test_only_the_front_door_is_published_and_only_on_this_machine(
    services: dict[str, Any],
) -> None:
    published = {name: s["ports"] for name, s in services.items() if s.get("ports")}
    assert {(n, p["host_ip"]) for n, ports in published.items() for p in ports} == {
        ("caddy", "127.0.0.1")
    }


def test_every_stand_in_says_why(services: dict[str, Any]) -> None:
    stand_ins = {n: s for n, s in services.items() if s["image"].startswith("stacktest/stand-in")}
    reasons = {n: s.get("labels", {}).get("stacktest.stand-in", "") for n, s in stand_ins.items()}
    assert len(stand_ins) == 17
    assert {name for name, reason in reasons.items() if len(reason) < 20} == set()


def test_every_service_has_a_page(services: dict[str, Any]) -> None:
    pages = {page.stem for page in (STACK / "docs/spokes").glob("*.md")}
    assert pages == set(services)


def test_every_variable_is_in_the_example() -> None:
    text = (STACK / "docker-compose.yml").read_text(encoding="utf-8")
    example = (STACK / ".env.example").read_text(encoding="utf-8")
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z][A-Z0-9_]*)", text))
    known = set(re.findall(r"(?m)^([A-Z][A-Z0-9_]*)=", example))
    assert asked - known - {"COMPOSE_PROJECT_NAME", "STACKTEST_BASE_IMAGE"} == set()
    # The rest are the passwords that `scripts/provision` sets, and that of the backups.
    provision = (STACK.parents[2] / "scripts/provision").read_text(encoding="utf-8")
    services = tomllib.loads((STACK / "stacktest.toml").read_text(encoding="utf-8"))["services"]
    backups = {name for item in services.values() if (name := _password_of_backup(item))}
    assert known - asked == set(re.findall(r"\(secret ([A-Z_]+)\)", provision)) | backups


def test_no_value_of_the_example_is_a_secret() -> None:
    example = (STACK / ".env.example").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^[A-Z0-9_]+=(.+)$", example) == ["8443"]


def test_the_projects_own_images_fit_in_the_same_places(services: dict[str, Any]) -> None:
    upstream = resolved("docker-compose.yml", "docker-compose.upstream.yml")
    assert set(upstream) == set(services)
    assert {name for name, service in upstream.items() if "build" in service} == set()
    ours = {name for name, s in upstream.items() if s["image"].startswith("stacktest/")}
    assert ours == {"docs-indexer", "test-runner"}
    labelled = {n for n, s in upstream.items() if "stacktest.stand-in" in s.get("labels", {})}
    assert labelled == set()


def _password_of_backup(service: dict[str, Any]) -> str:
    return str(service.get("backup", {}).get("password_env", ""))
