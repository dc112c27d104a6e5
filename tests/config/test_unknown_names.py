"""An entry about what the compose model lacks, as after a renaming, costs nothing but itself."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.config import load, merge_labels, without_unknown_names
from stacktest.config.sections import Config
from stacktest.core.model import Service, Stack

ENTRIES: dict[str, tuple[str, str, str]] = {
    "a service": (
        "[services.web]\n[services.cady]\ntimeout = '9s'\n",
        "stacktest.toml:2 names 'cady', which is not a service of this stack",
        "did you mean 'caddy'? write it there",
    ),
    "a service in quotes": (
        '[services."cady"]\nuses = ["web"]\n',
        "stacktest.toml:1 names 'cady', which is not a service of this stack",
        "did you mean 'caddy'? write it there",
    ),
    "a service in one line": (
        "services.web.ready = 'tcp:80'\nservices.cady.ready = 'tcp:80'\n",
        "stacktest.toml:2 names 'cady', which is not a service of this stack",
        "did you mean 'caddy'? write it there",
    ),
    "what a service uses": (
        "[services.caddy]\nuses = ['web']\n[services.web]\nuses = [\n  'database',\n]\n",
        "stacktest.toml:5 names 'database', which is not a service of this stack",
        "write its new name there, or take it out; known: caddy, web",
    ),
    "a profile of a phase": (
        "[phases.phase1]\nprofiles = ['cores']\n",
        "stacktest.toml:2 names 'cores', which is not a profile of this stack",
        "did you mean 'core'? write it there",
    ),
    "what must run": (
        "# cady\n[freshness]\nmax_age = '3d'\nmust_run = ['cady', 'core']\n",
        "stacktest.toml:4 names 'cady', which is not a service or a profile of this stack",
        "did you mean 'caddy'? write it there",
    ),
    "an exemption": (
        "".join(
            f"[[exempt]]\nservice = '{name}'\nstates = ['changed']\nreason = 'cady moves'\n"
            "until = 2030-01-01\n"
            for name in ("caddy", "cady")
        ),
        "stacktest.toml:7 names 'cady', which is not a service of this stack",
        "did you mean 'caddy'? write it there",
    ),
}


def read(folder: Path, text: str, **labels: str) -> Config:
    """The configuration of a stack with two services, and one profile."""
    (folder / "stacktest.toml").write_text(text)
    services = (
        Service(name="caddy", profiles=("core",), labels=labels),
        Service(name="web"),
    )
    stack = Stack(name="s", root=folder, services={item.name: item for item in services})
    return without_unknown_names(merge_labels(load(folder), stack), stack)


@pytest.mark.parametrize("kind", ENTRIES)
def test_the_entry_alone_is_left_out(tmp_path: Path, kind: str) -> None:
    text, cause, hint = ENTRIES[kind]
    config = read(tmp_path, text)
    (item,) = config.misnamed
    assert (item.cause, item.hint) == (cause, hint)
    # Only an exemption can be missing without anything being asked for less.
    assert item.closes is (kind != "an exemption")
    assert {name: section.uses for name, section in config.services.items()} == {
        "a service": {"web": ()},
        "a service in one line": {"web": ()},
        "what a service uses": {"caddy": ("web",), "web": ()},
    }.get(kind, {})
    assert config.freshness.must_run == (("core",) if kind == "what must run" else ())
    assert [item.service for item in config.exempt] == (["caddy"] if kind == "an exemption" else [])
    assert all(not phase.profiles for phase in config.phases)


def test_a_label_is_named_in_place_of_a_line(tmp_path: Path) -> None:
    labels: Any = {"stacktest.uses": "web,database"}
    config = read(tmp_path, "", **labels)
    assert [item.cause for item in config.misnamed] == [
        "label stacktest.uses of service caddy names 'database', which is not a service of this stack"
    ]
    assert config.service("caddy").uses == ("web",)


def test_entries_in_pyproject_have_lines(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'cady'\n[tool.stacktest.services.cady]\n"
    )
    stack = Stack(name="s", root=tmp_path, services={"caddy": Service(name="caddy")})
    (item,) = without_unknown_names(load(tmp_path), stack).misnamed
    assert item.places == ("pyproject.toml:3",)


def test_known_names_are_left_alone(tmp_path: Path) -> None:
    text = "[stack]\nfront_door = 'caddy'\n[services.web]\nuses = ['caddy']\n"
    config = read(tmp_path, text)
    assert config.misnamed == ()
    assert config.service("web").uses == ("caddy",)
