"""Which checks tell a program from everybody else: one where it can be, more where it must."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.init.look.answer import RecordedAnswer
from stacktest.init.look.checks import Contains, Header
from stacktest.init.look.choice import Choice, choose
from tests.support.properties import examples


def answer(text: str, status: int = 200) -> RecordedAnswer:
    return RecordedAnswer(status=status, text=text)


A, B, C = Contains("a"), Contains("b"), Contains("c")


@pytest.mark.parametrize(
    ("others", "checks", "confused"),
    [
        ({}, (A,), ()),
        ({"x": [answer("-")]}, (A,), ()),
        ({"x": [answer("a")]}, (B,), ()),
        ({"x": [answer("a")], "y": [answer("b")]}, (C,), ()),
        ({"x": [answer("ab")], "y": [answer("bc")], "z": [answer("ac")]}, (A, B, C), ()),
        ({"x": [answer("abc")], "y": [answer("a")]}, (B,), ("x",)),
        ({"x": [answer("abc", 404)], "y": [answer("-")]}, (A,), ()),
    ],
)
def test_as_few_checks_as_refuse_all_others(
    others: Mapping[str, list[RecordedAnswer]], checks: tuple[Contains, ...], confused: tuple[str]
) -> None:
    choice = choose(200, [A, B, C], others)
    assert choice == Choice(status=200, checks=checks, confused=confused)


def test_nothing_is_chosen_where_nothing_refuses_anybody() -> None:
    assert choose(200, [A], {"twin": [answer("a")]}) is None
    assert choose(200, [], {}) is None


texts = st.text("abcdef", max_size=6)


@examples(80)
@given(own=texts, others=st.dictionaries(st.sampled_from("xyz"), st.lists(texts, max_size=3)))
def test_who_passes_is_named_and_nobody_else_passes(own: str, others: dict[str, list[str]]) -> None:
    suggestions = [Contains(sign) for sign in "abcdef" if sign in own]
    recorded = {name: [answer(text) for text in group] for name, group in others.items()}
    choice = choose(200, suggestions, recorded)
    if choice is None:
        return
    assert choice.holds(answer(own))
    passing = {name for name, group in recorded.items() if any(map(choice.holds, group))}
    assert passing == set(choice.confused)


def test_what_only_tells_the_library_that_serves_is_not_enough_by_itself() -> None:
    others = {"door": [RecordedAnswer(status=200, text="a", headers={"server": "nginx"})]}
    server = Header("server", "uvicorn")
    assert choose(200, [A, server], others) == Choice(status=200, checks=(server,))
    far = {"x": [answer("b")], **others}
    assert choose(200, [A, server], far) == Choice(status=200, checks=(A, server))
    assert choose(200, [server], far) == Choice(status=200, checks=(server,))
