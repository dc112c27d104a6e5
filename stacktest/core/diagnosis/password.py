"""A service that another one refuses for its password; which of both is right, nobody can tell.

Decided by the client's own log. The one that refuses is the dependency that its line names, or the
only one whose log refuses somebody, too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote, urlsplit

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Facts, ServiceFacts
from stacktest.core.diagnosis.last_words import last_words
from stacktest.core.secret_names import is_secret_name


def diagnose_service(facts: Facts, service: ServiceFacts, lines: Iterable[str]) -> Diagnosis | None:
    """Of the last line in which the service says that it was refused."""
    refusals = [line for line in lines if _REFUSED.search(line)]
    if not refusals:
        return None
    name, words = service.name, last_words(refusals[-1:])
    server = _server(facts, service, refusals[-1])
    if server is None:
        return None
    up = compose_command(facts.stack, "up", "-d", services=[server, name])
    difference = _difference(facts, client=name, server=server)
    return Diagnosis(
        service=name,
        sentence=f"{server} refuses the password of {name}{difference}: {words}",
        before="write the same password for both",
        command=up,
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


def _difference(facts: Facts, *, client: str, server: str) -> str:
    """Which two variables differ, or that they are the same; empty where more than two may."""
    services = facts.stack.services
    ours = dict(_passwords(services[client].environment))
    theirs = dict(_passwords(services[server].environment))
    if len(ours) != 1 or len(theirs) != 1:
        return ""
    (own, password), (other, right) = *ours.items(), *theirs.items()
    if password != right:
        return f" (its {own} is not {other} of {server})"
    return f" (its {own} is {other} of {server}, which may keep the one of its first start)"


def _passwords(environment: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    for name, value in environment.items():
        if not value:
            continue
        if "://" in value:
            if password := urlsplit(value).password:
                yield name, unquote(password)
        elif is_secret_name(name) and "PASS" in name.upper():
            yield name, value
