"""Whether a service's page is behind the service.

A page is current when it exists at HEAD, says something, and either

1. the commit of its last real change (white space does not count) is the commit that last changed
   the service's repository fingerprint, or one of that commit's descendants: ancestry, never dates;
2. or its line `**Last change fingerprint:** <16 hex>` names the service's fingerprint or repository
   fingerprint: somebody looked and says that it still holds. A line that names another one speaks
   against the page, whatever the commits say.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stacktest.core.unknown import Unknown

PageState = Literal["missing", "empty", "template", "behind", "current"]

FIELD = "**Last change fingerprint:**"


@dataclass(frozen=True, kw_only=True, slots=True)
class PageFacts:
    """What git says about one page."""

    text: str | None
    """The page at HEAD; None: there is none."""
    template: str = ""
    """The text that new pages start from, at HEAD."""
    updated: datetime | None = None
    """Committer date of its last change that is more than white space."""
    follows_change: bool | Unknown = False
    """Its last real change is, or descends from, the last change of the service."""
    uncommitted: bool = False
    """The working tree holds another text than HEAD."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocsPage:
    """What is to be said about one page."""

    state: PageState
    updated: datetime | None = None
    reasons: tuple[str, ...] = ()
    names_fingerprint: bool = False
    """Its line names the service's whole fingerprint, which image and environment are part of."""

    def holds(self, doc_on: Iterable[str] = ()) -> bool:
        """The page stands and is not behind.

        The repository does not show a change of the parts `doc_on`, so where they count, only a
        line that names the whole fingerprint will do.
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
    """Whether the page is current; Unknown only where git could not say and nobody acknowledged.

    `older` are the fingerprints as older versions would have made them; the page may name one.
    """
    reasons: tuple[str, ...]
    hints = ("doc_uncommitted",) if facts.uncommitted else ()
    digest = acknowledged(facts.text or "")
    state: PageState
    if facts.text is None:
        state, reasons = "missing", ()
    elif not _prose(facts.text):
        state, reasons = "empty", ("doc:empty",)
    elif _is_template(facts.text, facts.template):
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
    )


def acknowledged(text: str) -> str | None:
    """The 16 hex digits that the page's fingerprint line names, or None (`TBD`, no line)."""
    match = _LINE.search(text)
    value = match["value"].strip().strip("`") if match else ""
    return value if re.fullmatch(r"[0-9a-f]{16}", value) else None


def acknowledge(text: str, fingerprint: str) -> str:
    """The page with its fingerprint line saying `fingerprint`; the line is added where missing."""
    match = _LINE.search(text)
    if match:
        quote = "`" if match["value"].strip().startswith("`") else ""
        before, after = text[: match.start("value")], text[match.end("value") :]
        return f"{before} {quote}{fingerprint}{quote}{after}"
    newline = "\r\n" if "\r\n" in text else "\n"
    body = text if not text or text.endswith("\n") else text + newline
    return f"{body}{newline}{FIELD} {fingerprint}{newline}"


def unacknowledged(text: str) -> str:
    """The page without its fingerprint line: the same whatever it names, and before it was there.

    What serves the page is made of this, so that the line can name what the page is a part of.
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
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FRONT_MATTER = re.compile(r"\A---\r?\n.*?\r?\n---\r?\n", re.DOTALL)


def _prose(text: str) -> list[str]:
    """The lines that say something; headings, empty fields, comments and promises do not."""
    body = _COMMENT.sub("", _FRONT_MATTER.sub("", text))
    return [line.strip() for line in body.splitlines() if not _NOT_PROSE.match(line)]


def _is_template(text: str, template: str) -> bool:
    """Whether everything that the page says stands in the template already."""
    if not template.strip():
        return False
    known = set(_prose(template))
    return all(line in known for line in _prose(text))
