"""Which tests a look is enough for: green on what was seen, red for whoever else answers."""

from collections.abc import Mapping

import pytest

from stacktest.init.look.answer import RecordedAnswer
from stacktest.init.look.checks import Contains, Member
from stacktest.init.look.choice import Choice
from stacktest.init.look.findings import (
    NOWHERE,
    Doorway,
    confirmed,
    doorways,
    findings,
)
from stacktest.init.look.impostors import IMPOSTORS
from stacktest.init.look.look import DOOR, Look, Visit


def html(text: str, status: int = 200) -> tuple[RecordedAnswer, ...]:
    headers = {"content-type": "text/html"}
    return (RecordedAnswer(status=status, headers=headers, text=text),) * 3


def json(text: str, status: int = 200) -> tuple[RecordedAnswer, ...]:
    headers = {"content-type": "application/json"}
    return (RecordedAnswer(status=status, headers=headers, text=text),) * 3


def visit(
    name: str, answers: Mapping[str, tuple[RecordedAnswer, ...]], host: str = "", prefix: str = ""
) -> Visit:
    return Visit(
        service=name,
        client=f'api("{host or name}")',
        host=host,
        prefix=prefix,
        answers=answers,
        credited=frozenset(answers),
    )


WIKI = visit("wiki", {"/": html("<title>Our wiki</title>")}, "wiki.test")
BOARD = visit("board", {"/": html("<title>Board</title>"), "/health": json('{"mood": "up"}')})


def test_the_landing_page_and_what_is_said_to_programs_are_asked_for() -> None:
    result = findings(Look(visits=(WIKI, BOARD)))
    assert {name: [q.path for q in item.questions] for name, item in result.items()} == {
        "wiki": ["/"],
        "board": ["/", "/health"],
    }
    assert result["board"].questions[1].choice.checks == (Member(("mood",), "up"),)
    assert result["board"].questions[1].lines == (
        "document = response.json()",
        'assert document["mood"] == "up"',
    )


@pytest.mark.parametrize(
    "answers",
    [
        {"/": html("<title>Welcome to nginx!</title>")},
        {"/": html("<title>502 Bad Gateway</title>", 502)},
        {"/": html("<title>Slow down</title>", 429)},
        {"/": html("<html><title>404 Not Found</title><H1>Not Found</H1></html>", 404)},
        {"/": json('{"error": "Not found"}', 404)},
        {
            "/": (
                RecordedAnswer(
                    status=404,
                    headers={"content-type": "text/html", "server": "nginx"},
                    text="<H1>Not Found</H1>",
                ),
            )
        },
        {"/": html("<title>Broken</title>", 500)},
        {"/": json('{"status": "ok"}')},
        {"/": (*html("<title>One</title>")[:2], *html("<title>One</title>", 201)[:1])},
        {NOWHERE: html("<title>Not here</title>", 404)},
    ],
)
def test_what_anybody_may_answer_is_no_finding(
    answers: Mapping[str, tuple[RecordedAnswer, ...]],
) -> None:
    assert findings(Look(visits=(visit("x", answers),))) == {}


def test_what_is_not_the_services_own_answer_is_no_finding() -> None:
    guarded = Visit(service="x", client='api("x")', answers=WIKI.answers)
    assert findings(Look(visits=(guarded,))) == {}


def test_two_of_a_kind_are_told_from_the_others_and_named() -> None:
    twin = visit("twin", WIKI.answers)
    result = findings(Look(visits=(WIKI, twin, BOARD)))
    assert result["wiki"].confused == ("twin",)
    assert result["twin"].confused == ("wiki",)
    assert result["board"].confused == ()


def test_a_page_that_nobody_has_is_asked_for_only_where_nothing_else_is_there() -> None:
    missing = html("<title>Nothing at Kuma's</title>", 404)
    assert (
        findings(Look(visits=(visit("x", {"/": missing}),)))["x"].questions[0].choice.status == 404
    )
    known = visit("x", {"/": missing, "/ping": html("<title>Kuma</title>")})
    assert [q.path for q in findings(Look(visits=(known,)))["x"].questions] == ["/ping"]


def test_every_host_name_and_prefix_has_a_row_of_the_front_door() -> None:
    board = visit("board", BOARD.answers, "home.test", "/board")
    own = visit(DOOR, {"/": html("<h1>Welcome home</h1>")}, "home.test")
    assert doorways(Look(visits=(WIKI, board, own))) == (
        Doorway(host="wiki.test", path="/", status=200, marker="<title>Our wiki</title>"),
        Doorway(host="home.test", path="/board/", status=200, marker="<title>Board</title>"),
        Doorway(host="home.test", path="/", status=200, marker="<h1>Welcome home</h1>"),
    )


UPGRADE = """Failed to open a WebSocket connection: invalid Connection header: close.

You cannot access a WebSocket server directly with a browser. You need a WebSocket client.
"""


def behind_nginx(status: int, text: str) -> Visit:
    """A program whose `server` header nginx has replaced by its own."""
    headers = {"content-type": "text/plain", "server": "nginx/1.27.0"}
    answers = (RecordedAnswer(status=status, headers=headers, text=text),) * 3
    return visit("chat", {"/": answers}, "chat.test")


def test_a_header_that_a_front_door_writes_proves_nothing() -> None:
    assert findings(Look(visits=(behind_nginx(426, ""), WIKI))).keys() == {"wiki"}
    assert "chat.test" not in str(doorways(Look(visits=(behind_nginx(426, ""), WIKI))))


def test_a_long_text_is_known_by_its_beginning() -> None:
    look = Look(visits=(behind_nginx(426, UPGRADE), WIKI))
    (question,) = findings(look)["chat"].questions
    beginning = "Failed to open a WebSocket connection: invalid Connection header: close."
    assert question.choice == Choice(status=426, checks=(Contains(beginning),))


@pytest.mark.parametrize("other", [*IMPOSTORS, *BOARD.answers["/"]])
def test_whoever_answers_in_its_place_fails(other: RecordedAnswer) -> None:
    finding = findings(Look(visits=(WIKI, BOARD)))["wiki"]
    assert not any(question.choice.holds(other) for question in finding.questions)


@pytest.mark.parametrize(
    ("title", "is_confirmed"),
    [("Our wiki", True), ("Board", False), ("", False)],
)
def test_what_was_known_beforehand_has_to_be_true_and_of_nobody_else(
    title: str, *, is_confirmed: bool
) -> None:
    checks = [Contains(f"<title>{title}") if title else Contains("<title>")]
    assert confirmed(checks, "/", Look(visits=(WIKI, BOARD)), "wiki") is is_confirmed
