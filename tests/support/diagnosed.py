"""A stack with a front door, as a diagnosis sees it."""

import datetime as dt
from pathlib import Path
from typing import Any

from stacktest.core.changed_copy import replace
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Answered, Facts, Failure, ServiceFacts, SourceLine
from stacktest.core.diagnosis.finder import diagnose
from stacktest.core.model import Dependency, Service, Stack
from stacktest.core.route import Route

NOW = dt.datetime(2026, 11, 29, 3, 0, tzinfo=dt.UTC)
WHERE = "conf.d/apps.conf:9"
HOST = "wiki.home.lan"
STACK = Stack(
    name="home",
    root=Path("/home"),
    services={
        "door": Service(name="door"),
        "wiki": Service(name="wiki", depends_on=(Dependency(service="db"),)),
        "db": Service(name="db"),
        "vpn": Service(name="vpn"),
        "torrents": Service(name="torrents", definition={"network_mode": "service:vpn"}),
    },
    routes=(Route(host=HOST, service="wiki", port=8081, where=WHERE, upstream="http://wiki:8081"),),
    front_door="door",
)


def running(name: str, **changes: Any) -> ServiceFacts:
    """A service that runs well, since an hour."""
    facts = ServiceFacts(
        name=name,
        container=f"{name}0123456789",
        state="running",
        started=NOW - dt.timedelta(hours=1),
        networks={"home_default": f"10.0.0.{len(name)}"},
    )
    return replace(facts, **changes)


def facts(**services: ServiceFacts) -> Facts:
    """The stack where all is well but for these."""
    return Facts(
        stack=STACK,
        now=NOW,
        services={name: running(name) for name in STACK.services} | services,
        lines={
            WHERE: SourceLine(
                where=WHERE,
                path="conf.d/apps.conf",
                number=9,
                text="        proxy_pass http://wiki:8081;",
                written=NOW - dt.timedelta(hours=2),
            )
        },
    )


def refused(status: int = 502, body: str = "", text: str = "assert 502 == 200") -> Failure:
    """A test of the wiki that was answered so."""
    answer = Answered(status=status, url=f"https://{HOST}/", body=body)
    return Failure(services=("wiki",), text=text, answers=(answer,))


def find(known: Facts, failure: Failure | None = None) -> Diagnosis | None:
    """The diagnosis of a failing test of the wiki."""
    return diagnose(known, failure or Failure(services=("wiki",), text="assert 1 == 2"))


def sentence(known: Facts, failure: Failure | None = None) -> str:
    """The sentence of a diagnosis; empty where there is none."""
    diagnosis = find(known, failure)
    return diagnosis.sentence if diagnosis else ""
