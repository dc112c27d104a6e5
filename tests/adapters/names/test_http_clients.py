import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpcore
import httpx
import pytest

from stacktest.adapters.names import (
    Answer,
    ConnectProxy,
    NameMap,
    Publication,
    Read,
    async_http_client,
    http_client,
    stack_transport,
    wall_clock,
)
from stacktest.adapters.tls import ServerTrust, client_context
from stacktest.core.changed_copy import replace
from stacktest.errors import ToolMissingError, UsageError
from tests.support.tls_servers import BAD, HOST, Pki


def get(pki: Pki, kind: str, url: str = f"https://{HOST}/x", ca: Path | None = None) -> str:
    with http_client(pki.names(kind), client_context(ca or pki.ca)) as client:
        return client.get(url).text


def get_async(pki: Pki, kind: str, url: str = f"https://{HOST}/x", ca: Path | None = None) -> str:
    async def ask() -> str:
        async with async_http_client(pki.names(kind), client_context(ca or pki.ca)) as client:
            return (await client.get(url)).text

    return anyio.run(ask)


CLIENTS = pytest.mark.parametrize("ask", [get, get_async])


@CLIENTS
def test_a_good_certificate_is_accepted_and_host_stays(ask: Callable[..., Any], pki: Pki) -> None:
    assert ask(pki, "good") == f"GET {HOST} /x"


@CLIENTS
def test_the_bare_domain_is_reached(ask: Callable[..., Any], pki: Pki) -> None:
    assert ask(pki, "good", "https://stack.local/y") == "GET stack.local /y"


@CLIENTS
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_certificate_is_refused(ask: Callable[..., Any], kind: str, pki: Pki) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(pki, kind)


@CLIENTS
def test_an_error_says_who_was_asked_and_nothing_else_of_the_url(
    ask: Callable[..., Any], pki: Pki
) -> None:
    with pytest.raises(httpx.ConnectError) as failure:
        ask(pki, "good", "https://user:word@example.com:8443/x?token=abc")
    assert failure.value.__notes__ == ["asked: https://example.com:8443"]


@CLIENTS
def test_another_ca_in_the_configuration_refuses_the_good_server(
    ask: Callable[..., Any], pki: Pki
) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(pki, "good", ca=pki.other_ca)


@CLIENTS
def test_other_names_are_refused(ask: Callable[..., Any], pki: Pki) -> None:
    with pytest.raises(
        httpx.ConnectError, match=r"'example\.com' is not a host name of this stack"
    ):
        ask(pki, "good", "https://example.com/")


@pytest.mark.parametrize("kind", BAD)
def test_client_certificates_do_not_weaken_the_check(kind: str, pki: Pki, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=pki.ca)
    pki.leaf.configure_cert(context)
    with http_client(pki.names("good"), context) as client:
        assert client.get(f"https://{HOST}/").status_code == 200
    with (
        http_client(pki.names(kind), context) as client,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.get(f"https://{HOST}/")


def test_the_shell_cannot_change_trust_or_way(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pki.other_ca))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert get(pki, "good") == f"GET {HOST} /x"
    monkeypatch.setenv("SSL_CERT_FILE", str(pki.ca))
    with pytest.raises(httpx.ConnectError):
        get(pki, "good", ca=pki.other_ca)


def test_old_tls_is_refused(
    pki: Pki, serve: Callable[..., int], recwarn: pytest.WarningsRecorder
) -> None:
    import warnings

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    pki.leaf.configure_cert(context)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    pki.ports["old"] = serve(context)
    with pytest.raises(httpx.ConnectError, match="SSL"):
        get(pki, "old")


def pool_of(client: httpx.Client | httpx.AsyncClient) -> Any:
    """httpcore's pool; httpx does not hand it out."""
    transport: Any = client._transport
    return transport._pool


def client_of(pki: Pki, answers: list[Answer] | None = None, **options: Any) -> httpx.Client:
    report = None if answers is None else answers.append
    context = client_context(pki.ca)
    return http_client(pki.names(), context, f"https://{HOST}", on_answer=report, **options)


