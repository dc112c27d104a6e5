"""A fault in a profile that is off costs the services of that profile alone."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.compose.files import find_project_files
from stacktest.adapters.compose.profiles import LoadedByProfile, load_by_profile
from stacktest.adapters.process import Completed
from stacktest.errors import UsageError
from tests.support.known import known

FILE = """
services:
  wiki: {image: w}
  mail: {image: m, profiles: [mail], env_file: [mail.env]}
  box: {image: b, profiles: [mail, boxes]}
  games: {image: g, profiles: [games]}
"""
SERVICES: dict[str, dict[str, Any]] = {
    "wiki": {"image": "w"},
    "box": {"image": "b", "profiles": ["mail", "boxes"]},
    "games": {"image": "g", "profiles": ["games"]},
}


def load(
    tmp_path: Path, *, enabled: str = "", broken: tuple[str, ...] = ("mail",)
) -> LoadedByProfile | None:
    (tmp_path / "compose.yaml").write_text(FILE)
    project = find_project_files(tmp_path, (), (), {"COMPOSE_PROFILES": enabled})

    def ask(profiles: Iterable[str]) -> Completed:
        if set(profiles) & set(broken):
            return Completed(argv=("docker",), code=14, out="", err="env file mail.env not found")
        services = {
            name: definition
            for name, definition in SERVICES.items()
            if not definition.get("profiles") or set(definition["profiles"]) & set(profiles)
        }
        out = json.dumps({"name": "p", "services": services})
        return Completed(argv=("docker",), code=0, out=out, err="")

    return load_by_profile(project, ask, lambda result: UsageError(result.err))


@pytest.mark.case("compose/profile-refused")
def test_what_can_be_read_is_and_the_rest_says_why(tmp_path: Path) -> None:
    loaded = known(load(tmp_path))
    assert sorted(loaded.document["services"]) == ["box", "games", "wiki"]
    assert loaded.profiles == ("boxes", "games")
    assert {name: service.unreadable for name, service in loaded.unreadable.items()} == {
        "mail": "env file mail.env not found (profile mail, which is off)"
    }


def test_a_fault_in_a_profile_that_is_on_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"mail\.env not found"):
        load(tmp_path, enabled="mail")


@pytest.mark.real_docker
@pytest.mark.case("compose/profile-refused", "compose/twin-in-profile")
def test_the_real_compose_reads_the_rest(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        FILE.replace("{image: w}", "{image: w, container_name: same}").replace(
            "{image: g,", "{image: g, container_name: same,"
        )
    )
    stack = Compose(tmp_path).model()
    assert sorted(stack.services) == ["box", "games", "mail", "wiki"]
    assert stack.services["mail"].unreadable == (
        "env_file mail.env does not exist (profile mail, which is off)"
    )
    assert stack.default_services() == ("wiki",)
