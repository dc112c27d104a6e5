"""Whom a notifier tells what, and what it remembers; a real server listens."""

import datetime as dt
import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from stacktest.application.notify import Notifier
from stacktest.config.sections import Channel
from stacktest.core.freshness.states import State
from stacktest.core.model import Service, Stack
from stacktest.core.records.status import StatusEntry
from stacktest.core.runs.changes import CurrentStatus
from stacktest.core.unknown import Unknown
from tests.support.listener import Listener, listening

AT = dt.datetime(2026, 11, 20, 3, 17, tzinfo=dt.UTC)
HOOK = Channel(kind="webhook", url_env="HOOK")
DEAD_MAN = Channel(kind="healthchecks", url_env="DEAD_MAN")


def entry(state: State, *reasons: str) -> StatusEntry:
    return StatusEntry(
        status=state.status, fingerprint=None, last_change=None, last_test_pass=None,
        spoke_updated=None, functional=state.functional, documented=True, state=state,
        reasons=reasons,
    )  # fmt: skip


WORKS, FAILS = entry(State.FUNCTIONAL), entry(State.FAILING, "test:t.py::test_a")


@pytest.fixture
def server() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def run(server: Listener, tmp_path: Path) -> Callable[..., tuple[list[str], list[str]]]:
    """One run: `before` is the status that the repository had; answers lines and what was asked."""
    environ = {"HOOK": f"{server.url}/hook", "DEAD_MAN": f"{server.url}/uuid"}
    service = Service(name="a", image="a:1", environment={"DB_PASSWORD": "canary-9f31"})
    stack = Stack(name="shop", root=tmp_path, services={"a": service})

    def one(
        services: dict[str, StatusEntry],
        *channels: Channel,
        before: dict[str, StatusEntry] | Unknown | None = None,
        trouble: str = "",
        **variables: str,
    ) -> tuple[list[str], list[str]]:
        server.asked.clear()
        teller = Notifier(
            stack, channels or (HOOK, DEAD_MAN), environ=environ | variables, status=lambda: before
        )
        lines = teller.begin()
        if trouble:
            lines += teller.tell_trouble(trouble, AT)
        lines += teller.tell(CurrentStatus(stack="shop", at=AT, services=services, gate_open=True))
        return lines, [line.removeprefix("POST ") for line in server.lines]

    return one


def told(server: Listener) -> list[dict[str, Any]]:
    return [json.loads(body) for line, _, body in server.asked if line == "POST /hook"]


EACH, AND_NEWS = ["/uuid/start", "/uuid"], ["/uuid/start", "/hook", "/uuid"]


def test_news_are_told_once_and_a_dead_man_switch_each_time(
    run: Callable[..., tuple[list[str], list[str]]],
) -> None:
    assert run({"a": WORKS}) == ([], AND_NEWS)
    assert run({"a": WORKS}) == ([], EACH)
    assert run({"a": FAILS}) == ([], AND_NEWS)
    assert run({"a": FAILS}) == ([], EACH)


@pytest.mark.parametrize(
    ("before", "asked"),
    [(None, AND_NEWS), (Unknown("torn"), AND_NEWS), ({}, AND_NEWS), ({"a": FAILS}, AND_NEWS),
     ({"a": WORKS}, EACH)],
)  # fmt: skip
def test_on_a_new_machine_the_status_says_what_is_known(
    run: Callable[..., tuple[list[str], list[str]]],
    before: dict[str, StatusEntry] | Unknown | None,
    asked: list[str],
) -> None:
    assert run({"a": WORKS}, before=before) == ([], asked)


def test_on_an_old_machine_the_status_does_not_say_what_was_told(
    run: Callable[..., tuple[list[str], list[str]]],
) -> None:
    run({"a": WORKS})
    assert run({"a": FAILS}, before={"a": FAILS}) == ([], AND_NEWS)


def test_who_could_not_be_told_is_told_by_the_next_run(
    run: Callable[..., tuple[list[str], list[str]]], server: Listener
) -> None:
    server.answers["/hook"] = (500, "")
    lines, _ = run({"a": FAILS}, before={"a": WORKS})
    assert lines == ["notify   webhook (HOOK): answered 500"]
    server.answers.clear()
    assert run({"a": FAILS}, before={"a": FAILS}) == ([], AND_NEWS)
    assert told(server)[0]["title"] == "shop: 1 service broken"


