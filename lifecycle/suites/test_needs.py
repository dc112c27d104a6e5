"""A service survives another one that it needs: it works again once that one is back, by itself.

Nobody restarts the service meanwhile. That its question fails while the other one is gone shows
that the experiment was one.
"""

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import httpx
import pytest

from fixtures import answers
from fixtures.access import Access, Question
from fixtures.answers import QUESTIONS
from fixtures.typed import Moves
from fixtures.waiting import within

NEEDS: dict[tuple[str, str], Question] = {
    ("adminer", "mariadb"): QUESTIONS["adminer"],
    ("adminer", "planka-postgres"): partial(
        answers.of_adminer, system="pgsql", server="planka-postgres"
    ),
    ("authelia", "ldap"): QUESTIONS["authelia"],
    ("caddy", "kopia"): QUESTIONS["caddy"],
    ("grafana", "loki"): partial(answers.of_grafana, source="loki"),
    ("grafana", "prometheus"): QUESTIONS["grafana"],
    ("librechat", "mongodb"): QUESTIONS["librechat"],
    ("mongo-express", "mongodb"): QUESTIONS["mongo-express"],
    ("nextcloud", "mariadb"): QUESTIONS["nextcloud"],
    ("outline", "outline-postgres"): QUESTIONS["outline"],
    ("outline", "outline-redis"): QUESTIONS["outline"],
    ("paperless", "paperless-postgres"): QUESTIONS["paperless"],
    ("paperless", "redis"): QUESTIONS["paperless"],
    ("planka", "planka-postgres"): QUESTIONS["planka"],
    ("prometheus", "alertmanager"): answers.of_scrape,
    ("promtail", "loki"): QUESTIONS["promtail"],
    ("vaultwarden", "mariadb"): QUESTIONS["vaultwarden"],
}
"""Service, and what it needs → the question that it can answer only with that."""
BEGIN_WITH = tuple(
    pair
    for pair in NEEDS
    if pair[0] not in {"adminer", "caddy", "grafana", "prometheus"}  # they need nothing to start
)
GONE = 3.0
"""Seconds for which what it needs is gone: long enough for every program to notice."""
AGAIN = 30
"""Seconds in which it works again: programs that retry do so every few seconds."""
TROUBLE = (AssertionError, httpx.HTTPError, ValueError, KeyError)
"""What asking a service without what it needs may end in."""


def cases(pairs: Iterable[tuple[str, str]]) -> list[Any]:
    """A case for each pair, which is about the service and not about what it needs."""
    return [
        pytest.param(*pair, marks=pytest.mark.service(pair[0]), id="-without-".join(pair))
        for pair in pairs
    ]


def do_ask(service: str, needed: str, access: Access) -> None:
    try:
        NEEDS[service, needed](access)
    except TROUBLE as error:
        raise AssertionError(f"{service} does not work: {error!r}") from error


def do_miss(service: str, needed: str, access: Access) -> None:
    try:
        do_ask(service, needed, access)
    except AssertionError:
        return
    raise AssertionError(f"{service} works without {needed}")


def do_verify(
    step: Callable[[str, str, Access], None], service: str, needed: str, access: Access
) -> None:
    for attempt in within(AGAIN):
        with attempt:
            step(service, needed, access)


@pytest.mark.parametrize(("service", "needed"), cases(NEEDS))
def test_it_works_again_after_what_it_needs_was_gone(
    service: str, needed: str, lifecycle: Moves, access: Access
) -> None:
    do_verify(do_ask, service, needed, access)
    lifecycle(needed).stop()
    do_verify(do_miss, service, needed, access)
    time.sleep(GONE)
    lifecycle(needed).start()
    do_verify(do_ask, service, needed, access)


@pytest.mark.parametrize(("service", "needed"), cases(BEGIN_WITH))
def test_it_works_when_what_it_needs_comes_up_later(
    service: str, needed: str, lifecycle: Moves, access: Access
) -> None:
    lifecycle(needed).stop()
    lifecycle(service).stop()
    lifecycle(service).start(wait=False)
    time.sleep(GONE)
    lifecycle(needed).start()
    do_verify(do_ask, service, needed, access)
