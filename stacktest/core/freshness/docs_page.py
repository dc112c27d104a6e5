"""Whether a service's docs page is behind the service.

A page is current when it exists at HEAD, has prose, and either

1. the commit that first wrote its text (white space does not count) is the commit that last changed
   the service's repository fingerprint, or one of that commit's descendants: ancestry, never dates;
2. or its line `**Last change fingerprint:** <16 hex>` names the service's fingerprint or repository
   fingerprint: a person acknowledged that the page still holds. A line that names another
   fingerprint makes the page behind, whatever the commits are.

A page that was deleted, or has no prose any more, is behind as well as missing.
"""

import re
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Literal

from msgspec import Struct

from stacktest.core.unknown import Unknown

PageState = Literal["missing", "empty", "template", "behind", "current"]

FIELD = "**Last change fingerprint:**"


class PageFacts(Struct, frozen=True, kw_only=True):
    """Facts from git about one page."""

    text: str | None
    """The page's text at HEAD; None: there is no page."""
    templates: tuple[str, ...] = ()
    """The present and former texts of the template for new pages."""
    former: tuple[str, ...] = ()
    """All texts that the page ever had."""
    updated: datetime | None = None
    """Committer date of the commit that wrote the text."""
    follows_change: bool | Unknown = False
    """Whether the text was written in, or after, the commit that last changed the service."""
    uncommitted: bool = False
    """Whether the text in the working tree differs from HEAD."""
    is_foreign: bool = False
    """Whether the file exists, but outside of the stack's repository."""


class DocsPage(Struct, frozen=True, kw_only=True):
    """The state of one page, and the reasons."""

    state: PageState
    updated: datetime | None = None
    reasons: tuple[str, ...] = ()
    names_fingerprint: bool = False
    """Whether its line names the whole fingerprint, which includes image and environment."""
    is_lost: bool = False
    """Whether the page had prose once, and now has none or does not exist."""

    def holds(self, doc_on: Iterable[str] = ()) -> bool:
        """Whether the page exists and is not behind.

        The repository does not show a change of the parts `doc_on`, so if there are such parts,
        the page's line has to name the whole fingerprint.
        """
        stands = self.state == "current" and self.updated is not None
        return stands and (self.names_fingerprint or not tuple(doc_on))


def judge_page(
    facts: PageFacts,
    *,
    fingerprint: str | None,
    repo_fingerprint: str | None,
    older: Callable[[], Collection[str]] = tuple,
) -> DocsPage | Unknown:
    """The state of the page; Unknown only if git cannot tell and no line acknowledges the service.

    `older` are the fingerprints as older versions compute them; the page may name one of them.
    """
    reasons: tuple[str, ...]
    hints = ("doc_uncommitted",) if facts.uncommitted else ()
    digest = acknowledged(facts.text or "")
    state: PageState
    if facts.text is None:
        state, reasons = "missing", ("doc:in another repository",) if facts.is_foreign else ()
    elif not _prose(facts.text):
        state, reasons = "empty", ("doc:empty",)
    elif _is_template(facts.text, facts.templates):
        state, reasons = "template", ("doc:template",)
    elif digest is not None:
        holds = digest in (fingerprint, repo_fingerprint) or digest in older()
        state, reasons = ("current", ()) if holds else ("behind", (f"doc:acknowledges {digest}",))
    elif isinstance(facts.follows_change, Unknown):
        return facts.follows_change
    else:
        state, reasons = ("current", ()) if facts.follows_change else ("behind", ("doc:behind",))
    return DocsPage(
        state=state,
        updated=facts.updated,
        reasons=(*reasons, *hints),
        names_fingerprint=digest is not None and digest == fingerprint,
        is_lost=state in ("missing", "empty", "template") and _said_something(facts),
    )


def acknowledged(text: str) -> str | None:
    """The 16 hex digits in the page's fingerprint line, or None (`TBD`, no line)."""
    match = _LINE.search(text)
    value = match["value"].strip().strip("`") if match else ""
    return value if re.fullmatch(r"[0-9a-f]{16}", value) else None


def acknowledge(text: str, fingerprint: str) -> str:
    """The page with `fingerprint` in its fingerprint line; a missing line is added."""
    match = _LINE.search(text)
    if match:
        quote = "`" if match["value"].strip().startswith("`") else ""
        before, after = text[: match.start("value")], text[match.end("value") :]
        return f"{before} {quote}{fingerprint}{quote}{after}"
    newline = "\r\n" if "\r\n" in text else "\n"
    body = text if not text or text.endswith("\n") else text + newline
    return f"{body}{newline}{FIELD} {fingerprint}{newline}"


def unacknowledged(text: str) -> str:
    """The page without its fingerprint line, equal to the page before the line was added.

    The fingerprint of a service that serves the page uses this text: the line names that
    fingerprint, so it cannot be a part of it.
    """
    match = _LINE.search(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    if match is None:
        plain = text if text.endswith("\n") else text + newline
    else:
        before = text[: match.start()]
        after = text[match.end() :].removeprefix("\r").removeprefix("\n")
        is_added = not after and before.endswith(newline * 2)
        plain = (before.removesuffix(newline) if is_added else before) + after
    return plain if plain.strip("\r\n") else ""


# Private

_LINE = re.compile(
    r"^[ \t]*(?:[-*][ \t]+)?\*\*Last change fingerprint:?\*\*:?(?P<value>[^\r\n]*)(?=\r?$)",
    re.MULTILINE,
)
_NOT_PROSE = re.compile(
    r"""^\s*(?:
        \#.*                                    # a heading
      | [-*]?\s*\*\*[^*]+:?\*\*:?\s*\S*\s*      # a field with at most one word
      | [-*+|>=\s:]*                            # rules, empty items, table frames
      | [-*+]?\s*(?:TODO|TBD|FIXME|\.\.\.|…)\W* # a promise
    )$""",
    re.VERBOSE | re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n.*?\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_UNDERLINED = re.compile(r"^[^\r\n]*\S[^\r\n]*\r?\n[ \t]*=+[ \t]*\r?$", re.MULTILINE)
"""A heading with a line of `=` below it."""


def _prose(text: str) -> list[str]:
    """The lines of prose: without headings, empty fields, comments and placeholders."""
    body = _UNDERLINED.sub("", _COMMENT.sub("", _FRONT_MATTER.sub("", text.lstrip("\ufeff"))))
    return [line.strip() for line in body.splitlines() if not _NOT_PROSE.match(line)]


def _is_template(text: str, templates: Iterable[str]) -> bool:
    """Whether one of the templates contains all prose lines of the page."""
    lines = [line.casefold() for line in _prose(text)]
    known = ({line.casefold() for line in _prose(template)} for template in templates)
    return any(prose and prose.issuperset(lines) for prose in known)


def _said_something(facts: PageFacts) -> bool:
    return any(_prose(text) and not _is_template(text, facts.templates) for text in facts.former)
