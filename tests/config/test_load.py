"""`stacktest.toml`: every key is read, every mistake is one error that names file and key."""

import datetime as dt
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from stacktest.bootstrap.context import Project
from stacktest.config import (
    DENIED,
    FreshnessSection,
    GateSection,
    ServiceSection,
    StackSection,
    find_stack,
    load,
    merge_labels,
    schema_text,
    without_unknown_names,
)
from stacktest.core.model import Service, Stack
from stacktest.core.records.exemption import Exemption
from stacktest.errors import UsageError
from stacktest.reports.terminal.config import config_lines

EXAMPLE = """
[stack]
domain = "stack.local"
front_door = "caddy"
routes = ["Caddyfile"]
compose = ["docker-compose.yml"]

[phases.phase0]
title = "Front door"
profiles = ["core"]

[phases.phase0_5]
profiles = ["core", "tools"]

[services.librechat]
uses = ["mongodb"]
ready = "http:/health"
timeout = "90s"

[people.admin]
user = "admin"
password_env = "PW"

[freshness]
max_age = "2d"
must_run = ["core"]

[[exempt]]
service = "browserless"
states = ["no_tests"]
reason = "only used by other tests"
until = 2027-01-31
"""


def stack_of(root: Path, *services: Service) -> Stack:
    return Stack(name="demo", root=root, services={service.name: service for service in services})


def test_every_section_is_read(tmp_path: Path) -> None:
    (tmp_path / "stacktest.toml").write_text(EXAMPLE)
    read = load(tmp_path)
    assert read.stack.front_door == "caddy"
    assert read.stack.routes == ("Caddyfile",)
    assert [phase.name for phase in read.phases] == ["phase0", "phase0_5"]
    assert read.phases[1].profiles == ("core", "tools")
    assert read.service("librechat").timeout == 90.0
    assert read.service("librechat").uses == ("mongodb",)
    assert read.service("other").timeout is None
    assert read.people["admin"].password_env == "PW"
    assert read.freshness.max_age == 2 * 86400.0
    assert read.exempt[0].until == dt.date(2027, 1, 31)
    assert read.origins["stack.domain"] == str(tmp_path / "stacktest.toml")
    assert read.origins["services.librechat.timeout"] == str(tmp_path / "stacktest.toml")


def test_a_file_of_an_editor_of_windows_is_read(tmp_path: Path) -> None:
    (tmp_path / "stacktest.toml").write_bytes(b'\xef\xbb\xbf[stack]\r\ndomain = "b.c"\r\n')
    assert load(tmp_path).stack.domain == "b.c"


def test_without_a_file_the_defaults_serve(tmp_path: Path) -> None:
    read = load(tmp_path)
    assert read.file == ""
    assert read.stack.ledger == "data/tests"
    assert "functional" not in read.gate.deny
    assert len(read.gate.deny) == 12


@pytest.mark.parametrize(
    ("text", "what", "where", "hint"),
    [
        ("[stack]\nfrontdoor = 'x'", "unknown key 'frontdoor'", ":stack.frontdoor", "front_door"),
        ("[stak]\n", "unknown key 'stak'", ":stak", "stack"),
        (
            "[services.a]\ntimeout = '5 minutes'",
            "'5 minutes' is not a valid value",
            ":services.a.timeout",
            "duration",
        ),
        ("[services.a]\ntimeout = 5", "not of type 'string'", ":services.a.timeout", ""),
        ("[gate]\ndeny = ['xyz']", "'xyz' is not one of", ":gate.deny.0", "one of"),
        ("[gate]\ndeny = ['drifte']", "is not one of", ":gate.deny.0", "did you mean 'drifted'"),
        ("[phases.five]\n", "'five' is not a valid value", ":phases", "phase4"),
        ("[[exempt]]\nservice = 'a'", "required property", ":exempt.0", ""),
        (
            "[[exempt]]\nservice='a'\nstates=['expired']\nreason='r'\nuntil='soon'",
            "is not a 'date'",
            ":exempt.0.until",
            "2027-01-31",
        ),
        ("[stack", "not valid TOML", "stacktest.toml", "complete the last line"),
        ("[stack]\ndomain = x", "not valid TOML", "stacktest.toml:2", "correct that line"),
        ("[stack]\npages = 'docs/x.md'", "is not a valid value", ":stack.pages", "{service}"),
    ],
)
def test_a_mistake_is_one_error(
    tmp_path: Path, text: str, what: str, where: str, hint: str
) -> None:
    (tmp_path / "stacktest.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load(tmp_path)
    assert what in caught.value.what
    assert where in caught.value.where
    assert hint in caught.value.hint


def test_two_configurations_in_one_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "stacktest.toml").write_text("[stack]\ndomain = 'a'")
    (tmp_path / "pyproject.toml").write_text("[tool.stacktest.stack]\ndomain = 'b'")
    with pytest.raises(UsageError, match="two configurations"):
        load(tmp_path)


