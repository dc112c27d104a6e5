"""Diagnoses a service whose password another one refuses; which of both is right is not known.

It is decided by the client's log. The server is the dependency that the log line names, or else
the only one whose own log has a refusal, or else the only dependency.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis, in_turn
from stacktest.core.diagnosis.error_line import error_line
from stacktest.core.diagnosis.facts import Facts, ServiceFacts
from stacktest.core.secret_names import is_secret_name


def diagnose_service(facts: Facts, service: ServiceFacts, lines: Iterable[str]) -> Diagnosis | None:
    """Diagnoses the last line that reports a refused password; None if the server is not known."""
    refusals = [line for line in lines if _REFUSED.search(line)]
    if not refusals:
        return None
    name, words = service.name, error_line(refusals[-1:])
    server = _server(facts, service, refusals[-1])
    if server is None:
        return None
    pair = _passwords_of(facts, client=name, server=server)
    before, command = _cure(facts, client=name, server=server, pair=pair)
    return Diagnosis(
        service=name,
        sentence=f"{server} refuses the password of {name}{_difference(server, pair)}: {words}",
        before=before,
        command=command,
        witness=name,
    )


# Private

_REFUSED = re.compile(
    r"password authentication failed|access denied for user|WRONGPASS|\bNOAUTH\b"
    r"|invalid username-password pair|SASL authentication failed|invalid password"
    r"|ERR AUTH|authentication failed",
    re.IGNORECASE,
)


def _server(facts: Facts, service: ServiceFacts, line: str) -> str | None:
    names = [n for n in facts.stack.services[service.name].dependencies if n in facts.services]
    named = [name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", line)]
    refusing = [n for n in names if any(map(_REFUSED.search, facts.services[n].log))]
    for candidates in (named, refusing, names):
        if len(candidates) == 1:
            return candidates[0]
    return None


class _Pair(Struct, frozen=True, kw_only=True):
    """The only password variable of client and of server, and whether their values are equal."""

    own: str
    other: str
    is_same: bool


def _passwords_of(facts: Facts, *, client: str, server: str) -> _Pair | None:
    """The password variables of both services; None unless each has exactly one."""
    services = facts.stack.services
    ours = dict(_passwords(services[client].environment))
    theirs = dict(_passwords(services[server].environment))
    if len(ours) != 1 or len(theirs) != 1:
        return None
    (own, password), (other, right) = *ours.items(), *theirs.items()
    return _Pair(own=own, other=other, is_same=password == right)


def _difference(server: str, pair: _Pair | None) -> str:
    if pair is None:
        return ""
    if not pair.is_same:
        return f" (its {pair.own} is not {pair.other} of {server})"
    return (
        f" (its {pair.own} is {pair.other} of {server}, which may keep the one of its first start)"
    )


def _cure(facts: Facts, *, client: str, server: str, pair: _Pair | None) -> tuple[str, str]:
    """What a person has to do, and the command after it."""
    up = compose_command(facts.stack, "up", "-d", services=[server, client])
    if pair is None or not pair.is_same:
        return "write the same password for both", up
    if pair.other != "POSTGRES_PASSWORD":
        return f"give {server} and {client} the password of its first start again", up
    set_again = compose_command(facts.stack, "exec", "-T", server, "sh", "-c", _SET_AGAIN)
    return "", in_turn(set_again, up)


_SET_AGAIN = (
    """echo "ALTER ROLE :\\"u\\" PASSWORD :'p'" | psql -q -v u="${POSTGRES_USER:-postgres}" """
    """-v p="$POSTGRES_PASSWORD" -U "${POSTGRES_USER:-postgres}" postgres"""
)
"""Sets PostgreSQL's password to that of its container; the image does so only at first start."""


def _passwords(environment: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    for name, value in environment.items():
        if not value:
            continue
        if "://" in value:
            if password := urlsplit(value).password:
                yield name, unquote(password)
        elif is_secret_name(name) and "PASS" in name.upper():
            yield name, value
