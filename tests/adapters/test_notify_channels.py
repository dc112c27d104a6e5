"""Each channel against a real server: the request that is documented, and every way to be refused."""

import json
import logging
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from stacktest.adapters import notify_channels
from stacktest.adapters.notify_channels import Kind, Message, Target, send, send_start
from stacktest.adapters.tls import wide_context
from stacktest.errors import UsageError
from tests.support.listener import Listener, listening

TOKEN = "tk-canary-73f1"
MESSAGE = Message(
    title="shop: 1 service broken",
    text="broken  loki  failing: t.py::test_ü",
    document={"schema": "stacktest.news/1", "title": "shop: 1 service broken"},
    well=False,
    services={"caddy": "", "loki": "failing: t.py::test_ü", "my_db.1": ""},
)
WELL = Message(title="shop: 1 service works", text="works   loki", document={}, well=True)
KINDS = ("webhook", "ntfy", "gatus", "kuma", "healthchecks")


@pytest.fixture
def server() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def trust() -> ssl.SSLContext:
    return wide_context(None)


def target(server: Listener, kind: Kind, path: str = "/secret-path", **more: str) -> Target:
    return Target(kind=kind, url=server.url + path, group="shop", **more)


def test_a_webhook_gets_the_document(server: Listener, trust: ssl.SSLContext) -> None:
    assert send(target(server, "webhook", "/hook?a=1", token=TOKEN), MESSAGE, trust) == ""
    ((line, headers, body),) = server.asked
    assert line == "POST /hook?a=1"
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(body) == MESSAGE.document


@pytest.mark.parametrize(
    ("message", "priority", "tag"),
    [(MESSAGE, "high", "warning"), (WELL, "default", "white_check_mark")],
)
def test_ntfy_gets_the_text_with_title_priority_and_tag(
    server: Listener, trust: ssl.SSLContext, message: Message, priority: str, tag: str
) -> None:
    assert send(target(server, "ntfy", "/topic"), message, trust) == ""
    ((line, headers, body),) = server.asked
    assert (line, body) == ("POST /topic", message.text)
    assert (headers["Title"], headers["Priority"], headers["Tags"]) == (
        message.title, priority, tag,
    )  # fmt: skip
    assert "Authorization" not in headers


def test_gatus_gets_one_result_per_service(server: Listener, trust: ssl.SSLContext) -> None:
    assert send(target(server, "gatus", "", token=TOKEN), MESSAGE, trust) == ""
    why = "failing%3A+t.py%3A%3Atest_%C3%BC"
    assert server.lines == [
        "POST /api/v1/endpoints/shop_caddy/external?success=true",
        f"POST /api/v1/endpoints/shop_loki/external?success=false&error={why}",
        "POST /api/v1/endpoints/shop_my-db-1/external?success=true",
    ]
    assert {headers["Authorization"] for _, headers, _ in server.asked} == {f"Bearer {TOKEN}"}


def test_gatus_gets_one_result_for_the_stack(server: Listener, trust: ssl.SSLContext) -> None:
    told = target(server, "gatus", "/below/", token=TOKEN, each="stack")
    assert (send(told, MESSAGE, trust), send(told, WELL, trust)) == ("", "")
    where = "POST /below/api/v1/endpoints/shop_stack/external?success="
    assert server.lines == [f"{where}false&error=shop%3A+1+service+broken", f"{where}true"]


def test_services_that_gatus_does_not_know_are_left_out(
    server: Listener, trust: ssl.SSLContext
) -> None:
    server.answers["/api/v1/endpoints/shop_loki"] = (404, "not found")
    assert send(target(server, "gatus", ""), MESSAGE, trust) == ""
    server.answers["/api/v1/endpoints/"] = (404, "not found")
    assert send(target(server, "gatus", ""), MESSAGE, trust) == "answered 404"
    server.answers = {"/api/v1/endpoints/shop_loki": (401, "invalid token")}
    assert send(target(server, "gatus", ""), MESSAGE, trust) == "answered 401"


def test_kuma_gets_its_push_url_with_a_query_of_ours(
    server: Listener, trust: ssl.SSLContext
) -> None:
    shown = "/api/push/abc?status=up&msg=OK&ping="
    assert send(target(server, "kuma", shown), MESSAGE, trust) == ""
    assert send(target(server, "kuma", shown), WELL, trust) == ""
    assert server.lines == [
        "GET /api/push/abc?status=down&msg=shop%3A+1+service+broken",
        "GET /api/push/abc?status=up&msg=shop%3A+1+service+works",
    ]


def test_healthchecks_hears_of_start_success_and_failure(
    server: Listener, trust: ssl.SSLContext
) -> None:
    told = target(server, "healthchecks", "/uuid/")
    assert send_start(told, trust) == ""
    assert (send(told, WELL, trust), send(told, MESSAGE, trust)) == ("", "")
    assert server.lines == ["POST /uuid/start", "POST /uuid", "POST /uuid/fail"]
    assert server.asked[2][2] == f"{MESSAGE.title}\n{MESSAGE.text}"