def test_a_pointer_is_no_second_configuration(tmp_path: Path) -> None:
    (tmp_path / "stacktest.toml").write_text("[stack]\ndomain = 'a'")
    (tmp_path / "pyproject.toml").write_text("[tool.stacktest]\nstack = '.'")
    assert load(tmp_path).stack.domain == "a"


def test_pyproject_serves_as_well(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.stacktest.stack]\ndomain = 'b'")
    assert load(tmp_path).stack.domain == "b"


def test_environment_and_options_win_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "stacktest.toml").write_text("[stack]\ndomain = 'a'\nca = 'file.crt'")
    read = load(
        tmp_path,
        environ={"STACKTEST_DOMAIN": "b", "STACKTEST_COMPOSE": "x.yml,y.yml"},
        options={"--domain": "c"},
    )
    assert read.stack.domain == "c"
    assert read.stack.ca == "file.crt"
    assert read.stack.compose == ("x.yml", "y.yml")
    assert read.origins["stack.domain"] == "--domain"
    assert read.origins["stack.compose"] == "STACKTEST_COMPOSE"


def test_the_endpoint_of_browsers_has_a_variable(tmp_path: Path) -> None:
    (tmp_path / "stacktest.toml").write_text("[browser]\nendpoint = 'ws://file:1/a'")
    assert load(tmp_path).browser.endpoint == "ws://file:1/a"
    read = load(tmp_path, environ={"STACKTEST_BROWSER_ENDPOINT": "ws://variable:1/Canary-7"})
    assert read.browser.endpoint == "ws://variable:1/Canary-7"
    assert read.origins["browser.endpoint"] == "STACKTEST_BROWSER_ENDPOINT"
    assert "Canary" not in repr(read)
    shown = list(config_lines(read, with_origin=True))
    assert "browser.endpoint = ws://variable:1" in "\n".join(shown)
    assert "Canary" not in "\n".join(shown)


def test_a_variable_is_checked_like_the_file(tmp_path: Path) -> None:
    assert load(tmp_path, environ={"STACKTEST_EGRESS": "deny"}).stack.egress == "deny"
    with pytest.raises(UsageError) as caught:
        load(tmp_path, environ={"STACKTEST_EGRESS": "yes"})
    assert caught.value.where == "STACKTEST_EGRESS:stack.egress"


class TestFindStack:
    def test_option_beats_variable_beats_folder(self, tmp_path: Path) -> None:
        for name in ("option", "variable", "here"):
            (tmp_path / name).mkdir()
        (tmp_path / "here" / "stacktest.toml").touch()
        environ = {"STACKTEST_STACK": str(tmp_path / "variable")}
        here = tmp_path / "here"
        assert find_stack(option="../option", environ=environ, folder=here) == tmp_path / "option"
        assert find_stack(option="", environ=environ, folder=here) == tmp_path / "variable"
        assert find_stack(option="", environ={}, folder=here) == here

    def test_nearest_file_upward(self, tmp_path: Path) -> None:
        (tmp_path / "stacktest.toml").touch()
        deep = tmp_path / "a" / "b"
        deep.mkdir(parents=True)
        assert find_stack(option="", environ={}, folder=deep) == tmp_path

    def test_the_pointer_of_the_rootdir(self, tmp_path: Path) -> None:
        (tmp_path / "stacks" / "one").mkdir(parents=True)
        (tmp_path / "pyproject.toml").write_text("[tool.stacktest]\nstack = 'stacks/one'")
        found = find_stack(option="", environ={}, folder=tmp_path)
        assert found == tmp_path / "stacks" / "one"

    def test_a_named_folder_must_exist(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError) as caught:
            find_stack(option="gone", environ={}, folder=tmp_path)
        assert caught.value.where == "--stack"

    def test_none_without_any(self, tmp_path: Path) -> None:
        assert find_stack(option="", environ={}, folder=tmp_path) is None


