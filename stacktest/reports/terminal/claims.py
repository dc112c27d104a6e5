"""Every claim with its result, as lines of text or as Markdown.

A1   true        GET /health says its version        README.md
A8   false       429 after 100 requests              FEATURES.md   known, until 2027-03-31
A21  no test     certificates are renewed            DEPLOYMENT.md needs a public name

claims: 3, of which 1 true, 1 false, 1 no test
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from stacktest.core.claims import WORDS, JudgedClaim
from stacktest.core.json_data import Json
from stacktest.reports.markup import cell

LONGEST = 60
"""The largest number of characters of a claim's text in the terminal."""


def claim_lines(claims: Sequence[JudgedClaim]) -> Iterator[str]:
    """A line per claim, then the totals."""
    rows = [
        (item.claim.id, item.word, _short(item.claim.text), item.claim.source) for item in claims
    ]
    widths = [max((len(row[place]) for row in rows), default=0) for place in range(4)]
    for item, row in zip(claims, rows, strict=True):
        columns = "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True))
        yield f"{columns}  {_remark(item)}".rstrip()
    if claims:
        yield ""
    yield total_line(claims)


def total_line(claims: Sequence[JudgedClaim]) -> str:
    """`claims: 120, of which 61 true, 55 false, 4 no test`."""
    counts = Counter(item.word for item in claims)
    parts = ", ".join(f"{counts[word]} {word}" for word in WORDS if counts[word])
    return f"claims: {len(claims)}" + (f", of which {parts}" if parts else "")


def claim_table(claims: Sequence[JudgedClaim]) -> Iterator[str]:
    """The claims as a Markdown table."""
    yield "| claim | text | source | result | run | on |"
    yield "|---|---|---|---|---|---|"
    for item in claims:
        remark = _remark(item)
        result = f"{item.word}; {remark}" if remark else item.word
        prints = ", ".join(
            f"{name} {digest or 'not known'}" for name, digest in sorted(item.fingerprints.items())
        )
        texts = (item.claim.id, item.claim.text, item.claim.source, result, item.run, prints)
        yield f"| {' | '.join(map(cell, texts))} |"
    yield ""
    yield total_line(claims)


def claim_document(claims: Sequence[JudgedClaim]) -> Json:
    """The claims as a JSON document."""
    counts = Counter(item.word for item in claims)
    return {
        "claims": [item.as_json() for item in claims],
        "totals": {word: counts[word] for word in WORDS},
    }


# Private


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _remark(item: JudgedClaim) -> str:
    if item.note:
        return item.note
    if item.word == "false" and not item.claim.holds:
        return f"known, until {item.claim.until}" if item.claim.until else "known"
    if item.word == "true" and not item.claim.holds:
        return "take `holds=False` away"
    return ""
