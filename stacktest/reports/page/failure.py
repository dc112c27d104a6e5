"""The page about one failed test: the cause, what it said, and everything that it left.

It lies beside the files that it links, needs no network and no script, and works from `file://`.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from stacktest.printable import visible
from stacktest.reports.page.jinja import environment

NAME = "index.html"
SHOWN_LINES = 60
"""Last lines of a file that the page itself shows."""
LONGEST_LINE = 400


class LeftText(Struct, frozen=True, kw_only=True):
    """A text file beside the page."""

    name: str
    title: str
    text: str

    @property
    def address(self) -> str:
        """Where the page finds it."""
        return quote(self.name)

    @property
    def end(self) -> str:
        """Its last lines."""
        lines = self.text.splitlines()[-SHOWN_LINES:]
        return "\n".join(line[:LONGEST_LINE] for line in lines)


class FailurePage(Struct, frozen=True, kw_only=True):
    """What the page shows."""

    test: str
    services: Sequence[str]
    message: str
    """What the test said, with both values."""
    diagnosis: str = ""
    command: str = ""
    reproduce: str = ""
    texts: Sequence[LeftText] = ()
    """In the order in which they help: who knows comes first."""
    pictures: Sequence[str] = ()
    traces: Sequence[tuple[str, str]] = ()
    """Name beside the page, and the command that opens it."""
    other: Sequence[str] = ()


def render_failure(page: FailurePage) -> str:
    """The page as HTML."""
    return visible(_template().render(page=page, quote=quote))


# Private


@cache
def _template() -> Any:
    return environment().get_template("failure.html.j2")
