from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.adapters.routes.caddy.lexer import Line, read_lines
from stacktest.errors import UsageError
from tests.support.properties import examples


def words(text: str, **environment: str) -> list[list[str]]:
    return [
        [t.text for t in line.tokens]
        for line in read_lines(text, file="C", environment=environment)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b\nc", [["a", "b"], ["c"]]),
        ("a\t b  \r\n\n", [["a", "b"]]),
        ("# all\na # rest\nb#c", [["a"], ["b#c"]]),
        ('a "b c" "d \\" e" "\\n"', [["a", "b c", 'd " e', "\\n"]]),
        ('a "two\nlines" b', [["a", "two\nlines", "b"]]),
        ('a ""', [["a", ""]]),
        ('a `raw \\ "x"` b', [["a", 'raw \\ "x"', "b"]]),
        ("a \\\n  b\nc", [["a", "b"], ["c"]]),
        ("r <<END\n  one\n    two\n  END 200", [["r", "one\n  two", "200"]]),
        ("a{b}c {x.y}", [["a{b}c", "{x.y}"]]),
        ("\ufeffa", [["a"]]),
        ("a, b,\nc", [["a,", "b,", "c"]]),
        ("{$HOST} {$PORT:80} {$GONE}", [["h.test", "80", ""]]),
        ("{$HOST:x}.{env.HOST}", [["h.test.{env.HOST}"]]),
    ],
)
def test_words_of_a_line(text: str, expected: list[list[str]]) -> None:
    assert words(text, HOST="h.test") == expected


def test_blocks_nest_and_keep_their_lines() -> None:
    (site,) = read_lines(
        "a.test {\n\n handle /x {\n  respond ok\n }\n}\n", file="C", environment={}
    )
    assert site.where == "C:1"
    assert site.block is not None
    (handle,) = site.block
    assert (handle.name, handle.words, handle.where) == ("handle", ("/x",), "C:3")
    assert handle.block is not None
    assert [line.where for line in handle.block] == ["C:4"]


def test_quoted_braces_are_words() -> None:
    (line,) = read_lines('respond "{"', file="C", environment={})
    assert line.block is None
    assert line.words == ("{",)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a {\n b", "C:1", "'{' is never closed"),
        ("a\n}", "C:2", "'}' without a matching '{'"),
        ("a {\n}\n}", "C:3", "'}' without a matching '{'"),
        ("a { b\n}", "C:1", "after '{' on the same line"),
        ("a {\n b }\n", "C:2", "'}' must stand on its own line"),
        ("a {\n} b\n", "C:2", "unexpected 'b' after '}'"),
        ('a\nb "c', "C:2", 'a " is never closed'),
        ("a\n\nb `c", "C:3", "a ` is never closed"),
        ("a <<END\n b\n", "C:1", "<<END is never closed"),
        ("a <<\n", "C:1", "'<<' needs a name"),
        ("a <<END\nb\n  END\n", "C:2", "less indent"),
    ],
)
def test_broken_text_names_its_line(text: str, where: str, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_lines(text, file="C", environment={})
    assert caught.value.where == where
    assert what in caught.value.what


FEW = examples(25)
WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters='"`#\\{}<$,'),
    min_size=1,
)
ANY = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="`$"))


@FEW
@given(st.lists(st.lists(WORD, min_size=1), min_size=1))
def test_plain_words_come_back(lines: list[list[str]]) -> None:
    assert words("\n".join(" ".join(line) for line in lines)) == lines


@FEW
@given(st.lists(ANY, min_size=1))
def test_raw_quotes_keep_every_character(texts: list[str]) -> None:
    assert words("x " + " ".join(f"`{text}`" for text in texts)) == [["x", *texts]]


@st.composite
def trees(draw: st.DrawFn, depth: int = 0) -> list[tuple[str, object]]:
    blocks = st.none() if depth > 2 else st.none() | trees(depth + 1)
    return draw(st.lists(st.tuples(WORD, blocks), min_size=1, max_size=4))


Tree = list[tuple[str, Any]]
"""Name and block: another tree, or None."""


def written(tree: Tree, indent: str = "") -> str:
    return "".join(
        f"{indent}{name}\n"
        if block is None
        else f"{indent}{name} {{\n{written(block, indent + chr(9))}{indent}}}\n"
        for name, block in tree
    )


def shape(lines: tuple[Line, ...]) -> Tree:
    return [(line.name, None if line.block is None else shape(line.block)) for line in lines]


@FEW
@given(trees())
def test_trees_come_back(tree: Tree) -> None:
    text = written(tree)
    lines = read_lines(text, file="C", environment={})
    assert shape(lines) == tree


@FEW
@given(trees(), st.integers(0, 30))
def test_a_lost_closing_brace_is_always_noticed(tree: Tree, index: int) -> None:
    lines = written(tree).splitlines()
    closing = [number for number, line in enumerate(lines) if line.strip() == "}"]
    if not closing:
        return
    del lines[closing[index % len(closing)]]
    with pytest.raises(UsageError):
        read_lines("\n".join(lines), file="C", environment={})


@FEW
@given(ANY)
def test_anything_is_read_or_refused_with_a_line(text: str) -> None:
    try:
        read_lines(text, file="C", environment={})
    except UsageError as error:
        assert error.where.startswith("C:")  # noqa: PT017
