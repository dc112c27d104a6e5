"""Secrets in command lines: arguments of known programs, and values of options like `--token`.

mysql -pSECRET     redis-cli -a X     curl -uapp:SECRET     mongosh -p X     sqlcmd -P X
--token SECRET     echo app:SECRET | chpasswd     rabbitmqctl authenticate_user app SECRET
"""

import re
from collections.abc import Iterator

from stacktest.core.secret_names import is_secret_name


def secrets_in_shell(text: str) -> Iterator[str]:
    """Secrets that follow options and subcommands of known programs in a shell command line."""
    for pattern in _COMMANDS:
        yield from (match["value"].strip("'\"") for match in pattern.finditer(text))
    for match in _OPTION.finditer(text):
        if is_secret_name(match["name"]):
            yield match["value"].strip("'\"")


# Private

_VALUE = r"(?P<value>\"[^\"\n]+\"|'[^'\n]+'|[^\s|;&'\"-][^\s|;&'\"]*)"
_REST = r"[^|;&\n]{0,400}?\s"
_USER = "(?:-[uUaA]|--user|--proxy-user|--auth)"
_LOGIN = r"(?:docker|podman)\s+login"
_COMMANDS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:mysql|mariadb)[\w-]*\b{_REST}-p{_VALUE}",
        rf"\b(?:redis|valkey|keydb)-cli\b{_REST}-a\s+{_VALUE}",
        rf"\bsshpass\s+-p\s*{_VALUE}",
        (
            rf"\b(?:curl|wget|https?|ab|etcdctl)\b{_REST}{_USER}[\s=]*[\"']?"
            r"[^\s:\"'=]*:(?P<value>[^\s\"'|;&]+)"
        ),
        r"\bcurl\b[^|;&\n]{0,400}?\s(?:-b|--cookie)[\s=]*[\"']?[^\s=\"']+=(?P<value>[^\s\"'|;&]+)",
        rf"\bldap\w+\b{_REST}-w\s+{_VALUE}",
        rf"\b(?:mongo(?:sh|dump|restore)?|cqlsh|cypher-shell|{_LOGIN})\b{_REST}-p[\s=]+{_VALUE}",
        rf"\b(?:mosquitto_\w+|sqlcmd|bcp)\b{_REST}-P\s*{_VALUE}",
        rf"\bsnmp\w+\b{_REST}-c\s+{_VALUE}",
        r"\bsmbclient\b[^|;&\n]{0,400}?\s-U\s+[^\s%]+%(?P<value>[^\s|;&]+)",
        rf"\brabbitmqctl\s+(?:authenticate_user|change_password|add_user)\s+\S+\s+{_VALUE}",
        rf"\bmc\s+(?:alias\s+set|config\s+host\s+add)\s+\S+\s+\S+\s+\S+\s+{_VALUE}",
        rf"\bvault\s+login\s+{_VALUE}",
        rf"\bhtpasswd\s+-\w*b\w*\s+(?:\S+\s+)?\S+\s+{_VALUE}",
        r"\becho\s+[\"']?[\w.-]+:(?P<value>[^\s\"'|;&]+)[\"']?\s*\|\s*chpasswd",
        r"\bsqlplus\s+(?:-\w+\s+)*[\w.-]+/(?P<value>[^\s@|;&]+)@",
        # A user in the configuration of Redis.
        r"\buser\s+[\w.-]+\s[^|;&\n]{0,400}?>(?P<value>[^\s|;&\"']+)",
    )
)
_OPTION = re.compile(rf"(?<!\S)--?(?P<name>[A-Za-z][\w-]+)[ \t]+{_VALUE}")
