from pathlib import Path

import pytest

from stacktest.core.fingerprint.source_definition import ComposeSources, read_sources
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.unknown import Unknown
from tests.support.known import known

ROOT = "/srv/stack"


def project(**files: Json) -> ComposeSources:
    named = {f"{ROOT}/{name}": data for name, data in files.items()}
    stack = Stack(
        name="p",
        root=Path(ROOT),
        services={},
        compose_files=tuple(path for path in named if "base" not in path and "inc" not in path),
        path_variables={"STAGE": "inc"},
    )
    found = read_sources(
        stack, lambda path: named.get(path, Unknown(f"{path} cannot be read: No such file"))
    )
    assert isinstance(found, ComposeSources)
    return found


def every(_path: str) -> bool:
    return True


def test_every_file_has_its_say_in_order() -> None:
    files = project(a={"services": {"app": {"image": "a"}}}, b={"services": {"app": {"user": "1"}}})
    assert files.value("app", every) == {
        "stanzas": [{"image": "a"}, {"user": "1"}],
        "uses": {},
    }


def test_only_definitions_that_are_used_are_said() -> None:
    app = {"image": "a", "networks": ["back"], "volumes": ["data:/d", "./x:/x"]}
    data = {
        "services": {"app": app},
        "networks": {"back": {"internal": True}, "front": {}},
        "volumes": {"data": None},
    }
    assert known(project(a=data).value("app", every))["uses"] == {
        "networks.back": [{"internal": True}],
        "volumes.data": [None],
    }


def test_the_default_network_is_used_without_being_named() -> None:
    data: Json = {"services": {"app": {"image": "a"}}, "networks": {"default": {"internal": True}}}
    assert "networks.default" in known(project(a=data).value("app", every))["uses"]
    data["services"]["app"]["network_mode"] = "host"
    assert known(project(a=data).value("app", every))["uses"] == {}


def test_what_git_does_not_track_is_not_said() -> None:
    files = project(a={"services": {"app": {"image": "a"}}}, b={"services": {"app": {"user": "1"}}})
    assert known(files.value("app", {"a"}.__contains__))["stanzas"] == [{"image": "a"}]
    assert isinstance(files.value("app", set().__contains__), Unknown)
    network = {"networks": {"default": {"internal": True}}}
    with_network = project(a={"services": {"app": {"image": "a"}}}, b=network)
    assert known(with_network.value("app", {"a"}.__contains__))["uses"] == {}


@pytest.mark.parametrize("extends", [{"file": "base", "service": "b"}, {"service": "here"}, "here"])
def test_extends_is_followed_and_the_base_comes_first(extends: Json) -> None:
    services = {"app": {"extends": extends, "user": "1"}, "here": {"image": "b"}}
    files = project(a={"services": services}, base={"services": {"b": {"image": "b"}}})
    assert known(files.value("app", every))["stanzas"][0] == {"image": "b"}


@pytest.mark.parametrize(
    ("services", "why"),
    [
        ({"app": None}, "not a mapping"),
        ({"app": {"extends": "app"}}, "extends itself"),
        ({"app": {"extends": {"file": "gone", "service": "x"}}}, "gone cannot be read"),
        ({"app": {"extends": {"file": "${X}/y", "service": "x"}}}, "/y cannot be read"),
        ({"other": {"image": "a"}}, "writes app"),
    ],
)
def test_what_cannot_be_told_costs_that_service_only(services: Json, why: str) -> None:
    files = project(a={"services": {"fine": {"image": "a"}, **services}})
    found = files.value("app", every)
    assert isinstance(found, Unknown)
    assert why in found.why
    assert known(files.value("fine", every))["stanzas"] == [{"image": "a"}]


@pytest.mark.parametrize(
    "include", ["sub/inc.yml", {"path": "sub/inc.yml"}, {"path": ["sub/inc.yml"]}]
)
def test_include_is_followed(include: Json) -> None:
    inner = {"services": {"db": {"image": "pg", "volumes": ["../up:/up"]}}}
    found = project(a={"include": [include]}, **{"sub/inc.yml": inner})
    assert known(found.value("db", every))["stanzas"][0]["image"] == "pg"
    assert found.outside() == {f"{ROOT}/up": "up"}


@pytest.mark.parametrize("path", ["sub/${STAGE}.yml", "${FOLDER:-sub}/$STAGE.yml"])
def test_a_variable_in_the_path_of_an_include_has_the_value_that_compose_sees(path: str) -> None:
    inner = {"services": {"db": {"image": "pg"}}}
    files = project(a={"include": [path]}, **{"sub/inc.yml": inner})
    assert known(files.value("db", every))["stanzas"] == [{"image": "pg"}]


@pytest.mark.case("field/b06")
def test_paths_start_at_the_project_directory_and_not_at_the_stack() -> None:
    contents = {
        f"{ROOT}/deploy/a.yml": {"include": ["inc.yml"]},
        f"{ROOT}/deploy/inc.yml": {"services": {"db": {"image": "pg"}}},
    }
    stack = Stack(
        name="p",
        root=Path(ROOT),
        services={},
        compose_files=(f"{ROOT}/deploy/a.yml",),
        project_directory=f"{ROOT}/deploy",
    )
    files = read_sources(stack, lambda path: contents.get(path, Unknown(path)))
    assert isinstance(files, ComposeSources)
    assert known(files.value("db", every))["stanzas"] == [{"image": "pg"}]


def test_a_file_that_cannot_be_read_is_unknown_for_all() -> None:
    stack = Stack(name="p", root=Path("/"), services={}, compose_files=("/x",))
    assert read_sources(stack, lambda path: Unknown("no")) == Unknown("no")


def test_paths_that_leave_the_project_are_known_as_written() -> None:
    data = {"services": {"a": {"build": "..", "volumes": ["../data:/d:ro", "./in:/in", "/e:/e"]}}}
    assert project(a=data).outside() == {"/srv": "..", "/srv/data": "../data"}
