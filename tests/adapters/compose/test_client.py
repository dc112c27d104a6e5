"""The model that Compose prints becomes a stack; its refusals become messages that name a fix."""

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.compose import client
from stacktest.adapters.compose.client import Compose
from stacktest.adapters.compose.json_config import read_config, write_config
from stacktest.adapters.compose.model import read_model, refuse_twins
from stacktest.adapters.fingerprint_inputs.stack_reading import variables_of
from stacktest.core.model import Build, Dependency, FileRef, Mount, Port, Service, Stack
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError, UsageError

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def recorded() -> Stack:
    document = json.loads((DATA / "compose-config.json").read_text())
    return read_model(document, root=Path("/stack"), files=[Path("/stack/compose.yaml")])


def test_the_stack(recorded: Stack) -> None:
    assert recorded.name == "recorded"
    assert list(recorded.services) == ["app", "cache", "job", "web"]
    assert recorded.compose_files == ("/stack/compose.yaml",)
    assert recorded.definitions["networks"]["edge"] == {
        "name": "edge",
        "ipam": {},
        "external": True,
    }
    assert recorded.definitions["volumes"] == {"logs": {"name": "recorded_logs"}}


def test_a_service_with_everything(recorded: Stack) -> None:
    web = recorded.services["web"]
    assert (web.image, web.container_name, web.restart) == ("nginx:1.27", "web", "unless-stopped")
    assert web.profiles == ("core", "edge")
    assert web.command == ("nginx", "-g", "daemon off;")
    assert web.networks == ("edge", "inner")
    assert web.stand_in == "a small server"
    assert web.depends_on == (
        Dependency(service="app", condition="service_healthy"),
        Dependency(service="cache", required=False),
    )
    assert web.ports == (
        Port(target=80, published=8080, host_ip="127.0.0.1"),
        Port(target=443, published=443, protocol="udp"),
        Port(target=9000, published=9000),
        Port(target=9001, published=9001),
        Port(target=9002, published=9002),
        Port(target=81),
    )
    assert web.mounts == (
        Mount(
            kind="bind",
            source="/stack/nginx.conf",
            target="/etc/nginx/nginx.conf",
            read_only=True,
        ),
        Mount(kind="volume", source="logs", target="/var/log/nginx"),
        Mount(kind="volume", source="", target="/scratch"),
        Mount(kind="tmpfs", source="", target="/run"),
    )
    assert web.files == (
        FileRef(name="robots", path="/stack/robots.txt", secret=False, target="/robots"),
        FileRef(name="inline", path="", secret=False, target="/etc/inline"),
        FileRef(name="tls_key", path="/stack/tls.key", secret=True, target="/run/secrets/tls_key"),
    )


def test_a_service_that_is_built(recorded: Stack) -> None:
    app = recorded.services["app"]
    assert app.build == Build(
        context="/stack/app", dockerfile="App.Dockerfile", target="run", arguments=("A", "B")
    )
    assert app.environment == {
        "SECRET_TOKEN": "s3cr3t-value",
        "EMPTY": "",
        "PASSED_THROUGH": None,
    }
    assert app.command is None
    assert "s3cr3t" not in repr(recorded)


def test_a_health_check_counts_only_with_a_probe_of_its_own(recorded: Stack) -> None:
    found = {name: service.has_healthcheck for name, service in recorded.services.items()}
    assert found == {"app": True, "cache": False, "job": False, "web": False}


@pytest.mark.parametrize(
    ("check", "has_one"),
    [
        ({"test": ["CMD", "true"]}, True),
        ({"test": ["CMD-SHELL", "true"], "interval": "1s"}, True),
        ({"test": ["NONE"]}, False),
        ({"test": ["CMD", "true"], "disable": True}, False),
        ({"disable": True}, False),
        ({"interval": "1s"}, False),
        (None, False),
    ],
)
def test_a_health_check_of_the_stack(check: dict[str, Any] | None, has_one: bool) -> None:
    document = {"name": "p", "services": {"a": {"image": "x", "healthcheck": check}}}
    service = read_model(document, root=Path("/stack")).services["a"]
    assert service.has_healthcheck is has_one


def named(name: str, *profiles: str) -> Service:
    return Service(name=name, container_name="same", profiles=profiles)


