"""The page about one failed test: the cause, its message, and its evidence files.

It is in one folder with the files that it links to, needs no network and no script, and works from
`file://`.
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
"""The number of last lines of a file that are on the page."""
LONGEST_LINE = 400


class LeftText(Struct, frozen=True, kw_only=True):
    """A text file beside the page."""

    name: str
    title: str
    text: str

    @property
    def address(self) -> str:
        """The file's URL relative to the page."""
        return quote(self.name)

    @property
    def end(self) -> str:
        """The last lines of the file."""
        lines = self.text.splitlines()[-SHOWN_LINES:]
        return "\n".join(line[:LONGEST_LINE] for line in lines)


class FailurePage(Struct, frozen=True, kw_only=True):
    """The content of the page."""

    test: str
    services: Sequence[str]
    message: str
    """The message of the failed test, with expected and actual value."""
    diagnosis: str = ""
    command: str = ""
    reproduce: str = ""
    texts: Sequence[LeftText] = ()
    """The most helpful text first."""
    pictures: Sequence[str] = ()
    traces: Sequence[tuple[str, str]] = ()
    """Name of the file beside the page, and the command that opens it."""
    other: Sequence[str] = ()


def render_failure(page: FailurePage) -> str:
    """The page as HTML."""
    return visible(_template().render(page=page, quote=quote))


# Private


@cache
def _template() -> Any:
    return environment().get_template("failure.html.j2")