@pytest.mark.parametrize("damage", ["", "[]", '{"schema": "other"}', "{"])
def test_a_record_that_cannot_be_read_hides_nothing(
    run: Callable[..., tuple[list[str], list[str]]], tmp_path: Path, damage: str
) -> None:
    run({"a": WORKS})
    (tmp_path / ".stacktest/told/webhook-HOOK.json").write_text(damage)
    assert run({"a": WORKS}) == ([], AND_NEWS)


def test_one_message_per_run(
    run: Callable[..., tuple[list[str], list[str]]], server: Listener
) -> None:
    assert run({"a": WORKS}, trouble="redis exited with 1")[1] == [
        "/uuid/start", "/hook", "/uuid/fail",
    ]  # fmt: skip
    assert told(server)[0]["title"] == "shop: the stack did not come up"


def test_a_run_that_never_began_tells_nothing(tmp_path: Path, server: Listener) -> None:
    stack = Stack(name="shop", root=tmp_path, services={})
    teller = Notifier(stack, (HOOK,), environ={"HOOK": server.url}, status=lambda: None)
    assert teller.tell_trouble("another run holds the lock", AT) == []
    assert server.asked == []


@pytest.mark.parametrize(
    ("value", "why"),
    [("", "HOOK is not set"), ("  ", "HOOK is not set"),
     ("http://ä/", "HOOK holds letters that no address can hold"),
     ("http://a\nb/", "HOOK holds letters that no address can hold"),
     ("http://127.0.0.1:1/secret", "cannot be reached")],
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_said_in_one_line(
    run: Callable[..., tuple[list[str], list[str]]], value: str, why: str
) -> None:
    lines, _ = run({"a": WORKS}, HOOK, HOOK=value)
    assert lines == [f"notify   webhook (HOOK): {why}"]


def test_a_variable_that_is_not_set_is_told_once_until_it_was_set(
    run: Callable[..., tuple[list[str], list[str]]], server: Listener
) -> None:
    told_once = ["notify   webhook (HOOK): HOOK is not set"]
    assert run({"a": WORKS}, HOOK, HOOK="")[0] == told_once
    assert run({"a": WORKS}, HOOK, HOOK="")[0] == []
    assert run({"a": WORKS}, HOOK, HOOK=f"{server.url}/hook")[0] == []
    assert run({"a": WORKS}, HOOK, HOOK="")[0] == told_once


def test_without_channels_nothing_is_kept(tmp_path: Path) -> None:
    teller = Notifier(
        Stack(name="shop", root=tmp_path, services={}), (), environ={}, status=lambda: None
    )
    assert (
        teller.begin()
        == teller.tell(CurrentStatus(stack="shop", at=AT, services={"a": WORKS}))
        == []
    )
    assert list(tmp_path.iterdir()) == []


def test_a_message_holds_no_secret_of_the_stack(
    run: Callable[..., tuple[list[str], list[str]]], server: Listener
) -> None:
    run({"a": entry(State.ERROR, "cannot read canary-9f31")}, HOOK, before={"a": WORKS})
    assert told(server)[0]["changes"][0]["reasons"] == ["cannot read [redacted]"]


def test_a_ca_that_the_first_start_makes_is_trusted_afterwards(
    tmp_path: Path,
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path / "ca.crt"
    stack = Stack(name="shop", root=tmp_path, services={})
    with listening(context) as server:
        teller = Notifier(
            stack,
            (HOOK,),
            environ={"HOOK": server.url},
            status=lambda: None,
            ca=lambda: file if file.exists() else None,
        )
        before = list(teller.try_all(AT))
        authority.cert_pem.write_to_path(str(file))
        after = list(teller.try_all(AT))
    assert before == [("webhook (HOOK)", "its certificate is not trusted")]
    assert after == [("webhook (HOOK)", "")]


def test_each_channel_can_be_tried(tmp_path: Path, server: Listener) -> None:
    server.answers["/uuid"] = (404, "")
    environ = {"HOOK": f"{server.url}/hook", "DEAD_MAN": f"{server.url}/uuid"}
    stack = Stack(name="shop", root=tmp_path, services={})
    teller = Notifier(stack, (HOOK, DEAD_MAN), environ=environ, status=lambda: None)
    assert list(teller.try_all(AT)) == [
        ("webhook (HOOK)", ""),
        ("healthchecks (DEAD_MAN)", "answered 404"),
    ]
    assert told(server)[0]["title"] == "shop: a test of this channel"
    assert list(tmp_path.iterdir()) == []
