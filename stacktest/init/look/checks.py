"""Checks of an answer: each tells whether it holds, and has a line of Python that asserts it.

Contains   a piece of the body
Whole      the whole body
Header     a header is present, or contains a text
Member     a value in a JSON document
Keys       the JSON document has these keys
Shown      a part of headers or body, for a table of markers
"""

from typing import Protocol

from msgspec import Struct

from stacktest.core.json_data import Json
from stacktest.init.look.answer import RecordedAnswer
from stacktest.init.render import quoted


class Check(Protocol):
    """One claim about an answer."""

    def holds(self, answer: RecordedAnswer) -> bool:
        """Whether the claim is true for this answer."""

    @property
    def line(self) -> str:
        """The assertion in Python, about `response`, or `document` for JSON."""

    @property
    def marker(self) -> str:
        """A text in headers or body that supports the same claim; empty if there is none."""


class Contains(Struct, frozen=True):
    """The body contains a text."""

    text: str

    def holds(self, answer: RecordedAnswer) -> bool:
        """Whether the body contains it."""
        return self.text in answer.text

    @property
    def line(self) -> str:
        """`assert "…" in response.text`."""
        return f"assert {quoted(self.text)} in response.text"

    @property
    def marker(self) -> str:
        """The text itself."""
        return self.text


class Whole(Struct, frozen=True):
    """The whole body is a text."""

    text: str

    def holds(self, answer: RecordedAnswer) -> bool:
        """Whether the body equals the text."""
        return answer.text == self.text

    @property
    def line(self) -> str:
        """`assert response.text == "…"`."""
        return f"assert response.text == {quoted(self.text)}"

    @property
    def marker(self) -> str:
        """The text itself."""
        return self.text.strip()


class Header(Struct, frozen=True):
    """A header is present, or contains a text."""

    name: str
    text: str = ""

    def holds(self, answer: RecordedAnswer) -> bool:
        """Whether the header is present and contains the text."""
        value = answer.headers.get(self.name)
        return value is not None and self.text in value

    @property
    def line(self) -> str:
        """`assert "…" in response.headers["…"]`, or `assert "…" in response.headers`."""
        if not self.text:
            return f"assert {quoted(self.name)} in response.headers"
        return f"assert {quoted(self.text)} in response.headers[{quoted(self.name)}]"

    @property
    def marker(self) -> str:
        """The text, or the beginning of the header's line."""
        return self.text or f"{self.name}: "


class Member(Struct, frozen=True):
    """A value in a JSON document; `path` holds its keys, the outermost first."""

    path: tuple[str, ...]
    value: str | bool

    def holds(self, answer: RecordedAnswer) -> bool:
        """Whether the document has this value at `path`."""
        node: Json = answer.document
        for key in self.path:
            node = node.get(key) if isinstance(node, dict) else None
        return type(node) is type(self.value) and node == self.value

    @property
    def line(self) -> str:
        """`assert document["…"] == "…"`."""
        keys = "".join(f"[{quoted(key)}]" for key in self.path)
        if isinstance(self.value, bool):
            return f"assert document{keys} is {self.value}"
        return f"assert document{keys} == {quoted(self.value)}"

    @property
    def marker(self) -> str:
        """The value if it is a text, else the key; in quotation marks."""
        return quoted(self.value if isinstance(self.value, str) else self.path[-1])


class Keys(Struct, frozen=True):
    """A JSON document has these keys."""

    names: tuple[str, ...]

    def holds(self, answer: RecordedAnswer) -> bool:
        """Whether it has all of them."""
        return answer.document is not None and set(self.names) <= answer.document.keys()

    @property
    def line(self) -> str:
        """`assert document.keys() >= {…}`."""
        return f"assert document.keys() >= {{{', '.join(map(quoted, self.names))}}}"

    @property
    def marker(self) -> str:
        """The longest of the keys, in quotation marks."""
        return quoted(max(self.names, key=len))


class Shown(Struct, frozen=True):
    """Headers or body contain a text."""

    text: str

    def holds(self, answer: RecordedAnswer) -> bool:
        """Whether one of them contains it."""
        return self.text in answer.shown

    @property
    def line(self) -> str:
        """`assert "…" in shown(response)`."""
        return f"assert {quoted(self.text)} in shown(response)"

    @property
    def marker(self) -> str:
        """The text itself."""
        return self.text


JSON_CHECKS = (Member, Keys)
"""The checks whose line uses `document`."""
