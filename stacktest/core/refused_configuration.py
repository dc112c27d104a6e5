"""The log line by which a program refuses its own configuration, or its arguments.

Such a program ends at every start until a person edits a file. Only messages that depend on nothing
but that text count: a name that does not resolve, a certificate or an included file that is not
there may come later, and a program whose log mentions one of these is waited for.
"""

import re
from collections.abc import Iterable


def refused_configuration(lines: Iterable[str]) -> str:
    """The message, without what is before it in its line; empty if the lines have none."""
    texts = tuple(lines)
    if any(_OUTSIDE.search(text) for text in texts):
        return ""
    matches = (_REFUSAL.search(text) for text in texts)
    return next((match[0].strip() for match in matches if match), "")


# Private

_MESSAGES = (
    # nginx
    (
        r"\[emerg\] .*(?:unknown directive|unexpected \"|unexpected end of file"
        r"|is not terminated by|has no opening \"\{\"|directive is not allowed here"
        r"|invalid number of arguments|directive is duplicate|directive invalid value"
        r"|invalid parameter|duplicate location|unknown \"\w+\" variable).* in /\S+:\d+"
    ),
    # Caddy
    r"Error: adapting config using \w+: .+",
    r"Error: loading initial config: .*(?:unknown module|module not registered): .+",
    # HAProxy
    r"config : parsing \[\S+:\d+\] ?: .*unknown keyword .+",
    # Traefik
    r"command traefik error: (?:failed to decode|field not found).+",
    # Apache
    r"Invalid command '.+",
    # Redis, Mosquitto, PostgreSQL, MariaDB
    r"Bad directive or wrong number of arguments",
    r"Error: Unknown configuration variable .+",
    r"FATAL: +unrecognized configuration parameter .+",
    r"\[ERROR\] .*\b(?:mysqld|mariadbd): unknown (?:variable|option) .+",
    # Prometheus, Alertmanager, Loki, Grafana's agents: their readers of YAML and of arguments
    r"(?:Error loading config|Loading configuration file failed|failed parsing config).*yaml: .+",
    r"^\S+: error: unknown (?:long|short) flag .+",
    r"^flag provided but not defined: .+",
)
_REFUSAL = re.compile("|".join(f"(?:{message})" for message in _MESSAGES))
_OUTSIDE = re.compile(
    r"\bno such file|\bnot found\b(?!,? node:)(?! in type)|\bno such host|\bresolv|\brefused\b"
    r"|\btimed? ?out\b|\bunreachable|\bunavailable|\bpermission denied|\baddress already in use",
    re.IGNORECASE,
)
