"""What a configuration may not say together."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.compose.files import ProjectFiles
from stacktest.bootstrap.load_stack import load_stack
from stacktest.config import Config
from stacktest.config.sections import StackSection
from stacktest.core.changed_copy import replace
from stacktest.core.model import Service, Stack
from stacktest.errors import UsageError


def load(tmp_path: Path, section: StackSection) -> Stack:
    web = Service(name="web", networks=("default",), definition={"image": "x"})
    model = Stack(name="t", root=tmp_path, services={"web": web})
    files = ProjectFiles(root=tmp_path, paths=(), directory=tmp_path)
    compose = cast("Compose", SimpleNamespace(model=lambda: model, project_files=files))
    return load_stack(Config(root=tmp_path, stack=section), compose)[1]


@pytest.mark.parametrize(
    ("section", "key"),
    [
        (StackSection(egress="deny", door="proxy/caddy"), "door"),
        (StackSection(egress="deny", nameserver="192.0.2.53"), "nameserver"),
    ],
)
def test_nothing_leads_past_containers_that_publish_nothing(
    tmp_path: Path, section: StackSection, key: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, section)
    assert caught.value.where == f"stacktest.toml:stack.{key}"


def test_egress_is_denied_by_the_configuration_alone(tmp_path: Path) -> None:
    section = StackSection(routes=("none",))
    assert not load(tmp_path, section).denies_egress
    assert load(tmp_path, replace(section, egress="deny")).denies_egress


def test_services_have_further_names_on_a_swarm(tmp_path: Path) -> None:
    section = StackSection(routes=("none",))
    assert load(tmp_path, section).network_names == {}
    names = load(tmp_path, replace(section, engine="swarm")).network_names
    assert names == dict.fromkeys(("tasks.web", "t_web", "tasks.t_web"), "web")


def test_a_stack_is_far_where_the_working_folder_does_not_lead_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, other = tmp_path / "my stack", tmp_path / "other"
    (stack / "suites").mkdir(parents=True)
    other.mkdir()
    for folder in (stack, other):
        (folder / "stacktest.toml").touch()
    section = StackSection(routes=("none",))
    for folder, far in ((tmp_path, str(stack)), (other, str(stack)), (stack / "suites", "")):
        monkeypatch.chdir(folder)
        assert load(stack, section).far_folder == far
    monkeypatch.setenv("STACKTEST_STACK", str(stack))
    monkeypatch.chdir(other)
    assert not load(stack, section).far_folder
