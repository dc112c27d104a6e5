"""Notes which service gave an answer over the network: by its published port, else by route."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from stacktest.adapters.names.resolver import Address
from stacktest.application.running_stack import RunningStack
from stacktest.core.routing import HTTP, HTTPS
from stacktest.pytest_plugin.answers import note_answer
from stacktest.pytest_plugin.contacts import note
from stacktest.pytest_plugin.seen_answers import remember_answer


def note_response(
    test: pytest.Item | None,
    stack: RunningStack,
    url: str,
    status: int,
    *,
    method: str,
    host: str = "",
    address: Address | None = None,
    length: int | None = None,
    head: int = 0,
    read_body: Callable[[], str] = str,
) -> None:
    """Note the services that gave this answer; `address` is the connection's target, if known.

    An answer from a port that one service publishes is that service's, whatever the Host header
    (`host`). The front door passes requests on by host name, so for its ports the routes decide.
    """
    if test is None:
        return
    parts = urlsplit(url)
    name = (parts.hostname or "").lower()
    address = address or (name, parts.port or (HTTPS if parts.scheme == "https" else HTTP))
    publication = stack.names.publication(*address)
    if publication is None or publication.service == stack.model.front_door:
        note_answer(
            test,
            stack,
            url,
            status,
            method=method,
            host=host,
            door_port=publication.port if publication else None,
            length=length,
            head=head,
            read_body=read_body,
        )
        return
    remember_answer(test, status, url, read_body)
    if publication.service:
        note(test, publication.service)