def async_client_of(pki: Pki, answers: list[Answer], **options: Any) -> httpx.AsyncClient:
    context = client_context(pki.ca)
    return async_http_client(
        pki.names(), context, f"https://{HOST}", on_answer=answers.append, **options
    )


def test_every_answer_is_reported_with_its_address(pki: Pki) -> None:
    answers: list[Answer] = []
    with client_of(pki, answers) as client:
        assert client.get("/").status_code == 200
        assert client.get("/status/503").status_code == 503
        page = client.get("/x", headers={"Host": "other.stack.local", "X-Long": "x" * 3000})
    assert answers[-1].length == len(page.content)
    assert answers[0].head < 3000 < answers[-1].head < 4000
    address = ("127.0.0.1", pki.ports["good"])
    assert answers == [
        Answer(method="GET", url=f"https://{HOST}/", host=HOST, status=200, address=address),
        Answer(
            method="GET", url=f"https://{HOST}/status/503", host=HOST, status=503, address=address
        ),
        Answer(
            method="GET",
            url=f"https://{HOST}/x",
            host="other.stack.local",
            status=200,
            address=address,
        ),
    ]


def test_each_hop_of_a_redirect_and_each_part_of_a_stream_is_reported_once(pki: Pki) -> None:
    answers: list[Answer] = []
    with client_of(pki, answers, follow_redirects=True) as client:
        assert client.get("/redirect/a").url.path == "/a"
        with client.stream("GET", "/b") as response:
            assert response.read()
    assert [(answer.url[-11:], answer.status) for answer in answers] == [
        ("/redirect/a", 302),
        (f"https://{HOST}/a"[-11:], 200),
        (f"https://{HOST}/b"[-11:], 200),
    ]


def invented(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="invented")


@pytest.mark.case("field/x04", "freshness/c10-mocked-answers")
def test_an_answer_that_a_mock_makes_up_is_not_reported(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Answer] = []
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: invented(request))
    with client_of(pki, answers) as client:
        assert client.get("/").text == "invented"
    assert answers == []


