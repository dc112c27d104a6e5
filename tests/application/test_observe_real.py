"""What the real engine and the real Compose say of containers: applied, edited, updated, built."""

import subprocess
from collections.abc import Collection

import pytest

from stacktest.bootstrap.context import find_project
from stacktest.core.freshness.container.as_created import LABEL, hash_document, labels_of
from stacktest.core.freshness.container.row import Created
from tests.support.compose_project import IMAGE, Project
from tests.support.known import known

pytestmark = pytest.mark.real_docker


SERVICES = """
services:
  base:
    image: IMAGE
    command: [sleep, "600"]
    init: true
    stop_grace_period: 0s
    env_file: [some.env]
    environment: {TOKEN: "a$$b"}
    mem_limit: 64m
    healthcheck: {test: "exit 0", interval: 1500ms}
    configs: [{source: inline, target: /inline.txt}]
    networks: {inner: {aliases: [x]}}
    ports: ["127.0.0.1::80"]
    labels: {a: "1"}
  beside:
    image: IMAGE
    command: [sleep, "600"]
    stop_grace_period: 0s
    network_mode: service:base
    pid: service:base
networks: {inner: {}}
configs: {inline: {content: "one"}}
"""


def drift(project: Project, service: str = "base") -> Collection[str]:
    return find_project(str(project.root)).look()[service].drift


@pytest.fixture
def applied(project: Project) -> Project:
    project.write(SERVICES, {"some.env": "FROM_FILE=1\n", "stacktest.toml": ""})
    project.compose("up", "-d")
    return project


def edit(project: Project, old: str, new: str) -> None:
    path = project.root / "compose.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_container_has_the_hash_of_its_definition_as_it_was_created(applied: Project) -> None:
    stacktest = find_project(str(applied.root))
    ids: dict[str, frozenset[str]] = {}
    documents = {}
    for container in stacktest.engine.containers(applied.name):
        ids[container.service] = frozenset({container.id})
        documents[container.service] = stacktest.engine.inspect(container.id)
    containers = [
        Created(
            service=stacktest.stack.services[name],
            stack=stacktest.stack,
            inspect=document,
            image=stacktest.engine.image(str(known(document)["Image"])),
            containers=ids,
        )
        for name, document in documents.items()
    ]
    hashes = stacktest.compose.config_hashes(hash_document(stacktest.stack, containers))
    # That of `beside` holds an id in a form of Compose's own; its keys are compared one by one.
    assert isinstance(hashes, dict)
    assert hashes["base"] == labels_of(documents["base"])[LABEL]


def test_what_was_applied_has_not_drifted(applied: Project) -> None:
    assert drift(applied) == ()
    assert drift(applied, "beside") == ()


def test_what_stacktest_itself_started_has_not_drifted(project: Project) -> None:
    project.write(SERVICES, {"some.env": "FROM_FILE=1\n", "stacktest.toml": ""})
    up = project.up()
    assert drift(project) == ()
    assert drift(project, "beside") == ()
    up.stop()


@pytest.mark.case("freshness/c01-stanza-drift", "freshness/c02-stanza-drift-each-key")
def test_an_edit_that_was_not_applied_is_drift(applied: Project) -> None:
    edit(applied, "mem_limit: 64m", "mem_limit: 65m")
    edit(applied, 'labels: {a: "1"}', 'labels: {a: "2"}\n    post_start: [{command: "true"}]')
    edit(applied, 'content: "one"', 'content: "two"')
    assert drift(applied) == (
        "definition:labels",
        "definition:mem_limit",
        "content:/inline.txt",
    )


@pytest.mark.case("field/c26")
def test_limits_that_were_updated_are_drift(applied: Project) -> None:
    assert drift(applied) == ()
    (base,) = (c for c in applied.engine.containers(applied.name) if c.service == "base")
    command = ["docker", "update", "--memory", "32m", "--memory-swap", "32m", base.id]
    subprocess.run(command, check=True, capture_output=True)
    assert drift(applied) == ("definition:mem_limit", "definition:memswap_limit")


def test_a_network_that_was_connected_by_hand_is_drift(applied: Project) -> None:
    assert drift(applied) == ()
    (base,) = (c for c in applied.engine.containers(applied.name) if c.service == "base")
    for verb in ("disconnect", "connect"):
        command = ["docker", "network", verb, f"{applied.name}_inner", base.id]
        subprocess.run(command, check=True, capture_output=True)
    assert drift(applied) == ("definition:networks",)


