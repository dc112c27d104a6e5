"""What several answers suggest as checks: what tells the program, and nothing that changes."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.init.look.answer import RecordedAnswer
from stacktest.init.look.candidates import candidates, is_volatile, stable_start
from stacktest.init.look.checks import Check, Contains, Header, Keys, Member, Whole
from tests.support.properties import examples


def page(text: str, headers: dict[str, str] | None = None, status: int = 200) -> RecordedAnswer:
    html = {"content-type": "text/html", **(headers or {})}
    return RecordedAnswer(status=status, headers=html, text=text)


def document(value: object, status: int = 200) -> RecordedAnswer:
    headers = {"content-type": "application/json; charset=utf-8"}
    return RecordedAnswer(status=status, headers=headers, text=json.dumps(value))


def plain(text: str) -> RecordedAnswer:
    return RecordedAnswer(status=200, headers={"content-type": "text/plain"}, text=text)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("Radicale Web Interface", "Radicale Web Interface"),
        ("phpLDAPadmin (1.2.6.3) - ", "phpLDAPadmin"),
        ("Gitea v1.21.3: Git with a cup of tea", "Gitea"),
        ("MiniDLNA 1.3.0", "MiniDLNA"),
        ("Apache2 Debian", "Apache2 Debian"),
        ("(3) Inbox", ""),
        ("v2", ""),
        ("deadbeef01 build", ""),
        ("Backup of 2026-11-29", "Backup of"),
    ],
)
def test_a_text_counts_up_to_what_changes_in_it(text: str, start: str) -> None:
    assert stable_start(text) == start
    assert is_volatile(text) == (start != text)


@pytest.mark.parametrize(
    ("answer", "first"),
    [
        (page("<title>Radicale</title>"), Contains("<title>Radicale</title>")),
        (page('<TITLE lang="en">\n Wiki\n</TITLE>'), Contains("Wiki")),
        (page("<title>phpLDAPadmin (1.2.6.3)</title>"), Contains("phpLDAPadmin")),
        (page("<title>12</title><h1>The board</h1>"), Contains("<h1>The board</h1>")),
        (
            page('<input type="password" name="pass">'),
            Contains('<input type="password" name="pass'),
        ),
        (
            page('<meta name="generator" content="Hugo 0.1">'),
            Contains('<meta name="generator" content="Hugo'),
        ),
        (page("", {"x-influxdb-version": "1.6.7"}), Header("x-influxdb-version")),
        (
            page("", {"www-authenticate": 'Basic realm="monit"'}, 401),
            Header("www-authenticate", 'realm="monit"'),
        ),
        (
            page("", {"location": "https://auth.test/?rd=x"}, 302),
            Header("location", "https://auth.test/"),
        ),
        (plain("Prometheus Server is Ready.\n"), Whole("Prometheus Server is Ready.\n")),
        (plain("up for 17 seconds"), None),
        (document({"database": "ok", "version": "10.1"}), Member(("database",), "ok")),
        (document({"server": {"name": "Vault"}}), Member(("server", "name"), "Vault")),
        (document({"ready": True, "kind": "board"}), Member(("kind",), "board")),
        (document({"uptime": "3", "started": "now"}), Member(("started",), "now")),
        (document({"cluster": [], "versionInfo": {}}), Keys(("cluster", "versionInfo"))),
    ],
)
def test_the_most_telling_comes_first(answer: RecordedAnswer, first: Check | None) -> None:
    assert next(iter(candidates([answer])), None) == first


@pytest.mark.parametrize(
    ("answers", "checks"),
    [
        ([page("<title>a nonce</title>"), page("<title>another</title>")], []),
        ([document({"mood": "good"}), document({"mood": "bad"})], []),
        ([page("", {"x-flag": "a"}), page("")], []),
        ([document({"apiKey": "abc"})], []),
        ([document({"node": "a1b2c3d4e5f60718"})], []),
        ([document({str(number): "word" for number in range(20)})], []),
    ],
)
def test_what_changes_or_is_data_or_secret_is_left_out(
    answers: list[RecordedAnswer], checks: list[Check]
) -> None:
    assert candidates(answers) == checks


def test_a_secret_of_the_stack_is_in_none_of_them() -> None:
    answer = page("<title>hunter-two</title><h1>Hello there</h1>")
    assert candidates([answer], {"hunter-two"}) == [Contains("<h1>Hello there</h1>")]


_VERSION = re.compile(r"\d+\.\d+\.\d+")
versions = st.tuples(*[st.integers(0, 30)] * 3).map(lambda parts: ".".join(map(str, parts)))
words = st.text("abcdefghijklmnopqrstuvwxyz -", min_size=3, max_size=12)


@examples(60)
@given(words=st.tuples(words, words, words), before=versions, after=versions)
def test_an_update_of_the_version_makes_no_check_red(
    words: tuple[str, str, str], before: str, after: str
) -> None:
    title, heading, value = words
    html = (
        f"<title>{title} {{0}}</title><meta name='generator' content='{title} {{0}}'>"
        f"<h1>{heading} v{{0}}</h1><script src='/static/{{0}}/app.js'></script>"
    )
    old, new = (
        page(html.format(version), {"server": f"Own/{version}"}) for version in (before, after)
    )
    assert all(check.holds(new) for check in candidates([old]))
    old, new = (
        document({"name": f"{value}", "release": version, "about": f"{value} {version}"})
        for version in (before, after)
    )
    assert all(check.holds(new) for check in candidates([old]))


@examples(60)
@given(texts=st.lists(st.text(max_size=80), min_size=1, max_size=3))
def test_every_candidate_holds_for_every_answer_and_is_python(texts: list[str]) -> None:
    answers = [
        page(f"<title>{text}</title><h1>{text}</h1>{text}", {"server": text}) for text in texts
    ]
    for check in candidates(answers):
        assert all(check.holds(answer) for answer in answers)
        compile(check.line, "generated", "exec")