def twins(*services: Service) -> Stack:
    return Stack(
        name="p",
        root=Path("/stack"),
        services={each.name: each for each in services},
        compose_files=("/stack/compose.yaml",),
    )


def test_two_services_with_one_container_name_may_not_start_together() -> None:
    with pytest.raises(UsageError) as caught:
        refuse_twins(twins(named("a", "one"), named("b", "two")), ["a", "b"])
    assert caught.value.lines() == [
        "error: services a and b have the same container_name 'same'",
        "  at: services.b.container_name in compose.yaml",
        "  hint: give each its own container_name, or remove both",
    ]
    refuse_twins(twins(named("a", "one"), named("b", "two")), ["a"])


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


# A Compose that is absent or old


def fake_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Compose:
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    write(tmp_path, **{"compose.yaml": "services: {}\n"})
    return Compose(tmp_path)


def test_a_docker_without_compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compose = fake_docker(tmp_path, monkeypatch, 'echo "unknown flag: --file" >&2; exit 125')
    with pytest.raises(ToolMissingError) as caught:
        compose.model()
    assert caught.value.lines() == [
        "error: the docker command has no Compose plugin",
        "  at: docker compose version --short",
        "  hint: install Docker Compose 2.26 or newer, then: stacktest doctor",
    ]


def test_a_compose_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'case "$*" in *version*) echo 2.17.3;; *) echo bad >&2; exit 1;; esac'
    with pytest.raises(ToolMissingError, match=r"2\.17\.3 is too old; stacktest needs 2\.26"):
        fake_docker(tmp_path, monkeypatch, script).model()


def test_one_that_is_too_old_creates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f'case "$*" in *version*) echo 2.17.3;; *) touch {tmp_path}/created;; esac'
    with pytest.raises(ToolMissingError, match="too old"):
        fake_docker(tmp_path, monkeypatch, script).create(["app"], {})
    assert not (tmp_path / "created").exists()


@pytest.mark.parametrize("is_recorded", [True, False])
def test_the_version_is_asked_for_where_somebody_records_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_recorded: bool
) -> None:
    asked, document = tmp_path / "asked", tmp_path / "answer.json"
    document.write_text('{"name": "shop"}')
    script = (
        f'case "$*" in "compose version"*) touch {asked}; echo 2.26.1;; *) cat {document};; esac'
    )
    compose = fake_docker(tmp_path, monkeypatch, script)
    if is_recorded:
        compose.ask()
    compose.model()
    for thread in threading.enumerate():
        if thread.name == "stacktest-compose":
            thread.join()
    assert asked.exists() == is_recorded


def test_a_variable_that_changed_after_the_question_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = 'case "$*" in *version*) echo 2.26.1;; *) echo "{\\"name\\": \\"$SHOP\\"}";; esac'
    compose = fake_docker(tmp_path, monkeypatch, says)
    monkeypatch.setenv("SHOP", "old")
    compose.ask()
    monkeypatch.setenv("SHOP", "new")
    assert compose.model().name == "new"


REFUSES_TWINS = """
case "$*" in
*version*) echo 2.40.3 ;;
*--no-consistency*) echo '{"name": "p", "services": {"a": ALTERNATIVE, "b": OTHER}}' ;;
*) echo 'services.b: container name "x" is already in use by service {}"' >&2; exit 1 ;;
esac
"""


@pytest.mark.parametrize("profile", ["q", "p"])
def test_newer_compose_does_not_judge_who_shares_a_container_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    one, other = (f'{{"container_name": "x", "profiles": ["{each}"]}}' for each in ("p", profile))
    script = REFUSES_TWINS.replace("ALTERNATIVE", one).replace("OTHER", other)
    compose = fake_docker(tmp_path, monkeypatch, script)
    if profile == "q":
        assert sorted(compose.model().services) == ["a", "b"]
        return
    with pytest.raises(UsageError, match="services a and b have the same container_name 'x'"):
        compose.model()


HASHES = """
document=$(cat)
case "$document" in
*'"bad":'*) echo 'validating -: services.bad.blkio_config Additional property Path' >&2; exit 1 ;;
*'"worse":'*) echo 'service "worse" refers to an undefined volume x' >&2; exit 1 ;;
*) echo 'good 1234' ;;
esac
"""


