"""The log line most likely to name the cause: the last fatal one, else the last error or line."""

import re
from collections.abc import Iterable

LONGEST = 160


def error_line(lines: Iterable[str]) -> str:
    """That line without its time, shortened; empty if there is none."""
    texts = [bare for line in lines if (bare := _bare(line))]
    return named_error(texts) or (_short(texts[-1]) if texts else "")


def named_error(lines: Iterable[str]) -> str:
    """The last fatal line, else the last error, without its time; empty if there is neither."""
    texts = [bare for line in lines if (bare := _bare(line))]
    for pattern in (_FATAL, _ERROR):
        matches = [text for text in texts if pattern.search(text) and not _EMPTY.search(text)]
        if matches:
            return _short(matches[-1])
    return ""


# Private

_FATAL = re.compile(r"\bfatal\b|\bpanic\b|\bemerg\b|\bcritical\b|\bcrit\b", re.IGNORECASE)
_ERROR = re.compile(
    r"\berror\b|^[\w.]*(?:Error|Exception)\b|\bcannot\b|\bcan't\b|\bdenied\b|\brefused\b"
    r"|\bfailed\b|\bno such file\b|not found\b",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"\baborting\b|shutting down|\bexiting\b|\bsee the log|stack trace|^\s+at |^Traceback"
    r"|^\*\*\* FATAL CONFIG FILE ERROR",
    re.IGNORECASE,
)
_PREFIXES = (
    re.compile(
        r"^\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d[.,]?\d*(?:Z| ?[+-]\d\d:?\d\d| UTC)?\]?\s*"
    ),
    re.compile(r"^\d+:[A-Z] \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d+ [#*.-] "),
    re.compile(r"^\[\d+\]\s*"),
)


def _bare(line: str) -> str:
    text = line.strip()
    for prefix in _PREFIXES:
        text = prefix.sub("", text)
    return " ".join(text.split())


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
