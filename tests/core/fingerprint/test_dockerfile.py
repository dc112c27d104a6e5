"""What a Dockerfile says without its comments, and what it copies for sure."""

import pytest

from stacktest.core.fingerprint.dockerfile import base_image, copied_sources, instructions


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "# syntax=docker/dockerfile:1\n# note\n\nFROM a  \n",
            ["# syntax=docker/dockerfile:1", "FROM a"],
        ),
        ("FROM a\nRUN x \\\n  # why\n  && y\n", ["FROM a", "RUN x \\", "  && y"]),
        ("FROM a\nRUN <<E\n# kept\n\nE\n", ["FROM a", "RUN <<E", "# kept", "", "E"]),
    ],
)
def test_instructions(text: str, lines: list[str]) -> None:
    assert instructions(text) == lines


@pytest.mark.parametrize(
    ("line", "sources"),
    [
        ("COPY a b /x/", ["context/a", "context/b"]),
        ("copy ./src/ /x", ["context/src"]),
        ("COPY . .", ["context"]),
        ("ADD --chown=1:1 a /x", ["context/a"]),
        ('COPY ["a b", "/x"]', ["context/a b"]),
        ("COPY --from=conf a /x", ["context:conf/a"]),
        ("COPY --from=build /bin/app /x", []),
        ("COPY --from=0 /bin/app /x", []),
        ("COPY $FILE *.py /x", []),
        ("ADD https://example.test/a /x", []),
        ("COPY a \\\n  b /x", ["context/a", "context/b"]),
        ("RUN cp a /x", []),
        ("COPY [broken /x", []),
    ],
)
def test_what_is_copied_by_name(line: str, sources: list[str]) -> None:
    assert list(copied_sources(f"FROM x AS build\nFROM y\n{line}\n")) == sources


def test_a_here_document_names_nothing() -> None:
    assert list(copied_sources("FROM a\nCOPY a /x\nRUN <<E\nx\nE\n")) == []


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("FROM a\n", "a"),
        ("FROM --platform=$BUILDPLATFORM a:1 AS b\nFROM c\nCOPY --from=b x y\n", "c"),
        ("from a as build\nFROM Build as x\nRUN y\n", "a"),
        ("FROM a\nFROM b\nFROM 0\n", "a"),
        ('ARG V=1\nARG B="x/y"\nFROM $B:${V}\n', "x/y:1"),
        ("ARG GIVEN=1\nFROM a:$GIVEN\n", "a:7"),
        ("ARG V\nFROM a:${V:-9}\n", "a:9"),
        # Nobody knows the value here.
        ("ARG V\nFROM a:$V\n", ""),
        # An argument of a stage names no image.
        ("FROM a\nARG V=b\nFROM $V\n", ""),
        ("# FROM x\n", ""),
    ],
)
def test_the_image_that_the_last_stage_starts_from(text: str, image: str) -> None:
    assert base_image(text, {"GIVEN": "7"}) == image


def test_the_image_of_a_target() -> None:
    text = "FROM a AS one\nFROM b AS two\n"
    assert [base_image(text, {}, target) for target in ("one", "Two", "", "x")] == [
        *("a", "b", "b", ""),
    ]
