r"""Parses log lines of front doors about an upstream that they could not reach.

| kind          | nginx                         | Caddy, Traefik               | HAProxy           |
|---------------|-------------------------------|------------------------------|-------------------|
| `refused`     | connect() failed (111: …      | … connect: connection refused| Layer4 … refused  |
| `unknown`     | host not found in upstream    | lookup NAME …: no such host  | could not resolve |
| `unreachable` | (113: …), upstream timed out  | no route to host, i/o timeout| Layer4 timeout    |
| `speaks_tls`  | no valid HTTP/1.0 header      | malformed … "\x15\x03…       |                   |
| `plain`       | wrong version number          | first record does not look … | Layer6 invalid    |
| `untrusted`   | certificate verify error      | x509: …                      |                   |
"""

import re
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from stacktest.core.numbers import whole_number

Kind = Literal["refused", "unknown", "unreachable", "speaks_tls", "plain", "untrusted"]


class Complaint(Struct, frozen=True, kw_only=True):
    """One log line of a front door about one upstream."""

    kind: Kind
    line: str
    upstream: str = ""
    """The name or address that it connected to, without the port; empty: not in the line."""
    port: int | None = None
    host: str = ""
    """The host name of the request; empty: not in the line."""


def complaints(lines: Iterable[str]) -> tuple[Complaint, ...]:
    """Every complaint among the lines of a log, in their order."""
    return tuple(complaint for line in lines if (complaint := read_complaint(line)) is not None)


def read_complaint(line: str) -> Complaint | None:
    """The complaint in a log line; None if no known pattern matches."""
    for kind, pattern in _KINDS:
        if re.search(pattern, line):
            upstream, port = _upstream(line)
            return Complaint(kind=kind, line=line, upstream=upstream, port=port, host=_host(line))
    return None


# Private

_CONNECTING = r"[^)]*\) while connecting to upstream"
_KINDS: tuple[tuple[Kind, str], ...] = (
    # nginx
    ("unknown", r"host not found in upstream|could not be resolved"),
    ("refused", rf"connect\(\) failed \(111: {_CONNECTING}"),
    ("unreachable", rf"connect\(\) failed \(11[0-9]: {_CONNECTING}"),
    ("unreachable", rf"upstream timed out \(110: {_CONNECTING}"),
    ("plain", r"SSL_do_handshake\(\) failed .*(?:wrong version number|packet length too long)"),
    ("speaks_tls", r"upstream sent (?:no valid HTTP/1\.0 header|invalid header)"),
    ("untrusted", r"upstream SSL certificate (?:verify error|does not match)"),
    # Caddy, Traefik
    ("unknown", r"lookup \S+?(?: on \S+)?: (?:no such host|server misbehaving)"),
    ("refused", r"dial tcp \S+: connect: connection refused"),
    ("unreachable", r"dial tcp \S+: (?:connect: (?:no route to host|network is u)|i/o timeout)"),
    ("plain", r"first record does not look like a TLS handshake"),
    ("plain", r"server gave HTTP response to HTTPS client"),
    ("speaks_tls", r'malformed HTTP response \\*"\\*x15\\*x03'),
    ("untrusted", r"x509: |tls: failed to verify certificate"),
    # HAProxy
    ("unknown", r"could not resolve address"),
    ("refused", r'Layer4 connection problem, info: "[^"]*refused'),
    ("unreachable", r"Layer4 timeout"),
    ("plain", r"Layer6 invalid response.*SSL handshake failure"),
)
_NAME = r"(?P<name>\[[^\]]+\]|[^/:\s\"']+)(?::(?P<port>\d+))?"
_UPSTREAMS = (
    rf'upstream: "(?:https?|fastcgi|grpcs?|uwsgi)://{_NAME}',
    rf"dial tcp {_NAME}",
    rf'host not found in upstream "{_NAME}',
    r"lookup (?P<name>[^\s:]+)(?P<port>)",
    r"(?P<name>[\w.-]+) could not be resolved(?P<port>)",
    r"could not resolve address '(?P<name>[^']+)(?P<port>)'",
)
_HOSTS = (r' host: "(?P<host>[^":]+)', r'"host": ?"(?P<host>[^":]+)')


def _upstream(line: str) -> tuple[str, int | None]:
    """Name and port; a failed lookup also has `dial tcp`, but without an address."""
    for pattern in _UPSTREAMS:
        match = re.search(pattern, line)
        if match and match["name"] != "lookup":
            return match["name"].strip("[]"), whole_number(match["port"] or "")
    return "", None


def _host(line: str) -> str:
    matches = (re.search(pattern, line) for pattern in _HOSTS)
    return next((match["host"] for match in matches if match), "").lower()