@pytest.mark.case("field/b52")
def test_healthchecks_by_a_slug_keeps_its_query(server: Listener, trust: ssl.SSLContext) -> None:
    channel = target(server, "healthchecks", "/ping-key/stack?create=1")
    assert send_start(channel, trust) == ""
    assert send(channel, WELL, trust) == ""
    assert send(channel, MESSAGE, trust) == ""
    assert server.lines == [
        "POST /ping-key/stack/start?create=1",
        "POST /ping-key/stack?create=1",
        "POST /ping-key/stack/fail?create=1",
    ]


def test_kuma_s_own_values_are_replaced_and_other_parts_of_its_query_stay(
    server: Listener, trust: ssl.SSLContext
) -> None:
    channel = target(server, "kuma", "/api/push/x?status=up&msg=OK&ping=&key=k1")
    assert send(channel, MESSAGE, trust) == ""
    (line,) = server.lines
    assert line.startswith("GET /api/push/x?key=k1&status=down&msg=")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "healthchecks"])
def test_only_a_dead_man_switch_hears_of_a_start(
    server: Listener, trust: ssl.SSLContext, kind: Kind
) -> None:
    assert send_start(target(server, kind), trust) == ""
    assert server.asked == []


def test_apprise_delivers_by_its_own_urls(server: Listener, trust: ssl.SSLContext) -> None:
    url = server.url.replace("http://", "json://") + "/from-apprise"
    assert send(Target(kind="apprise", url=url), MESSAGE, trust) == ""
    ((line, _, body),) = server.asked
    said = json.loads(body)
    assert line == "POST /from-apprise"
    assert (said["title"], said["message"], said["type"]) == (
        MESSAGE.title, MESSAGE.text, "warning",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("url", "why"),
    [("nonsense", "apprise does not know the address"),
     ("json://127.0.0.1:1/x", "apprise could not deliver it")],
)  # fmt: skip
def test_apprise_that_cannot_deliver(trust: ssl.SSLContext, url: str, why: str) -> None:
    assert send(Target(kind="apprise", url=url), MESSAGE, trust) == why


def test_apprise_that_is_not_installed(
    trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    said = send(Target(kind="apprise", url="json://x"), MESSAGE, trust)
    assert said == "apprise is not installed: pip install 'stacktest[apprise]'"


# Refused


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [302, 401, 403, 404, 500])
def test_every_answer_but_yes_is_a_refusal(
    server: Listener, trust: ssl.SSLContext, kind: Kind, status: int
) -> None:
    server.answers["/"] = (status, "")
    assert send(target(server, kind), MESSAGE, trust) == f"answered {status}"


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [("healthchecks", "OK (not found)", "answered OK (not found)"),
     ("kuma", '{"ok":false,"msg":"Monitor not found"}',
      "answered that it does not know the address")],
)  # fmt: skip
def test_a_refusal_that_says_200_is_seen(
    server: Listener, trust: ssl.SSLContext, kind: Kind, body: str, why: str
) -> None:
    server.answers["/"] = (200, body)
    assert send(target(server, kind), WELL, trust) == why


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_listens(trust: ssl.SSLContext, kind: Kind) -> None:
    told = Target(kind=kind, url="http://127.0.0.1:1/secret-path", group="shop")
    assert send(told, MESSAGE, trust) == "cannot be reached"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("url", ["secret-path", "ftp://a/secret-path", "http://a:b/"])
def test_an_address_that_is_none(trust: ssl.SSLContext, kind: Kind, url: str) -> None:
    said = send(Target(kind=kind, url=url, group="shop"), MESSAGE, trust)
    assert said == "the address is not an http or https URL"


def test_an_answer_that_does_not_come_is_not_waited_for(
    server: Listener, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify_channels, "SECONDS", 0.1)
    server.hold = threading.Event()
    assert send(target(server, "ntfy"), MESSAGE, trust) == "no answer within 0.1 s"


def test_only_a_certificate_that_is_trusted_will_do(trust: ssl.SSLContext, tmp_path: Path) -> None:
    ca = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(serving)
    ca.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    (tmp_path / "empty.crt").write_text("")
    with listening(serving) as server:
        told = target(server, "ntfy")
        assert send(told, MESSAGE, trust) == "its certificate is not trusted"
        assert send(told, MESSAGE, wide_context(tmp_path / "ca.crt")) == ""
    with pytest.raises(UsageError, match=r"empty\.crt is empty"):
        wide_context(tmp_path / "empty.crt")


# Secrets


@pytest.mark.parametrize("kind", [*KINDS, "apprise"])
@pytest.mark.parametrize("status", [200, 403])
def test_neither_address_nor_token_is_ever_logged_or_shown(
    server: Listener,
    trust: ssl.SSLContext,
    kind: Kind,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers["/"] = (status, "")
    told = target(server, kind, token=TOKEN)
    if kind == "apprise":
        told = Target(kind=kind, url=server.url.replace("http:", "json:") + "/secret-path")
    said = f"{send(told, MESSAGE, trust)}{send_start(told, trust)}{told!r}"
    assert len(server.asked) > 0
    assert "secret-path" not in caplog.text + said
    assert TOKEN not in caplog.text + said
    assert logging.root.manager.disable == logging.NOTSET