def test_an_answer_that_a_mock_below_httpx_makes_up_is_not_reported(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorders and respx take the place of httpcore's pool."""
    answers: list[Answer] = []
    monkeypatch.setattr(
        httpcore.ConnectionPool,
        "handle_request",
        lambda *_: httpcore.Response(200, content=b"invented"),
    )
    with client_of(pki, answers) as client:
        assert client.get("/").text == "invented"
    assert answers == []


@pytest.mark.case("freshness/c10-mocked-answers")
def test_an_answer_that_a_cache_gives_again_is_not_reported(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache keeps the response with the connection that it came over."""
    answers: list[Answer] = []
    cache: dict[str, httpx.Response] = {}
    real = httpx.HTTPTransport.handle_request

    def cached(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if str(request.url) not in cache:
            cache[str(request.url)] = real(transport, request)
            cache[str(request.url)].read()
        response = cache[str(request.url)]
        return httpx.Response(200, content=response.content, extensions=response.extensions)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", cached)
    with client_of(pki, answers) as client:
        for path in ("/a", "/a", "/b", "/a"):
            assert client.get(path).text == f"GET {HOST} {path}"
    assert [urlsplit(answer.url).path for answer in answers] == ["/a", "/b"]


class FakeSocket:
    """What a library for mocks of sockets puts in the place of a real one: Python, no kernel."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._answer = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ninvented"

    def recv(self, _: int) -> bytes:
        answer, self._answer = self._answer, b""
        return answer

    def send(self, data: bytes) -> int:
        return len(data)

    def getpeername(self) -> Any:
        return "127.0.0.1", 80

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


def test_an_answer_of_a_socket_that_is_none_is_not_reported(
    serve: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Answer] = []
    names = NameMap(published={("127.0.0.1", 80): Publication(service="app", port=80)})
    monkeypatch.setattr(socket, "create_connection", FakeSocket)
    monkeypatch.setattr("httpcore._backends.sync.is_socket_readable", lambda _: False)
    context = ssl.create_default_context()
    with http_client(names, context, "http://127.0.0.1", on_answer=answers.append) as client:
        assert client.get("/").text == "invented"
    assert answers == []


@pytest.mark.parametrize("is_async", [False, True])
def test_an_answer_of_another_server_is_not_reported(
    pki: Pki, serve: Callable[..., int], monkeypatch: pytest.MonkeyPatch, *, is_async: bool
) -> None:
    """A test leads the connection itself elsewhere, below every client."""
    answers: list[Answer] = []
    here = ("127.0.0.1", serve())
    names = NameMap(published={("127.0.0.1", 7): Publication(service="app", port=80)})
    real, connect = socket.create_connection, anyio.connect_tcp
    monkeypatch.setattr(socket, "create_connection", lambda _, *a, **k: real(here, *a, **k))
    monkeypatch.setattr(anyio, "connect_tcp", lambda **_: connect(*here))
    context, url = client_context(pki.ca), "http://127.0.0.1:7"

    async def ask() -> int:
        async with async_http_client(names, context, url, on_answer=answers.append) as client:
            return (await client.get("/")).status_code

    if is_async:
        assert anyio.run(ask) == 200
    else:
        with http_client(names, context, url, on_answer=answers.append) as client:
            assert client.get("/").status_code == 200
    assert answers == []


@pytest.mark.parametrize("target", [b"*", b"https://other.stack.local/x", b"x", b"/x#y"])
def test_a_request_that_does_not_say_plainly_for_whom_it_is_is_not_reported(
    pki: Pki, target: bytes
) -> None:
    """A front door answers `OPTIONS *` for everybody, and goes by a whole address's own host."""
    answers: list[Answer] = []
    with client_of(pki, answers) as client:
        assert client.get("/x", extensions={"target": target}).status_code == 200
        assert client.get("/x", headers={"Host": ""}).status_code == 200
        assert answers == []
        client.get("/x", extensions={"target": b"/y?z=1"})
    assert [answer.url for answer in answers] == [f"https://{HOST}/y?z=1"]


def test_an_asynchronous_answer_that_a_mock_makes_up_is_not_reported(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handle(_: object, request: httpx.Request) -> httpx.Response:
        return invented(request)

    async def ask() -> str:
        async with async_client_of(pki, answers) as client:
            real = await client.get("/")
            monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle)
            return real.text + (await client.get("/")).text

    answers: list[Answer] = []
    assert anyio.run(ask) == f"GET {HOST} /invented"
    assert [answer.status for answer in answers] == [200]


@pytest.mark.case("field/b31")
def test_hooks_are_called_besides(pki: Pki) -> None:
    answers: list[Answer] = []
    statuses: list[int] = []
    hooks = {"response": [lambda response: statuses.append(response.status_code)]}
    with client_of(pki, answers, event_hooks=hooks) as client:
        client.get("/")
        client.event_hooks = {}
        client.get("/")
    assert statuses == [200]
    assert len(answers) == 2


def test_a_hook_that_fails_comes_after_the_report(pki: Pki) -> None:
    answers: list[Answer] = []
    hooks = {"response": [lambda response: response.raise_for_status()]}
    with (
        client_of(pki, answers, event_hooks=hooks) as client,
        pytest.raises(httpx.HTTPStatusError),
    ):
        client.get("/status/500")
    assert [answer.status for answer in answers] == [500]


@pytest.mark.case("field/b31", "field/c18")
def test_limits_arrive(pki: Pki) -> None:
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=0, keepalive_expiry=1.0)
    with client_of(pki, limits=limits) as client:
        pool = pool_of(client)
        assert pool._max_connections == 1
        assert pool._max_keepalive_connections == 0
        assert pool._keepalive_expiry == 1.0
        assert client.get("/").status_code == 200
    with client_of(pki) as client:
        assert pool_of(client)._max_connections == 100


@pytest.mark.case("field/c18")
def test_more_requests_than_httpcores_own_ten_are_at_once(pki: Pki) -> None:
    limits = httpx.Limits(max_connections=50)
    assert pool_of(async_client_of(pki, []))._max_connections == 100
    assert pool_of(async_client_of(pki, [], limits=limits))._max_connections == 50


@pytest.mark.parametrize(
    "options",
    [
        {"trust_env": False},
        {"verify": True},
        {"timeout": 3},
        {"timeout": httpx.Timeout(3)},
        {"follow_redirects": True},
        {"max_redirects": 2},
        {"auth": ("a", "b")},
        {"params": {"a": "b"}},
        {"cookies": {"a": "b"}},
        {"http1": True, "http2": False},
        {"default_encoding": "utf-8"},
        {"event_hooks": {}},
        {"base_url": f"https://{HOST}/below/"},
        {"transport": None, "mounts": None, "proxy": None, "cert": None, "trust_env": None},
        {"mounts": {}},
    ],
    ids=repr,
)
def test_options_of_httpx_are_honoured(pki: Pki, options: dict[str, Any]) -> None:
    with client_of(pki, **options) as client:
        assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "options",
    [
        {"transport": httpx.MockTransport(invented)},
        {"mounts": {"all://": httpx.MockTransport(invented)}},
        {"proxy": "http://127.0.0.1:9"},
        {"cert": "client.pem"},
        {"trust_env": True},
        {"verify": False},
        {"verify": "ca.pem"},
        {"verify": ssl._create_unverified_context()},
    ],
    ids="-".join,
)
def test_options_that_would_take_the_stacks_place_are_refused_by_name(
    pki: Pki, options: dict[str, Any]
) -> None:
    (name,) = options
    with pytest.raises(UsageError, match=f"the option {name} is refused"):
        client_of(pki, **options)
    with pytest.raises(UsageError, match=f"the option {name} is refused"):
        async_client_of(pki, [], **options)