def test_labels_fill_what_the_file_leaves_open(tmp_path: Path) -> None:
    (tmp_path / "stacktest.toml").write_text("[services.a]\nready = 'healthy'")
    labels = {"stacktest.ready": "running", "stacktest.uses": "b, c", "stacktest.timeout": "5s"}
    merged = merge_labels(load(tmp_path), stack_of(tmp_path, Service(name="a", labels=labels)))
    assert merged.service("a").ready == "healthy"
    assert merged.service("a").uses == ("b", "c")
    assert merged.service("a").timeout == 5.0
    assert merged.origins["services.a.uses"] == "label stacktest.uses of service a"


def test_the_front_door_must_be_known_to_the_model(tmp_path: Path) -> None:
    (tmp_path / "stacktest.toml").write_text("[stack]\nfront_door = 'cady'")
    stack = stack_of(tmp_path, Service(name="caddy"))
    with pytest.raises(UsageError) as caught:
        without_unknown_names(load(tmp_path), stack)
    assert caught.value.where.endswith("stack.front_door")
    assert caught.value.hint.startswith("did you mean 'caddy'?")


def test_the_schema_knows_every_field_and_no_other() -> None:
    properties = json.loads(schema_text())["properties"]
    sections: dict[str, Any] = {
        "stack": StackSection,
        "freshness": FreshnessSection,
        "gate": GateSection,
    }
    for key, kind in sections.items():
        assert set(properties[key]["properties"]) == set(kind.__struct_fields__)
    service = properties["services"]["additionalProperties"]["properties"]
    assert set(service) == set(ServiceSection.__struct_fields__)
    assert set(properties["exempt"]["items"]["properties"]) == set(Exemption.__struct_fields__)
    assert properties["gate"]["properties"]["deny"]["items"]["enum"] == list(DENIED)


def test_the_reference_stack_is_valid() -> None:
    root = Path(__file__).parents[2] / "fixtures" / "stacks" / "reference"
    assert (
        load(root).stack.front_door
        == tomllib.loads((root / "stacktest.toml").read_text())["stack"]["front_door"]
    )


def test_a_given_identity_takes_the_engines_place(tmp_path: Path) -> None:
    (tmp_path / "stacktest.toml").write_text('[stack]\nidentity = "homelab"\n')
    project = Project(tmp_path, {"DOCKER_HOST": f"unix://{tmp_path}/no-engine"})
    vars(project)["stack"] = Stack(name="shop", root=tmp_path, services={})
    assert project.identity == "shop@homelab"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('kind = "ntfy"\nurl = "https://ntfy.sh/secret"', "notify.0.url"),
        ('kind = "ntfy"\nurl_env = "https://ntfy.sh/secret"', "notify.0.url_env"),
        ('kind = "ntfi"\nurl_env = "NTFY"', "notify.0.kind"),
        ('kind = "ntfy"', "notify.0"),
        ('kind = "gatus"\nurl_env = "G"\neach = "host"', "notify.0.each"),
    ],
)
def test_a_channel_names_variables_and_no_addresses(tmp_path: Path, text: str, key: str) -> None:
    (tmp_path / "stacktest.toml").write_text(f"[[notify]]\n{text}\n")
    with pytest.raises(UsageError) as raised:
        load(tmp_path)
    assert raised.value.where == f"{tmp_path / 'stacktest.toml'}:{key}"


def test_channels_are_read_in_their_order(tmp_path: Path) -> None:
    text = '[[notify]]\nkind = "ntfy"\nurl_env = "A"\n[[notify]]\nkind = "kuma"\nurl_env = "B"\n'
    (tmp_path / "stacktest.toml").write_text(text)
    assert [one.name for one in load(tmp_path).notify] == ["ntfy (A)", "kuma (B)"]
