"""Takes secrets out of a text: the last step of every report before it is written.

A secret may have been quoted on its way into a report, so each is looked for as it is and as HTML,
JSON and URLs write it. Values shorter than four characters are left alone: taking every `1` out of
a report would hide everything else and no secret.
"""

import html
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

SHORTEST = 4
MASK = "[redacted]"


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` without any of `secrets`, in any of the ways that reports quote."""
    spellings = {spelled for secret in secrets for spelled in _spellings(secret)}
    for spelled in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelled, MASK)
    return text


# Private


def _spellings(secret: str) -> Iterable[str]:
    if len(secret) < SHORTEST:
        return
    yield secret
    yield html.escape(secret)
    yield html.escape(secret).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    for ascii_only in (True, False):
        yield json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
    yield quote(secret, safe="")
    yield quote_plus(secret)
    for line in secret.splitlines():
        # A key in several lines is shown line by line, indented or cut.
        if len(line) >= _LONG_LINE:
            yield line


_LONG_LINE = 16
