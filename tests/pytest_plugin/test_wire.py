"""Whose answer came over the wire, where the front door or no service has a host name."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stacktest.adapters.names import NameMap, Publication
from stacktest.core.changed_copy import replace
from stacktest.core.model import Service, Stack
from stacktest.core.route import Listener, PathCondition, Route
from stacktest.errors import UsageError
from stacktest.pytest_plugin.contacts import doubted, touched
from stacktest.pytest_plugin.targets import base_url, first_url
from stacktest.pytest_plugin.wire import note_response

HERE = "127.0.0.1"
AT: dict[str, Any] = {"listeners": (Listener(port=8000, tls=False),), "holds_for_addresses": True}
ROUTES = (
    Route(
        host="localhost",
        service="rag",
        upstream="rag:1",
        match="/api/*",
        conditions=(PathCondition(patterns=("^/api/",)),),
        **AT,
    ),
    Route(host="localhost", order=1, **AT),
)


@pytest.fixture
def running(tmp_path: Path) -> Callable[..., Any]:
    """A stack without names: a front door with a path, and a service at a port of its own."""

    def make(routes: tuple[Route, ...] = ROUTES, door: str = "door") -> SimpleNamespace:
        services = {name: Service(name=name) for name in ("door", "docs", "rag")}
        published = {
            (HERE, 18000): Publication(service="door", port=8000),
            (HERE, 8000): Publication(service="docs", port=80),
        }
        doors = {8000: (HERE, 18000)} if door else {}
        return SimpleNamespace(
            model=Stack(name="t", root=tmp_path, services=services, routes=routes, front_door=door),
            names=NameMap(hosts=("localhost",) if routes else (), doors=doors, published=published),
        )

    return make


@pytest.mark.parametrize(
    ("url", "services"),
    [
        ("http://localhost:18000/api/x", ("door", "rag")),
        ("http://127.0.0.1:18000/api/x", ("door", "rag")),
        ("http://127.0.0.1:18000/other", ("door",)),
        ("http://127.0.0.1:8000/api/x", ("docs",)),
        ("http://127.0.0.1:7000/api/x", ()),
    ],
)
def test_credit_is_exact_by_port(
    running: Callable[..., Any], request: pytest.FixtureRequest, url: str, services: tuple[str, ...]
) -> None:
    note_response(request.node, running(), url, 200, method="GET")
    assert touched(request.node) == services


def test_an_answer_that_the_front_door_may_have_given_is_doubted(
    running: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    guard = Route(host="localhost", where="f:1", is_final=False, is_guard=True, **AT)
    routes = (guard, *(replace(route, order=route.order + 1) for route in ROUTES))
    note_response(request.node, running(routes), "http://localhost:18000/api/x", 200, method="GET")
    assert (touched(request.node), doubted(request.node)) == (("door",), {"rag": "f:1"})


def test_a_route_for_one_name_says_nothing_of_an_address(
    running: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    named = tuple(replace(route, holds_for_addresses=False) for route in ROUTES)
    note_response(request.node, running(named), "http://127.0.0.1:18000/api/x", 200, method="GET")
    assert touched(request.node) == ("door",)


def test_targets_without_names(running: Callable[..., Any]) -> None:
    stack = running()
    assert base_url(stack, "door") == "http://localhost:18000"
    assert base_url(stack, "rag") == "http://localhost:18000/api/"
    assert base_url(stack, "docs") == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    "target",
    [
        *(
            "https://rag.test",
            "http://127.0.0.1:8000/x",
            "docs:8000",
            "docs:8000/x",
            "rag.test:443",
        ),
        *(None, 8000, b"docs"),
    ],
)
def test_a_target_is_a_name(running: Callable[..., Any], target: Any) -> None:
    with pytest.raises(UsageError, match="is not the name of a service or of a host") as refusal:
        base_url(running(), target)
    assert refusal.value.hint.endswith('api("app", port=8080)')


@pytest.mark.parametrize("port", [80, "80", 8000, "8000", None])
def test_a_port_may_be_written_as_text(running: Callable[..., Any], port: Any) -> None:
    assert base_url(running(), "docs", port) == "http://127.0.0.1:8000"


@pytest.mark.parametrize("port", [0, 81, "x", -1])
def test_a_port_that_is_not_published_is_named(running: Callable[..., Any], port: Any) -> None:
    with pytest.raises(UsageError, match=f"'docs' does not publish port {port}"):
        base_url(running(), "docs", port)


def test_relative_addresses_lead_to_the_first_door(running: Callable[..., Any]) -> None:
    assert first_url(running()) == "http://localhost:18000"
    assert first_url(running(routes=())) == "http://127.0.0.1:18000"
    assert first_url(running(routes=(), door="")) == "http://127.0.0.1:18000"


@pytest.mark.parametrize(
    "name", ["bücher.test", "BÜCHER.test", "xn--bcher-kva.test", "bücher。test"]
)
@pytest.mark.parametrize("is_header", [False, True])
def test_a_name_is_the_same_however_it_is_written(
    running: Callable[..., Any], request: pytest.FixtureRequest, name: str, *, is_header: bool
) -> None:
    routes = (
        Route(host="xn--bcher-kva.test", service="rag", upstream="rag:1"),
        Route(host="localhost", order=1, **AT),
    )
    stack = running(routes)
    url = "http://localhost:18000/x" if is_header else f"ws://{name}:18000/x"
    note_response(
        request.node,
        stack,
        url,
        200,
        method="GET",
        host=f"{name}:18000" if is_header else "",
        address=(HERE, 18000),
    )
    assert touched(request.node) == ("door", "rag")


def test_a_dot_at_the_end_may_make_another_name_of_it(
    running: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    routes = (
        Route(host="app.test", service="rag", upstream="rag:1"),
        Route(host="localhost", **AT),
    )
    url = "http://app.test.:18000/x"
    address = (HERE, 18000)
    note_response(request.node, running(routes), url, 200, method="GET", address=address)
    doubts = {"rag": "a dot ends the host name"}
    assert (touched(request.node), doubted(request.node)) == (("door",), doubts)


@pytest.mark.parametrize(("length", "touches"), [(19, ("door",)), (0, ("door", "rag"))])
def test_a_page_of_the_doors_own_is_known_by_its_length(
    running: Callable[..., Any],
    request: pytest.FixtureRequest,
    length: int,
    touches: tuple[str, ...],
) -> None:
    door = Route(host="app.test", length=19, is_guard=True, is_final=False, is_hidden=True)
    routes = (door, Route(host="app.test", service="rag", order=1))
    note_response(
        request.node,
        running(routes),
        "http://app.test:18000/x",
        404,
        method="GET",
        address=(HERE, 18000),
        length=length,
    )
    assert touched(request.node) == touches


class TestAServiceThatTheDoorLeavesOutWhileItIsNotHealthy:
    """Another route, for every name or for more paths, answers then: with any status."""

    ROUTES = (
        Route(host="app.test", length=19, is_guard=True, is_final=False, is_hidden=True,
              statuses=frozenset({404}), is_missing_page=True),
        Route(host="app.test", service="rag", order=1),
    )  # fmt: skip

    @pytest.mark.parametrize(
        ("state", "health", "touches"),
        [
            ("running", "healthy", ("door", "rag")),
            ("running", "", ("door", "rag")),
            ("running", "unhealthy", ("door",)),
            ("running", "starting", ("door",)),
            ("exited", "", ("door",)),
        ],
    )
    def test_an_answer_is_its_own_while_it_is_healthy(
        self,
        running: Callable[..., Any],
        request: pytest.FixtureRequest,
        state: str,
        health: str,
        touches: tuple[str, ...],
    ) -> None:
        other = SimpleNamespace(service="docs", is_running=True, health="healthy")
        own = SimpleNamespace(service="rag", is_running=state == "running", health=health)
        stack = running(self.ROUTES)
        stack.engine = SimpleNamespace(containers=lambda _: (other, own))
        address = (HERE, 18000)
        url = "http://app.test:18000/x"
        note_response(request.node, stack, url, 200, method="GET", address=address, length=7)
        assert touched(request.node) == touches
        if "rag" not in touches:
            assert doubted(request.node) == {"rag": "door leaves it out: it is not healthy"}

    def test_one_healthy_replica_is_enough(
        self, running: Callable[..., Any], request: pytest.FixtureRequest
    ) -> None:
        containers = tuple(
            SimpleNamespace(service="rag", is_running=True, health=health)
            for health in ("unhealthy", "healthy")
        )
        stack = running(self.ROUTES)
        stack.engine = SimpleNamespace(containers=lambda _: containers)
        address = (HERE, 18000)
        note_response(
            request.node, stack, "http://app.test:18000/x", 200, method="GET", address=address
        )
        assert touched(request.node) == ("door", "rag")


def touched_by(host: str, running: Callable[..., Any], node: pytest.Item) -> tuple[str, ...]:
    """What an answer proves that was asked with this `Host`, through the door of app.test."""
    stack = running((Route(host="app.test", service="rag", upstream="rag:1"),))
    url, address = "http://app.test:18000/x", (HERE, 18000)
    note_response(node, stack, url, 200, method="GET", host=host, address=address)
    return touched(node)


@pytest.mark.parametrize(
    "host",
    [
        "user@app.test",
        "app.test/x",
        "app.test,b",
        "app.test, b",
        "a b",
        "[::1",
        "app.test?",
        "app.test#",
    ],
)
def test_a_host_that_a_door_does_not_understand_is_no_applications(
    running: Callable[..., Any], request: pytest.FixtureRequest, host: str
) -> None:
    assert touched_by(host, running, request.node) == ("door",)


@pytest.mark.parametrize("host", ["app.test", "APP.test", "app.test:18000", "app.test:", ""])
def test_a_host_as_clients_write_it(
    running: Callable[..., Any], request: pytest.FixtureRequest, host: str
) -> None:
    assert touched_by(host, running, request.node) == ("door", "rag")