def test_a_network_that_exists_with_other_options_is_drift(applied: Project) -> None:
    edit(applied, "networks: {inner: {}}", "networks: {inner: {internal: true}}")
    assert drift(applied) == ("network:inner",)


@pytest.mark.case("field/c10", "freshness/c15-build-not-built")
def test_a_context_that_nobody_built_is_drift(project: Project) -> None:
    text = "services:\n  base: {build: ctx, command: [sleep, '600'], stop_grace_period: 0s}\n"
    files = {
        "ctx/Dockerfile": f"FROM {IMAGE}\nCOPY a /a\n",
        "ctx/a": "1",
        "ctx/notes": "1",
        "stacktest.toml": "",
    }
    project.write(text, files)
    project.compose("up", "-d", "--build")
    assert drift(project) == ()
    (project.root / "ctx/notes").write_text("2")
    assert drift(project) == ("unbuilt:context/notes",)
    # Every step comes from the cache, and the image stays what it was.
    project.compose("build")
    assert drift(project) == ()
    (project.root / "ctx/a").write_text("2")
    assert drift(project) == ("unbuilt:context/a",)
    project.compose("up", "-d", "--build")
    assert drift(project) == ()
    project.compose("down", "--rmi", "local", "-t", "0")


def test_a_build_that_gives_the_same_image_is_cleared_by_the_command_printed(
    project: Project,
) -> None:
    text = "services:\n  base: {build: ctx, command: [sleep, '600'], stop_grace_period: 0s}\n"
    stages = f"FROM {IMAGE} AS check\nCOPY checks /checks\nFROM {IMAGE}\nCOPY a /a\n"
    files = {"ctx/Dockerfile": stages, "ctx/a": "1", "ctx/checks": "1", "stacktest.toml": ""}
    project.write(text, files)
    project.compose("up", "-d", "--build")
    assert drift(project) == ()
    (project.root / "ctx/checks").write_text("2")
    assert drift(project) == ("unbuilt:context/checks",)
    project.compose("up", "-d", "--build")
    assert drift(project) == ("unbuilt:context/checks:cached",)
    project.compose("build", "--no-cache", "base")
    project.compose("up", "-d", "base")
    assert drift(project) == ()
    project.compose("down", "--rmi", "local", "-t", "0")


def test_the_target_of_a_mounted_link_counts_as_the_container_sees_it(project: Project) -> None:
    mounts = "['./current:/conf:ro', './one.conf:/one.conf:ro']"
    text = f"services:\n  base: {{image: IMAGE, command: [sleep, '600'], volumes: {mounts}}}\n"
    files = {"releases/1/x": "1", "releases/2/x": "2", "one/real.conf": "1", "stacktest.toml": ""}
    project.write(text, files)
    (project.root / "current").symlink_to("releases/1")
    (project.root / "one.conf").symlink_to("one/real.conf")
    project.compose("up", "-d")
    assert drift(project) == ()
    for name in ("releases/1/x", "one/real.conf"):
        (project.root / name).write_text("another")
        assert drift(project) == (f"stale:{name}",)
        (project.root / name).write_text("1")
        assert drift(project) == ()
    # The container still shows the folder that the link led to when it was created.
    (project.root / "current").unlink()
    (project.root / "current").symlink_to("releases/2")
    assert "stale:current" in drift(project)
    assert project.compose("exec", "-T", "base", "cat", "/conf/x").stdout == "1"
    project.compose("up", "-d", "--force-recreate", "-t", "0")
    assert drift(project) == ()
    assert project.compose("exec", "-T", "base", "cat", "/conf/x").stdout == "2"


def test_a_tenant_of_a_restarted_vpn_is_drift_until_it_is_restarted(project: Project) -> None:
    base = "{image: IMAGE, command: [sleep, '600'], init: true}"
    text = f"services:\n  base: {base}\n  tenant: {base[:-1]}, network_mode: 'service:base'}}\n"
    project.write(text, {"stacktest.toml": ""})
    project.compose("up", "-d")
    assert drift(project, "tenant") == ()
    project.compose("restart", "-t", "0", "--no-deps", "base")
    assert drift(project, "tenant") == ("container:base was restarted after tenant",)
    project.compose("restart", "-t", "0", "--no-deps", "tenant")
    assert drift(project, "tenant") == ()
