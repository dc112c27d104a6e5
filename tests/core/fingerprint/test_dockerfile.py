"""What a Dockerfile says without its comments, and what it copies for sure."""

import pytest

from stacktest.core.fingerprint.dockerfile import copied_sources, instructions


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
