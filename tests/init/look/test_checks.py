"""Each kind of check holds for what it claims, and for nothing else; its line asserts the same."""

from types import SimpleNamespace

import pytest

from stacktest.init.look.answer import RecordedAnswer
from stacktest.init.look.checks import Check, Contains, Header, Keys, Member, Shown, Whole

JSON = {"content-type": "application/json"}
ANSWER = RecordedAnswer(
    status=200,
    headers={**JSON, "x-own": "a b"},
    text='{"name": "Vault", "ok": true, "server": {"kind": "x"}}',
)
OTHER = RecordedAnswer(status=200, headers=JSON, text='{"name": "Wiki", "ok": 1}')


@pytest.mark.parametrize(
    "check",
    [
        Contains("Vault"),
        Whole(ANSWER.text),
        Header("x-own"),
        Header("x-own", "a b"),
        Member(("name",), "Vault"),
        Member(("ok",), True),
        Member(("server", "kind"), "x"),
        Keys(("name", "server")),
        Shown("x-own: a b"),
    ],
)
def test_a_check_holds_for_its_answer_alone_as_its_line_does(check: Check) -> None:
    for answer, expected in ((ANSWER, True), (OTHER, False)):
        assert check.holds(answer) is expected
        assert passes(check, answer) is expected
    assert Shown(check.marker).holds(ANSWER)


def passes(check: Check, answer: RecordedAnswer) -> bool:
    response = SimpleNamespace(text=answer.text, headers=answer.headers)
    values = {"response": response, "document": answer.document, "shown": lambda _: answer.shown}
    try:
        exec(check.line, values)
    except (AssertionError, KeyError):
        return False
    return True