def test_a_context_that_does_not_verify_makes_no_client(pki: Pki) -> None:
    with pytest.raises(UsageError, match="does not check certificates"):
        http_client(pki.names(), ssl._create_unverified_context())


def test_a_context_of_ones_own_that_verifies_is_taken(pki: Pki) -> None:
    own = ssl.create_default_context(cafile=pki.other_ca)
    with client_of(pki, verify=own) as client, pytest.raises(httpx.ConnectError):
        client.get("/")


def test_a_context_is_one_where_a_library_has_taken_the_place_of_its_class(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = client_context(pki.ca)
    monkeypatch.setattr(ssl, "SSLContext", type("Other", (), {}))
    with http_client(pki.names(), context, f"https://{HOST}") as client:
        assert client.get("/").status_code == 200


def test_an_option_that_httpx_does_not_know(pki: Pki) -> None:
    with pytest.raises(UsageError) as failure:
        client_of(pki, follow_redirect=True)
    assert failure.value.hint == "did you mean 'follow_redirects'?"


def test_http2_needs_its_package(pki: Pki) -> None:
    pytest.importorskip("httpx")
    try:
        import h2  # noqa: F401
    except ImportError:
        with pytest.raises(UsageError, match="HTTP/2 needs a package"):
            client_of(pki, http2=True)


@pytest.fixture
def proxy(pki: Pki) -> Iterator[tuple[ConnectProxy, str]]:
    running = ConnectProxy(pki.names(allowed=("ok.test",)))
    yield running, running.start()
    running.stop()


def through(url: str, pki: Pki, target: str, **options: Any) -> httpx.Response:
    with httpx.Client(proxy=url, verify=client_context(pki.ca), trust_env=False) as client:
        return client.request(options.pop("method", "GET"), target, **options)


def test_proxy_tunnels_and_the_client_still_verifies(
    proxy: tuple[ConnectProxy, str], pki: Pki
) -> None:
    assert through(proxy[1], pki, f"https://{HOST}/z").text == f"GET {HOST} /z"


def test_proxy_refuses_other_names_and_counts_them(
    proxy: tuple[ConnectProxy, str], pki: Pki
) -> None:
    with pytest.raises(httpx.ProxyError, match="403 Forbidden"):
        through(proxy[1], pki, "https://example.com/")
    answer = through(proxy[1], pki, "http://example.com/")
    assert answer.status_code == 403
    assert "'example.com' is not a host name of this stack" in answer.text
    assert proxy[0].refused == {"example.com": 2}


def test_proxy_forwards_plain_http(pki: Pki, serve: Callable[..., int]) -> None:
    plain = ConnectProxy(replace(pki.names(), doors={80: ("127.0.0.1", serve())}))
    url = plain.start()
    try:
        answer = through(url, pki, f"http://{HOST}/a?b=c", method="POST", content="hello")
        assert answer.text == f"POST {HOST} /a?b=c hello"
        with httpx.Client(proxy=url, trust_env=False) as client:
            assert [client.get(f"http://{HOST}/{n}").text for n in "12"] == [
                f"GET {HOST} /1",
                f"GET {HOST} /2",
            ]
    finally:
        plain.stop()


def test_proxy_knows_which_port_answered_last(pki: Pki, serve: Callable[..., int]) -> None:
    ports = (serve(), serve())
    published = {("127.0.0.1", port): Publication(service="app", port=80) for port in ports}
    running = ConnectProxy(NameMap(published=published))
    url, begun = running.start(), wall_clock()
    try:
        through(url, pki, f"http://127.0.0.1:{ports[0]}/")
        read = running.last_read("127.0.0.1", ports[0])
        assert read.at >= begun
        assert read.number == running.reads > 0
        assert running.last_read("127.0.0.1", ports[1]) == Read()
    finally:
        running.stop()


def test_the_wall_clock_goes_on_where_a_test_has_frozen_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = wall_clock()
    assert abs(begun - time.time()) < 1  # noqa: TID251 - a clock is what is compared
    for name in ("time", "time_ns", "monotonic", "perf_counter"):
        monkeypatch.setattr(time, name, lambda: 0)
    assert 0 <= wall_clock() - begun < 60


def test_proxy_says_when_the_door_is_shut(pki: Pki) -> None:

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        pki.ports["shut"] = free.getsockname()[1]
    running = ConnectProxy(pki.names("shut"))
    url = running.start()
    try:
        with pytest.raises(httpx.ProxyError, match="502 Bad Gateway"):
            through(url, pki, f"https://{HOST}/")
    finally:
        running.stop()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET https://app.stack.local/ HTTP/1.1\r\n\r\n",
        b"CONNECT :443 HTTP/1.1\r\n\r\n",
        b"CONNECT a:b HTTP/1.1\r\n\r\n",
    ],
)
def test_proxy_refuses_what_is_no_request_for_a_proxy(
    proxy: tuple[ConnectProxy, str], sent: bytes
) -> None:

    port = int(proxy[1].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(sent)
        assert client.makefile("rb").readline() == b"HTTP/1.1 400 Bad Request\r\n"


def test_proxy_closes_its_port(pki: Pki) -> None:

    running = ConnectProxy(pki.names())
    port = int(running.start().rpartition(":")[2])
    running.stop()
    running.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_proxy_stops_with_open_tunnels(pki: Pki) -> None:

    running = ConnectProxy(pki.names())
    port = int(running.start().rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert client.recv(12) == b"HTTP/1.1 200"
        running.stop()
        client.settimeout(5)
        while client.recv(4096):
            pass


def test_a_tunnel_that_waits_for_its_answer_survives_the_garbage_collector() -> None:
    """The client has sent all and waits; the server takes its time."""
    import gc

    with socket.create_server(("127.0.0.1", 0)) as slow:
        slow.settimeout(5)
        names = NameMap(hosts=(HOST,), doors={443: slow.getsockname()[:2]})
        running = ConnectProxy(names)
        port = int(running.start().rpartition(":")[2])
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
                client.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
                served, _ = slow.accept()
                with served:
                    served.settimeout(5)
                    assert client.recv(4096).startswith(b"HTTP/1.1 200")
                    client.sendall(b"ping")
                    client.shutdown(socket.SHUT_WR)
                    assert served.recv(4096) == b"ping"
                    assert served.recv(4096) == b""
                    for _ in range(2):
                        gc.collect()
                    served.sendall(b"pong")
                assert client.recv(4096) == b"pong"
        finally:
            running.stop()


def objecting(host: str, address: object) -> str:
    return f"{host} is not trusted"


def test_a_certificate_that_the_context_accepts_may_be_objected_to(pki: Pki) -> None:
    """A context can be given another CA, or lose its checks, after it was handed over."""
    answers: list[Answer] = []
    with (
        client_of(pki, answers, objection=objecting) as client,
        pytest.raises(httpx.ConnectError, match=f"VERIFY_FAILED. {HOST} is not trusted"),
    ):
        client.get("/")

    async def ask() -> None:
        async with async_client_of(pki, answers, objection=objecting) as client:
            await client.get("/")

    with pytest.raises(httpx.ConnectError, match=f"VERIFY_FAILED. {HOST} is not trusted"):
        anyio.run(ask)
    assert answers == []


@pytest.mark.parametrize("weaken", ["trusts another CA", "checks nothing"])
def test_a_weakened_context_reaches_nobody(weaken: str, pki: Pki) -> None:
    context = ssl.create_default_context(cafile=pki.ca)
    answers: list[Answer] = []
    with http_client(
        pki.names("unknown_ca"),
        context,
        f"https://{HOST}",
        on_answer=answers.append,
        objection=ServerTrust(pki.ca).objection,
    ) as client:
        if weaken == "checks nothing":
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        else:
            context.load_verify_locations(pki.other_ca)
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            client.get("/")
    assert answers == []


def test_the_certificate_is_checked_for_the_name_in_the_url(pki: Pki) -> None:
    """httpcore would check it for a name of the caller's choice."""
    answers: list[Answer] = []
    extensions = {"sni_hostname": "other.example"}
    with (
        http_client(pki.names("wrong_name"), client_context(pki.ca)) as client,
        pytest.raises(UsageError, match="the extension sni_hostname is refused"),
    ):
        client.get(f"https://{HOST}/", extensions=extensions)

    async def ask() -> None:
        async with async_client_of(pki, answers) as client:
            await client.get("/", extensions=extensions)

    with pytest.raises(UsageError, match="the extension sni_hostname is refused"):
        anyio.run(ask)
    assert answers == []


def test_an_answer_is_reported_for_the_path_that_the_server_saw(pki: Pki) -> None:
    answers: list[Answer] = []
    with client_of(pki, answers) as client:
        response = client.get("/a", extensions={"target": b"/b?c"})
        assert response.text == f"GET {HOST} /b?c"
    assert [answer.url for answer in answers] == [f"https://{HOST}/b?c"]


@pytest.mark.parametrize("kind", ["HTTPTransport", "AsyncHTTPTransport"])
def test_an_httpx_without_the_attribute_that_is_replaced_is_refused(
    kind: str, pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise names would be asked of the system, silently."""

    def make(self: object, **_: object) -> None:
        vars(self)["_connections"] = None

    monkeypatch.setattr(getattr(httpx, kind), "__init__", make)
    make_client = client_of if kind == "HTTPTransport" else async_client_of
    with pytest.raises(ToolMissingError, match="cannot be told where to connect") as caught:
        make_client(pki, [])
    assert caught.value.hint.startswith("pip install")


@pytest.fixture
def unproved() -> Iterator[None]:
    stack_transport.check_httpx.cache_clear()
    yield
    stack_transport.check_httpx.cache_clear()


@pytest.mark.usefixtures("unproved")
def test_an_httpx_that_goes_round_the_attribute_is_refused(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attribute is there, and another one decides where connections lead."""

    def go_round(_: object, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno -2] Name or service not known")

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", go_round)
    with pytest.raises(ToolMissingError, match="would be asked of the system"):
        client_of(pki, [])

    def answer(_: object, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, extensions={"network_stream": httpcore.MockStream([])})

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    with pytest.raises(ToolMissingError, match="would be asked of the system"):
        client_of(pki, [])


@pytest.mark.usefixtures("unproved")
def test_a_mock_in_the_place_of_httpx_is_no_fault_of_httpx(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: invented(request))
    with client_of(pki, []) as client:
        assert client.get("/").text == "invented"


IDLE = {"patience": 0.3, "idle": 0.5}


Impatient = tuple[tuple[str, int], ConnectProxy]


@pytest.fixture
def impatient(serve: Callable[..., int]) -> Iterator[Impatient]:
    """A proxy whose patience ends soon, and its address; plain HTTP leads to a real server."""
    names = NameMap(hosts=(HOST,), domain="stack.local", doors={80: ("127.0.0.1", serve())})
    running = ConnectProxy(names, **IDLE)
    yield ("127.0.0.1", int(running.start().rpartition(":")[2])), running
    running.stop()


def read_all(client: socket.socket) -> bytes:
    client.settimeout(5)
    return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"CONNECT",
        b"GET http://app.stack.local/ HTTP/1.1\r\nHost: app.stack.local\r\n",
        f"CONNECT {HOST}:80 HTTP/1.1\r\n\r\n".encode(),
    ],
    ids=["nothing", "a word", "half a head", "a tunnel and nothing in it"],
)
def test_a_connection_that_waits_for_nothing_ends(sent: bytes, impatient: Impatient) -> None:

    with socket.create_connection(impatient[0], timeout=5) as client:
        client.sendall(sent)
        assert read_all(client) in (b"", b"HTTP/1.1 200 Connection established\r\n\r\n")


def test_a_request_that_trickles_in_ends(impatient: Impatient) -> None:
    import time

    started = time.monotonic()
    with (
        socket.create_connection(impatient[0], timeout=5) as client,
        contextlib.suppress(BrokenPipeError, ConnectionResetError),
    ):
        while time.monotonic() - started < 5:
            client.sendall(b"x")
            time.sleep(0.05)
    assert time.monotonic() - started < 3


def test_a_tunnel_that_is_used_stays(impatient: Impatient) -> None:
    import time

    with socket.create_connection(impatient[0], timeout=5) as client:
        client.sendall(f"CONNECT {HOST}:80 HTTP/1.1\r\n\r\n".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        for _ in range(4):
            time.sleep(0.3)
            client.sendall(f"GET /a HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            reply = b""
            while not reply.endswith(f"GET {HOST} /a".encode()):
                reply += client.recv(4096)


def test_too_many_connections_are_told_so(
    impatient: Impatient, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr("stacktest.adapters.names.connect_proxy.MOST", 2)
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(impatient[0], timeout=5)) for _ in range(3)
        ]
        assert read_all(clients[2]).startswith(b"HTTP/1.1 503 ")
        assert read_all(clients[0]) == b""


@pytest.mark.parametrize(
    "request_line",
    [
        "GET http://app.stack.local/",
        "GET http://app.stack.local/ HTTP/0.9",
        "GET http://app.stack.local:0/ HTTP/1.1",
        "GET ftp://app.stack.local/ HTTP/1.1",
        "GET file:///etc/passwd HTTP/1.1",
        "CONNECT app.stack.local:99999 HTTP/1.1",
        "GET http://app.stack.local/a b HTTP/1.1",
        "\r\n",
    ],
)
def test_what_is_not_a_request_is_refused(request_line: str, impatient: Impatient) -> None:

    with socket.create_connection(impatient[0], timeout=5) as client:
        client.sendall(f"{request_line}\r\n\r\n".encode())
        assert read_all(client).startswith(b"HTTP/1.1 400 ")


def test_a_name_that_no_system_could_look_up_is_no_crash() -> None:

    host = "x" * 300 + ".example"
    running = ConnectProxy(NameMap(allowed=("*.example",)))
    port = int(running.start().rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())
        assert read_all(client).startswith(b"HTTP/1.1 502 ")
    running.stop()


@pytest.mark.parametrize(
    "reply", [b"nonsense\r\n\r\n", b"\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n" * 9000]
)
def test_a_server_that_speaks_no_http_is_no_crash(
    reply: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    import threading

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as connection:
                connection.recv(4096)
                with contextlib.suppress(OSError):
                    connection.sendall(reply)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        running = ConnectProxy(NameMap(hosts=(HOST,), doors={80: listener.getsockname()}))
        port = int(running.start().rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(f"GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            with contextlib.suppress(ConnectionResetError):
                read_all(client)
        running.stop()
        thread.join(5)
    assert caplog.records == []
