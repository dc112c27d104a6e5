"""The status page of several stacks: one HTML file that needs no network and no JavaScript."""

from functools import cache
from typing import Any

from stacktest.printable import visible
from stacktest.reports.fleet_data import OLD, Fleet
from stacktest.reports.page.jinja import page_environment
from stacktest.reports.terminal.fleet import next_step

MOST = 3
"""Reasons shown per service."""


def render_fleet_page(fleet: Fleet) -> str:
    """The page; the same fleet always gives the same text."""
    text = _template().render(
        fleet=fleet,
        now=fleet.now,
        hours=int(OLD.total_seconds() // 3600),
        proved=sum(ledger.proved for ledger in fleet.ledgers),
        total=sum(len(ledger.services) for ledger in fleet.ledgers),
        most=MOST,
    )
    return visible(text)


# Private


@cache
def _template() -> Any:
    templates = page_environment()
    templates.filters["next"] = next_step
    return templates.get_template("fleet.html.j2")
