"""Checks derived from several answers to the same request, the most specific first.

    a value in a JSON document   a word, but no number, version or random text
    the title of a page          up to the first number in it
    the name in a page's meta    `generator`, `application-name` and `og:site_name`
    a short text                 the whole of it; of a long one, after headers, its beginning
    a header of the program      its name; the realm of a sign-in
    keys of a JSON document      if they look like names, not like data
    headings, fields of a form   as they are written

A text that may change while the program stays the same does not become a check: each candidate
holds for all of the answers, without numbers, versions, dates, random texts and secrets.
"""

import html
import re
from collections.abc import Collection, Iterator, Sequence

from stacktest.core.json_data import Json
from stacktest.core.secret_names import is_secret_name
from stacktest.init.look.answer import TITLE, RecordedAnswer
from stacktest.init.look.checks import Check, Contains, Header, Keys, Member, Whole

_VOLATILE = re.compile(
    r"\bv?\d+(?:[._-]\d+)*\w*\b"  # numbers, versions, dates
    r"|\b[0-9a-f]{8,}\b"  # digests and identifiers
    r"|\b(?=\w*\d)(?=\w*[A-Za-z])\w{16,}\b",  # random texts
    re.IGNORECASE,
)
_LONGEST = 100
_FEWEST_LETTERS = 3


def candidates(answers: Sequence[RecordedAnswer], secrets: Collection[str] = ()) -> list[Check]:
    """Checks that hold for all of these answers, the most specific first, without duplicates."""
    suggestions = dict.fromkeys(_suggestions(answers[0]))
    return [
        check
        for check in suggestions
        if all(check.holds(answer) for answer in answers)
        and not any(secret in check.line for secret in secrets)
    ]


def is_volatile(text: str) -> bool:
    """Whether the text contains a number, a version, a date, or a random-looking word."""
    return _VOLATILE.search(text) is not None


def stable_start(text: str) -> str:
    """The text before its first volatile part; empty if too few letters are left."""
    match = _VOLATILE.search(text)
    start = text if match is None else text[: match.start()].rstrip("([{ -|:·v")
    return start if len(re.findall(r"[^\W\d_]", start)) >= _FEWEST_LETTERS else ""


# Private


def _suggestions(answer: RecordedAnswer) -> Iterator[Check]:
    if answer.document is not None:
        yield from _values(answer.document)
    if answer.is_page:
        yield from _titles(answer.text)
        yield from _pieces(_NAMES, answer.text)
    yield from _short_text(answer)
    yield from _headers(answer)
    yield from _beginning(answer)
    if answer.document is not None:
        yield from _keys(answer.document)
    if answer.is_page:
        yield from _pieces(_PARTS, answer.text)


# JSON

_MOST_KEYS = 16
_DEEPEST = 3
_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{1,39}")
_MOMENTARY = re.compile(
    r"time|date|uptime|version|commit|hash|build|nonce|session|host|node|address|url|\bid\b|uuid"
    r"|count|total|size|user|load|memory",
    re.IGNORECASE,
)
"""Keys whose values depend on the time, the machine or the release."""


def _values(document: Json) -> Iterator[Member]:
    members = [
        Member(path, value)
        for path, value in _leaves(document)
        if _is_lasting(path) and (isinstance(value, bool) or _is_word(value))
    ]
    # Texts before booleans: many programs have a key whose value is true.
    yield from sorted(members, key=lambda member: isinstance(member.value, bool))


