"""Which differences between two resolved stanzas count, row by row."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.core.fingerprint.service_definition import (
    ProjectPaths,
    mentioned,
    projected,
    projected_as_written,
)
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack


def rows(
    stanza: Json, *, root: str = "/srv/stack", name: str = "stack", **definitions: Json
) -> Json:
    service = Service(name="app", definition=stanza)
    stack = Stack(
        name=name, root=Path(root), services={"app": service}, definitions=dict(definitions)
    )
    return projected(
        stack,
        service,
        ProjectPaths(roots=("/real/stack", root), outside={"/srv/shared": "../shared"}),
    )


SAME = {
    "nulls": ({"command": None, "user": "1"}, {"user": "1"}),
    "empty maps": ({"deploy": {"placement": {}}, "user": "1"}, {"user": "1"}),
    "profiles": ({"profiles": ["a"]}, {"profiles": ["b"]}),
    "depends_on": ({"depends_on": {"db": {"condition": "service_started"}}}, {}),
    "environment": ({"environment": {"A": "1"}}, {"environment": {"A": "2"}}),
    "x-": ({"x-note": "a"}, {"x-note": "b"}),
    "own labels": ({"labels": {"stacktest.ready": "healthy", "a": "b"}}, {"labels": {"a": "b"}}),
    "default of a port": (
        {"ports": [{"mode": "ingress", "target": 80, "protocol": "tcp"}]},
        {"ports": [{"target": 80}]},
    ),
    "default of a bind": (
        {"volumes": [{"type": "bind", "source": "/x", "bind": {"create_host_path": True}}]},
        {"volumes": [{"type": "bind", "source": "/x", "bind": {}}]},
    ),
    "default target of a secret": (
        {"secrets": [{"source": "s", "target": "/run/secrets/s"}]},
        {"secrets": [{"source": "s"}]},
    ),
    "sets": (
        {"cap_add": ["A", "B"], "security_opt": ["x", "y"], "expose": ["1", "2"]},
        {"cap_add": ["B", "A"], "security_opt": ["y", "x"], "expose": ["2", "1"]},
    ),
    "aliases": (
        {"networks": {"n": {"aliases": ["a", "b"]}}},
        {"networks": {"n": {"aliases": ["b", "a"]}}},
    ),
    "a mirror's name": ({"image": "a:1"}, {"image": "mirror.example/a:1"}),
    **{
        f"{key} written out": ({key: value}, {})
        for key, value in (("restart", "no"), ("scale", 1), ("privileged", False), ("tty", False))
    },
    "one replica written out": ({"deploy": {"replicas": 1, "mode": "replicated"}}, {}),
    "a health check's defaults": (
        {"healthcheck": {"test": ["CMD", "x"], "interval": "30s", "timeout": "30s", "retries": 3}},
        {"healthcheck": {"test": ["CMD", "x"]}},
    ),
    "one number for both limits": (
        {"ulimits": {"nofile": 1000}},
        {"ulimits": {"nofile": {"soft": 1000, "hard": 1000}}},
    ),
    "a mount that may be written": (
        {"volumes": [{"type": "bind", "source": "/x", "read_only": False}]},
        {"volumes": [{"type": "bind", "source": "/x"}]},
    ),
    "a network without options": ({"networks": {"n": None}}, {"networks": {"n": {}}}),
}

DIFFERENT = {
    "restart": ({"restart": "always"}, {}),
    "two replicas": ({"deploy": {"replicas": 2}}, {}),
    "an emptied init": ({"init": False}, {}),
    "a read-only mount": (
        {"volumes": [{"type": "bind", "source": "/x", "read_only": True}]},
        {"volumes": [{"type": "bind", "source": "/x"}]},
    ),
    "networks": ({"networks": {"n": None}}, {"networks": {"n": None, "m": None}}),
    "order of a command": ({"command": ["a", "b"]}, {"command": ["b", "a"]}),
    "order of volumes": ({"volumes": ["a", "b"]}, {"volumes": ["b", "a"]}),
    "order of dns": ({"dns": ["1", "2"]}, {"dns": ["2", "1"]}),
    "an emptied entrypoint": ({"entrypoint": []}, {}),
    "labels of others": ({"labels": {"traefik.enable": "true"}}, {}),
    "a label named like a set": ({"labels": {"ports": "1"}}, {"labels": {"ports": "2"}}),
    "udp": ({"ports": [{"target": 53, "protocol": "udp"}]}, {"ports": [{"target": 53}]}),
    "privileged": ({"privileged": True}, {}),
    "value of a build argument": ({"build": {"args": {"A": "1"}}}, {"build": {"args": {"A": "2"}}}),
    "target of a secret": (
        {"secrets": [{"source": "s", "target": "/other"}]},
        {"secrets": [{"source": "s"}]},
    ),
    **{
        f"a user's name below {key}": ({key: {"x-a": "1"}}, {key: {"x-a": "2"}})
        for key in ("annotations", "labels", "sysctls", "storage_opt")
    },
    **{
        f"a user's name below {key}.{name}": (
            {key: {name: {"x-a": "1"}}},
            {key: {name: {"x-a": "2"}}},
        )
        for key, name in (("build", "args"), ("build", "labels"), ("logging", "options"))
    },
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_the_same(pair: tuple[Json, Json]) -> None:
    assert rows(pair[0]) == rows(pair[1])


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_different(pair: tuple[Json, Json]) -> None:
    assert rows(pair[0]) != rows(pair[1])


def test_the_version_before_counted_what_somebody_wrote_out() -> None:
    stack = Stack(name="s", root=Path("/s"), services={})
    written = Service(name="app", definition={"image": "a", "restart": "no", "labels": {"a": "$x"}})
    paths = ProjectPaths(roots=("/s",))
    assert projected(stack, written, paths) == {"labels": {"a": "$x"}}
    assert projected(stack, written, paths, 1) == {
        "image": "a",
        "restart": "no",
        "labels": {"a": "$$x"},
    }


@pytest.mark.parametrize(("version", "count"), [(6, False), (7, True)])
def test_version_6_took_names_of_users_for_extensions(version: int, *, count: bool) -> None:
    stack = Stack(name="s", root=Path("/s"), services={})
    service = Service(name="app", definition={"annotations": {"x-a": "1"}, "x-b": 1})
    projection = projected(stack, service, ProjectPaths(roots=("/s",)), version)
    assert projection == ({"annotations": {"x-a": "1"}} if count else {})


def test_nothing_that_was_given_is_changed() -> None:
    stanza: dict[str, Any] = {
        "volumes": [{"type": "bind", "source": "/srv/stack/a"}],
        "cap_add": ["B", "A"],
    }
    rows(stanza)
    assert stanza["volumes"][0]["source"] == "/srv/stack/a"
    assert stanza["cap_add"] == ["B", "A"]


@pytest.mark.parametrize(
    ("source", "portable"),
    [
        ("/srv/stack", "."),
        ("/srv/stack/a/b", "./a/b"),
        ("/real/stack/a/b", "./a/b"),
        ("/srv/stack-two/a", "/srv/stack-two/a"),
        ("/srv/shared", "../shared"),
        ("/etc/localtime", "/etc/localtime"),
    ],
)
def test_paths_say_where_they_lie_for_the_project(source: str, portable: str) -> None:
    found = rows({"volumes": [{"type": "bind", "source": source, "target": "/x"}]})
    assert found["volumes"][0]["source"] == portable


def test_definitions_that_are_used_come_along_without_the_project_s_name() -> None:
    stanza = {
        "networks": {"back": None},
        "volumes": [{"type": "volume", "source": "data", "target": "/d"}],
        "configs": [{"source": "c"}],
    }
    given: dict[str, Any] = {
        "networks": {"back": {"name": "stack_back", "internal": True}, "unused": {"name": "u"}},
        "volumes": {"data": {"name": "stack_data"}},
        "configs": {"c": {"name": "stack_c", "file": "/srv/stack/c.txt"}},
    }
    found = rows(stanza, **given)
    assert found["networks.back"] == {"internal": True}
    assert found["volumes.data"] == {}
    assert found["configs.c"] == {"file": "./c.txt"}
    assert "networks.unused" not in found
    given["volumes"]["data"]["name"] = "somebody_elses"
    assert rows(stanza, **given)["volumes.data"] == {"name": "somebody_elses"}


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, set()),
        (["a", "b"], {"a", "b"}),
        ({"a": None}, {"a"}),
        (["data:/d", "./x:/x", {"type": "volume", "source": "v"}], {"data", "./x", "v"}),
        ({"!override": ["a"]}, {"a"}),
    ],
)
def test_names_that_a_section_mentions(value: Json, names: set[str]) -> None:
    assert mentioned(value) == names


def test_a_written_environment_keeps_names_without_values() -> None:
    found = projected_as_written({"environment": {"FOO": None}, "depends_on": ["a"], "user": None})
    assert found == {"environment": {"FOO": None}}
