"""Where a person opens a route, by how the front door listens for it and where it is published."""

from pathlib import Path

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.model import Port, Service, Stack
from stacktest.core.route import Listener, Route
from stacktest.reports.report_data import Board

PLAIN, TLS = Listener(port=8080, tls=False), Listener(port=443, tls=True)


@pytest.mark.parametrize(
    ("ports", "listeners", "address"),
    [
        ((Port(target=443, published=443),), (), "https://app.test/"),
        ((Port(target=443, published=8443),), (), "https://app.test:8443/"),
        ((Port(target=443, published=8443),), (TLS,), "https://app.test:8443/"),
        ((Port(target=8080, published=80),), (PLAIN,), "http://app.test/"),
        ((Port(target=8080, published=18080),), (PLAIN,), "http://app.test:18080/"),
        (
            (Port(target=8080, published=80), Port(target=443, published=443)),
            (PLAIN, TLS),
            "https://app.test/",
        ),
        ((Port(target=443, published=443),), (PLAIN,), "https://app.test/"),
        ((), (), "https://app.test/"),
    ],
)
def test_the_address_of_a_route(
    board: Board, ports: tuple[Port, ...], listeners: tuple[Listener, ...], address: str
) -> None:
    door = Service(name="door", ports=ports)
    stack = Stack(name="t", root=Path("/t"), services={"door": door}, front_door="door")
    of = replace(board, stack=stack)
    assert of.address(Route(host="app.test", service="app", listeners=listeners)) == address