def _leaves(node: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    if isinstance(node, dict) and len(path) < _DEEPEST and len(node) <= _MOST_KEYS:
        for key, value in node.items():
            yield from _leaves(value, (*path, key))
    elif path and isinstance(node, str | bool):
        yield path, node


def _is_lasting(path: tuple[str, ...]) -> bool:
    return all(
        _NAME.fullmatch(key) and not is_secret_name(key) and not _MOMENTARY.search(key)
        for key in path
    )


def _is_word(value: str) -> bool:
    is_short = 1 < len(value) <= _LONGEST
    return is_short and value.isprintable() and not is_volatile(value)


def _keys(document: Json) -> Iterator[Keys]:
    names = [key for key in document if _NAME.fullmatch(key) and not is_secret_name(key)]
    if len(document) <= _MOST_KEYS and len(names) > 1:
        yield Keys(tuple(names))


# Pages

_ATTRIBUTES = r"(?:\s+[\w:-]+=(?:\"[^\"<>]*\"|'[^'<>]*'))*\s*/?>"
_NAMES = (
    re.compile(
        r"<meta\s+(?:name|property)=[\"'](?:generator|application-name|apple-mobile-web-app-title"
        rf"|og:site_name)[\"']{_ATTRIBUTES}",
        re.IGNORECASE,
    ),
)
_PARTS = (
    re.compile(r"<h1[^<>]*>[^<>]+</h1>", re.IGNORECASE),
    re.compile(r"<(?:form|input)\s[^<>]*\bname=[\"']?[\w.-]+", re.IGNORECASE),
    re.compile(r"<link\s[^<>]*\bhref=[\"'][^\"'<>?#]+", re.IGNORECASE),
    re.compile(r"<script\s[^<>]*\bsrc=[\"'][^\"'<>?#]+", re.IGNORECASE),
    re.compile(r"<(?:div|body|main|html)\s[^<>]*\b(?:id|class)=[\"'][^\"'<>]+[\"']", re.IGNORECASE),
    re.compile(r"<h[23][^<>]*>[^<>]+</h[23]>", re.IGNORECASE),
)


def _titles(text: str) -> Iterator[Contains]:
    match = TITLE.search(text)
    if match is None:
        return
    element, inner = match[0], match[1].strip()
    start = stable_start(html.unescape(inner)) and stable_start(inner)
    if not start:
        return
    if start == inner and "\n" not in element and len(element) <= _LONGEST:
        yield Contains(element)
    elif "\n" not in start:
        yield Contains(start[:_LONGEST])


def _pieces(patterns: Sequence[re.Pattern[str]], text: str) -> Iterator[Contains]:
    for pattern in patterns:
        for match in pattern.finditer(text):
            piece = stable_start(match[0])
            if piece and piece.isprintable() and _FEWEST_SIGNS <= len(piece) <= 2 * _LONGEST:
                yield Contains(piece)


_FEWEST_SIGNS = 12


# Texts and headers

_LONGEST_TEXT = 80
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_COMMON_HEADERS = frozenset(
    {
        *(
            "accept-ranges",
            "age",
            "allow",
            "alt-svc",
            "cache-control",
            "connection",
            "date",
            "etag",
        ),
        *(
            "content-disposition",
            "content-encoding",
            "content-language",
            "content-length",
            "server",
        ),
        *("content-location", "content-security-policy", "content-type", "expires", "keep-alive"),
        *("last-modified", "link", "location", "pragma", "referrer-policy", "set-cookie", "status"),
        *("strict-transport-security", "transfer-encoding", "upgrade", "vary", "via", "warning"),
        *("www-authenticate", "x-content-type-options", "x-dns-prefetch-control", "x-powered-by"),
        *("x-download-options", "x-frame-options", "x-permitted-cross-domain-policies", "nel"),
        *("x-request-id", "x-robots-tag", "x-ua-compatible", "x-xss-protection", "report-to"),
        *("cross-origin-opener-policy", "cross-origin-resource-policy", "origin-agent-cluster"),
        *("cross-origin-embedder-policy", "feature-policy", "permissions-policy", "x-cache"),
        *("x-response-time", "x-runtime", "x-correlation-id", "x-trace-id", "retry-after"),
    }
)
"""Headers that many programs send, or that a front door adds or removes."""


def _short_text(answer: RecordedAnswer) -> Iterator[Whole]:
    text = answer.text
    is_text = not answer.is_page and answer.document is None
    is_short = len(text) <= _LONGEST_TEXT and text != "" and stable_start(text) == text
    if is_text and is_short and text.replace("\n", "").isprintable():
        yield Whole(text)


def _beginning(answer: RecordedAnswer) -> Iterator[Contains]:
    """The beginning of the first line of a text that is too long to be compared as a whole."""
    start = stable_start(answer.text.partition("\n")[0])[:_LONGEST_TEXT]
    is_text = not answer.is_page and answer.document is None and len(answer.text) > _LONGEST_TEXT
    if is_text and len(start) >= _FEWEST_SIGNS and start.isprintable():
        yield Contains(start)


def _headers(answer: RecordedAnswer) -> Iterator[Header]:
    realm = re.search(r'realm="[^"]+"', answer.headers.get("www-authenticate", ""), re.IGNORECASE)
    if realm and not is_volatile(realm[0]):
        yield Header("www-authenticate", realm[0])
    target = stable_start(answer.headers.get("location", "").partition("?")[0])
    if target and answer.status in _REDIRECTS:
        yield Header("location", target)
    # A front door may put its own name before the program's.
    server = answer.headers.get("server", "").rpartition(", ")[2].partition("/")[0]
    server = stable_start(server)
    if server:
        yield Header("server", server)
    for name in sorted(answer.headers):
        is_own = "-" in name and name not in _COMMON_HEADERS
        is_own = is_own and not name.startswith("access-control-")
        if is_own and not is_volatile(name) and not is_secret_name(name):
            yield Header(name)
