"""A host name that leads to another service than its tests are about, and look-alikes."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.diagnosis.facts import Answered, Facts, Failure, SourceLine
from stacktest.core.model import Service
from stacktest.core.route import Route
from tests.support.diagnosed import NOW, STACK, facts, find, running, sentence
from tests.support.known import known

WIKI, FILES = "wiki.home.lan", "files.home.lan"
LONG_AGO = NOW - dt.timedelta(hours=2)
BEFORE = {WIKI: "wiki:8080", FILES: "files:8080"}


def swapped(
    before: Mapping[str, Mapping[str, str]] | None = None,
    *,
    written: dt.datetime | None = LONG_AGO,
    **leads: str,
) -> Facts:
    """A stack in which wiki and files have changed places, unless `leads` says otherwise."""
    leads = leads or {"wiki": "files", "files": "wiki"}
    routes = [
        Route(
            host=f"{label}.home.lan",
            service=name,
            port=8080,
            upstream=f"http://{name}:8080",
            where=f"apps.conf:{number}",
        )
        for number, (label, name) in enumerate(leads.items(), start=1)
    ]
    lines = {
        route.where: SourceLine(
            where=route.where,
            path="apps.conf",
            number=number,
            text=f"    proxy_pass {route.upstream};",
            written=written,
        )
        for number, route in enumerate(routes, start=1)
    }
    services = {**STACK.services, "files": Service(name="files")}
    stack = replace(STACK, services=services, routes=tuple(routes))
    known_facts = facts(files=running("files"))
    return replace(known_facts, stack=stack, lines=lines, passed_routes=before or {})


def asked(*services: str, hosts: tuple[str, ...] = (WIKI,), status: int = 200) -> Failure:
    """A test of these services whose requests were answered, and which failed."""
    answers = tuple(Answered(status=status, url=f"https://{host}/") for host in hosts)
    return Failure(services=services, text="assert 'Wiki' in 'Files'", answers=answers)


@pytest.mark.parametrize("tested", ["wiki", "door"])
def test_a_host_that_led_to_its_service_when_that_last_passed(tested: str) -> None:
    diagnosis = known(find(swapped({tested: BEFORE}), asked(tested)))
    assert diagnosis.sentence == (
        f"{WIKI} → files:8080 (apps.conf:1): it led to wiki:8080 when {tested} last passed"
    )
    assert diagnosis.command == (
        "sed -i '1s|files:8080|wiki:8080|' apps.conf && docker compose restart door"
    )
    assert diagnosis.service == "door"


def test_without_a_pass_the_names_decide() -> None:
    diagnosis = known(find(swapped(), asked("wiki")))
    assert diagnosis.sentence == (
        f"{WIKI} → files:8080 (apps.conf:1): this test is about wiki, to which {FILES} leads "
        "(apps.conf:2)"
    )
    assert diagnosis.hint == (
        "sed -i '1s|files:8080|wiki:8080|' apps.conf && docker compose restart door"
    )


def test_a_line_that_does_not_decide_the_edit_is_named() -> None:
    stack = swapped({"wiki": BEFORE})
    lines = {key: replace(line, text="import apps") for key, line in stack.lines.items()}
    diagnosis = known(find(replace(stack, lines=lines), asked("wiki")))
    assert diagnosis.hint == "write wiki:8080 in apps.conf:1, then: docker compose restart door"


@pytest.mark.parametrize(
    ("known_facts", "failure"),
    [
        pytest.param({}, asked("files"), id="the test is about the service behind the host"),
        pytest.param({}, asked("wiki", "files"), id="it is about both"),
        pytest.param({}, asked("db"), id="no host has the name of its service"),
        pytest.param({"wiki": "files"}, asked("wiki"), id="its service has no host of its own"),
        pytest.param({"wiki": "wiki"}, asked("wiki"), id="the host leads to its service"),
        pytest.param({}, asked("wiki", hosts=()), id="nothing was answered"),
        pytest.param({}, asked("wiki", hosts=("other.lan",)), id="the host is not routed"),
        pytest.param({"before": {"wiki": {WIKI: "files:8080"}}}, asked("wiki"), id="as it passed"),
        pytest.param({"before": {"wiki": {WIKI: "db:80"}}}, asked("wiki"), id="led elsewhere"),
        pytest.param({"written": NOW}, asked("wiki"), id="the front door did not read it yet"),
        pytest.param({"written": None}, asked("wiki"), id="nobody knows when it was written"),
    ],
)
def test_nothing_is_said_where(known_facts: dict[str, Any], failure: Failure) -> None:
    assert not sentence(swapped(**known_facts), failure)


LABEL = "traefik.http.routers.{}.rule"


def labelled(
    *, is_list: bool = False, written: dt.datetime = LONG_AGO, declaring: str = "files"
) -> Facts:
    """The stack where a label of `declaring` leads the wiki's host to files."""
    label = LABEL.format("w")
    where = f"services.{declaring}.labels.{label}"
    route = Route(host=WIKI, service="files", port=80, upstream="files:80", where=where)
    text = f'      - "{label}=Host(`{WIKI}`)"' if is_list else f"      {label}: Host(`{WIKI}`)"
    line = SourceLine(
        where="compose.yml:12", path="compose.yml", number=12, text=text, written=written
    )
    key = f"services.{declaring}.labels.3" if is_list else where
    known_facts = swapped({"wiki": BEFORE})
    stack = replace(known_facts.stack, routes=(route,))
    return replace(known_facts, stack=stack, lines={key: line})


@pytest.mark.parametrize("is_list", [True, False])
def test_a_host_that_a_label_leads_elsewhere(is_list: bool) -> None:
    diagnosis = known(find(labelled(is_list=is_list), asked("wiki")))
    assert diagnosis.sentence == (
        f"{WIKI} → files:80 (compose.yml:12): it led to wiki:8080 when wiki last passed"
    )
    assert diagnosis.hint == (
        f"give {WIKI} to wiki instead of files in compose.yml:12, then: "
        "docker compose up -d files wiki"
    )
    assert diagnosis.service == "files"


def test_a_label_of_the_service_itself_that_leads_elsewhere() -> None:
    diagnosis = known(find(labelled(declaring="wiki"), asked("wiki")))
    assert diagnosis.hint == (
        f"lead {WIKI} to wiki:8080 in compose.yml:12, then: docker compose up -d wiki"
    )


def test_a_label_that_the_container_does_not_have_yet_says_nothing() -> None:
    assert not sentence(labelled(written=NOW), asked("wiki"))
