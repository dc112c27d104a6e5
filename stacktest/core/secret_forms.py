"""Secrets that are recognized by their form alone: tokens, password hashes, private keys.

eyJ….eyJ….…   ghp_…  glpat-…  sk-…  xoxb-…  hvs.…  AKIA…      tokens of well-known issuers
$2b$14$…   $apr1$…   $6$…   $argon2id$…   {SSHA}…              hashes, as htpasswd writes them
-----BEGIN … PRIVATE KEY-----                                  the text after it, up to its end
https://hooks.slack.com/services/…                             URLs that are a key themselves
"""

import re
from collections.abc import Iterator

MASK = "[redacted]"


def tokens_in(text: str) -> Iterator[str]:
    """Every part of the text that has the form of a secret."""
    if _HINT.search(text):
        yield from (match["key"] or match[0] for match in _FORM.finditer(text))


def without_tokens(text: str) -> str:
    """The text with these parts masked; the `BEGIN … PRIVATE KEY` line stays."""
    if not _HINT.search(text):
        return text
    return _FORM.sub(lambda match: match[0].removesuffix(match["key"] or match[0]) + MASK, text)


# Private

_FORMS = (
    r"\beyJ[\w-]{8,}\.eyJ[\w-]{4,}\.[\w-]*",
    r"\b(?:gh[opsu]|github_pat|glpat|xox[abprs]|sk|pk|hv[sbr])[_.-][\w-]{16,}",
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}",
    r"\$(?:apr1|1|5|6|7|y)\$[./A-Za-z0-9=$-]{20,200}",
    r"\$argon2(?:id?|d)\$v=\d+\$[\w=,]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+",
    r"\{S?SHA(?:256|512)?\}[A-Za-z0-9+/]{20,}={0,2}",
    r"(?<=\{PLAIN\})[^\s:]+",
    # Up to the end of the key, or to where the text was truncated.
    r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----(?P<key>(?:(?!-----).){20,8000})",
    r"(?<=https://hooks\.slack\.com/services/)[\w/-]{20,}",
    r"(?<=api/webhooks/)\d{10,}/[\w-]{30,}",
    r"(?<=https://api\.telegram\.org/bot)\d+:[\w-]{20,}",
    r"(?<=https://hc-ping\.com/)[\w-]{20,}",
)
_FORM = re.compile("|".join(_FORMS), re.DOTALL)
_HINT = re.compile(
    r"eyJ|gh[opsu]_|github_pat|glpat|xox|[sp]k[_.-]|hv[sbr][_.-]|AKIA|\$2|\$apr1|\$[1567y]\$"
    r"|argon2|SHA|PLAIN|PRIVATE KEY|hooks\.slack|webhooks/|telegram|hc-ping"
)