def test_a_service_that_compose_refuses_costs_no_other_its_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = fake_docker(tmp_path, monkeypatch, HASHES)
    services = {name: {"image": "a"} for name in ("bad", "good", "worse")}
    assert compose.config_hashes({"name": "p", "services": services}) == {"good": "1234"}


def test_a_refusal_that_names_no_service_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = fake_docker(tmp_path, monkeypatch, "echo 'yaml: broken' >&2; exit 1")
    answer = compose.config_hashes({"name": "p", "services": {"a": {"image": "a"}}})
    assert answer == Unknown("Compose computes no hashes: yaml: broken")


def test_an_env_file_that_nobody_writes_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "app.env")
    text = "services:\n  app:\n    env_file: [{path: app.env}]\n"
    # It waits as Compose does: what it starts opens the file.
    docker = (
        '#!/bin/sh\ncase "$*" in *version*) echo 2.26.1 ;; *) read -r x < app.env; true ;; esac\n'
    )
    write(tmp_path, **{"compose.yaml": text, "docker": docker})
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(client, "CONFIG_TIMEOUT", 0.3)
    with pytest.raises(UsageError) as caught:
        Compose(tmp_path).model()
    assert caught.value.lines() == [
        "error: env_file app.env is a pipe, and nobody writes to it",
        "  at: services.app.env_file in compose.yaml",
        "  hint: start the program that fills it, or write a file in its place",
    ]


def test_no_docker_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, **{"compose.yaml": "services: {}\n"})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="docker is not installed"):
        Compose(tmp_path).model()


def test_a_version_with_a_suffix_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fake_docker(tmp_path, monkeypatch, "echo v2.40.1-desktop.1").version() == (2, 40, 1)


@pytest.mark.real_docker
def test_the_real_compose_reads_a_project_with_all_profiles(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{
            "compose.yaml": "name: t-adapters-model\ninclude: [more.yml]\n"
            "services: {a: {image: x, profiles: [p], depends_on: [b]}}\n",
            "more.yml": "services: {b: {image: y}}\n",
        },
    )
    compose = Compose(tmp_path)
    stack = compose.model()
    assert stack.name == "t-adapters-model"
    assert stack.services["a"].dependencies == ("b",)
    assert [Path(name).name for name in stack.compose_files] == ["compose.yaml"]
    assert compose.version() >= (2, 26)


@pytest.mark.processes
@pytest.mark.case("field/b01", "freshness/a01-dollar")
def test_a_literal_dollar_is_single_in_the_model(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(
        "services: {a: {image: x, environment: {PW: 'a$$b$$$$c'}, command: ['echo', '$${HOME}']}}\n"
    )
    service = Compose(tmp_path).model().services["a"]
    assert service.environment == {"PW": "a$b$$c"}
    assert service.definition["command"] == ["echo", "${HOME}"]


def test_a_document_is_written_as_compose_reads_it() -> None:
    document = {"services": {"a": {"environment": {"PW": "a$b$$c"}}}}
    assert "a$$b$$$$c" in write_config(document)
    assert read_config(write_config(document)) == document


@pytest.mark.processes
def test_files_in_another_folder_see_the_env_file_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMPOSE_FILE", raising=False)
    text = "services: {a: {image: 'x/${OUTER}:${INNER}'}}\n"
    named = "COMPOSE_FILE=d/a.yml\nOUTER=outer\n"
    write(tmp_path, **{"d__a.yml": text, "d__.env": "OUTER=inner\nINNER=inner\n", ".env": named})
    assert Compose(tmp_path).model().services["a"].image == "x/outer:inner"


@pytest.mark.processes
def test_a_value_of_the_env_file_that_names_the_files_is_part_of_what_a_service_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMPOSE_FILE", raising=False)
    text = "services: {a: {image: x, configs: [c]}}\nconfigs: {c: {environment: TOKEN}}\n"
    named = "COMPOSE_FILE=d/a.yml\nTOKEN=outer\n"
    write(tmp_path, **{"d__a.yml": text, "d__.env": "TOKEN=inner\n", ".env": named})
    stack = Compose(tmp_path).model()
    assert variables_of(stack, (), ["a"]) == {"TOKEN": "outer"}
