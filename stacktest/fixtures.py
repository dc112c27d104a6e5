"""Fixtures: small rungs that a suite may override one by one in its conftest.

    stack ─ stack_ca ─ tls_context ─┬─ api, async_api        HTTP by host name, TLS verified
          │                         └─ page, context, …      see `browsing`
          ├─ footings ─┬─ inside                             HTTP, TCP, commands within the networks
          │            └─ reach_from                         may that network reach this port?
          ├─ person                                          credentials by role
          └─ run_id

What comes back from a service is noted for the test that asked, as it comes back: a service whose
tests touched nothing earns no credit.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stacktest import browsing
from stacktest.contacts import note
from stacktest.errors import StackNotReadyError
from stacktest.keys import RUNNING

if TYPE_CHECKING:
    import ssl

    import httpx

    from stacktest.adapters.inside import Footings, Inside, Reach
    from stacktest.people import Credentials
    from stacktest.running import RunningStack

base_url = browsing.base_url
browser_context_args = browsing.browser_context_args
browser_home = browsing.browser_home
browser_nest = browsing.browser_nest
browser_type_launch_args = browsing.browser_type_launch_args
new_context = browsing.new_context
playwright = browsing.playwright


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> RunningStack:
    """The stack under test, up and ready: model, configuration, names, engine.

    Override this fixture if the stack is brought up by something else than stacktest.
    """
    running = pytestconfig.stash.get(RUNNING, None)
    if running is None:
        raise StackNotReadyError(
            "no stack was brought up in this run",
            where="fixture stack",
            hint="name one with --stack DIR; stacktest plan shows what would be started",
        )
    return running


@pytest.fixture(scope="session")
def run_id(stack: RunningStack) -> str:
    """The name of this run: unique, and safe in names of test data.

    Override this fixture if test data must carry a name of your own.
    """
    return stack.run_id


@pytest.fixture(scope="session")
def stack_ca(stack: RunningStack) -> Path | None:
    """The private CA's certificate, or None where the system's trust serves.

    Override this fixture if tests must trust another CA than `ca` under [stack].
    """
    return stack.ca


@pytest.fixture(scope="session")
def tls_context(stack_ca: Path | None) -> ssl.SSLContext:
    """The one context that verifies every HTTP client of the run: chain, name, dates, TLS ≥ 1.2.

    Override this fixture if the front door asks for a client certificate: load it into a copy.
    """
    from stacktest.adapters.trust import client_context

    return client_context(stack_ca)


@pytest.fixture
def api(
    stack: RunningStack, tls_context: ssl.SSLContext, request: pytest.FixtureRequest
) -> Iterator[Callable[..., httpx.Client]]:
    """`api("grafana")`: a client for a service's host name, by service, first label or full name.

    Each call is a new visitor without cookies; keyword arguments are httpx's own.
    Override this fixture if every request needs a header or a time-out of its own.
    """
    from stacktest.adapters.names import http_client
    from stacktest.visits import note_answer, url_of

    made: list[httpx.Client] = []

    def client(name: str, **options: Any) -> httpx.Client:
        url = url_of(stack, name)
        made.append(http_client(stack.names, tls_context, url, on_response=noted, **options))
        return made[-1]

    def noted(response: httpx.Response) -> None:
        note_answer(request.node, stack, str(response.url), response.status_code)

    yield client
    for each in made:
        each.close()


@pytest.fixture
def async_api(
    stack: RunningStack, tls_context: ssl.SSLContext, request: pytest.FixtureRequest
) -> Iterator[Callable[..., httpx.AsyncClient]]:
    """The asynchronous twin of `api`, which the test closes: `async with` its clients.

    Override this fixture if every request needs a header or a time-out of its own.
    """
    from stacktest.adapters.names import async_http_client
    from stacktest.visits import note_answer, url_of

    made: list[httpx.AsyncClient] = []

    def client(name: str, **options: Any) -> httpx.AsyncClient:
        url = url_of(stack, name)
        made.append(async_http_client(stack.names, tls_context, url, on_response=noted, **options))
        return made[-1]

    async def noted(response: httpx.Response) -> None:
        note_answer(request.node, stack, str(response.url), response.status_code)

    yield client
    left = [str(each.base_url) for each in made if not each.is_closed]
    if left:
        pytest.fail(f"async_api: not closed: {', '.join(left)}; use `async with`", pytrace=False)


@pytest.fixture(scope="session")
def footings(stack: RunningStack) -> Iterator[Footings]:
    """Places to stand on the stack's networks, made when needed and removed at the end.

    Override this fixture if connections must start from a container of your own.
    """
    from stacktest.adapters.inside import Footings
    from stacktest.adapters.ownership import holding

    found = Footings(
        stack.model,
        stack.engine,
        image=stack.config.stack.probe_image,
        labels=holding(stack.model.root, stack.run_id, str(os.getpid())),
    )
    yield found
    found.close()


@pytest.fixture
def inside(
    stack: RunningStack, footings: Footings, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Inside]]:
    """`inside("mariadb")`: `.address(port)`, `.connect(port)`, `.http(port)` and `.run(*argv)`.

    Override this fixture if services are reached in another way than through their networks.
    """
    from stacktest.adapters.inside import Inside, Ways

    ways = Ways(stack.engine, footings)
    made: dict[str, Inside] = {}

    def service(name: str) -> Inside:
        _known(stack, name)
        if name not in made:
            made[name] = Inside(
                stack.model,
                stack.engine,
                ways,
                name,
                on_answer=functools.partial(note, request.node, name),
                client=_plain_client,
            )
        return made[name]

    yield service
    for each in made.values():
        each.close()


@pytest.fixture
def reach_from(
    stack: RunningStack, footings: Footings, request: pytest.FixtureRequest
) -> Callable[[str, str, int], Reach]:
    """`reach_from("frontend", "ldap", 389)`: open, refused, unresolved or timeout.

    Override this fixture if the question must be asked from a container of your own.
    """
    from stacktest.adapters.inside import OPEN, reach

    def answer(network: str, service: str, port: int) -> Reach:
        found = reach(stack.model, stack.engine, footings, network=network, host=service, port=port)
        if found == OPEN and service in stack.model.services:
            note(request.node, service)
        return found

    return answer


@pytest.fixture
def answered(stack: RunningStack, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """`answered("caddy")`: a client of your own had an answer of this service.

    Override this fixture if what counts as an answer must be proved in another way.
    """

    def noted(service: str) -> None:
        _known(stack, service)
        note(request.node, service)

    return noted


@pytest.fixture
def person(stack: RunningStack) -> Callable[[str], Credentials]:
    """`person("viewer")`: name and password of a role, from `[people.viewer]` or the environment.

    Override this fixture if people come from a secret store.
    """
    from stacktest.people import credentials

    return functools.partial(credentials, stack)


# Private


def _known(stack: RunningStack, name: str) -> None:
    if name not in stack.model.services:
        from stacktest.config import near_misses
        from stacktest.errors import UsageError

        raise UsageError(
            f"'{name}' is no service of this stack",
            where="fixture inside",
            hint=near_misses(name, stack.model.services) or "docker compose config --services",
        )


def _plain_client(
    service: str, port: int, address: tuple[str, int], **options: Any
) -> httpx.Client:
    from stacktest.adapters.names import NameMap, http_client

    names = NameMap(hosts=(service,), doors={port: address})
    return http_client(names, _no_tls(), f"http://{service}:{port}", **options)


@functools.cache
def _no_tls() -> ssl.SSLContext:
    """A context that trusts nobody: what is spoken inside is plain HTTP."""
    import ssl

    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
