"""pytest-playwright's own fixtures, with the stack's names resolved and its CA trusted.

    playwright                   the driver trusts the CA for `page.request`
    browser_type_launch_args     the browser resolves names through the proxy and trusts the CA
    new_context                  every answer is noted for the test, pages and `page.request` alike

In a run without a stack they are pytest-playwright's, unchanged. Verification stays on everywhere.
"""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from stacktest.errors import ToolMissingError, UsageError
from stacktest.keys import RUNNING

if TYPE_CHECKING:
    from stacktest.running import RunningStack

ARGUMENTS = (
    # The proxy alone resolves names; whatever goes round it finds nothing.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--dns-prefetch-disable",
    "--disable-domain-reliability",
    "--disable-quic",
    "--no-pings",
)
"""Chromium talks to nobody but the stack, and by TCP, where the proxy sees it."""

WEAKENING = {
    "ignore_https_errors": "switches the verification of certificates off",
    # Playwright tells the browser to ignore certificate errors in such a context, and then checks
    # only the origins that a client certificate is meant for.
    "client_certificates": "makes Playwright skip the verification of other certificates",
}
"""Options of a context under which a wrong certificate would go unnoticed."""


@pytest.fixture(scope="session")
def playwright(request: pytest.FixtureRequest) -> Any:
    """pytest-playwright's driver, started so that `page.request` trusts the stack's CA.

    Override this fixture if the driver must run elsewhere.
    """
    stack = _running(request)
    if stack is None:
        return request.getfixturevalue("playwright")
    from stacktest.adapters.trust import node_environment

    with _environment(node_environment(request.getfixturevalue("stack_ca"))):
        return request.getfixturevalue("playwright")


@pytest.fixture(scope="session")
def base_url(request: pytest.FixtureRequest) -> str | None:
    """Where `page.goto("/")` leads: `--base-url`, else the stack's bare domain.

    Override this fixture if relative addresses mean another host.
    """
    stack = _running(request)
    if stack is None:
        given: str | None = request.getfixturevalue("base_url")
        return given
    from stacktest.visits import url_of

    option: str | None = request.config.getoption("base_url", None)
    return option or (url_of(stack, stack.model.domain) if stack.model.domain else None)


@pytest.fixture(scope="session")
def browser_home(stack: RunningStack, stack_ca: Path | None) -> dict[str, str]:
    """Variables of a throw-away home whose browser trusts the stack's CA.

    Override this fixture if the browser needs a home of its own, with fonts or policies.
    """
    from stacktest.adapters.trust import browser_home as make_home

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    cache = stack.config.root / ".stacktest" / "trust"
    return make_home(stack_ca, stack.scratch / f"browser-{worker}", cache=cache)


@pytest.fixture(scope="session")
def browser_nest(stack: RunningStack) -> Iterator[Callable[[str], str]]:
    """A browser's program → the program that runs it in a network of its own, where that can be.

    Override this fixture if the browser must share this machine's network: return
    `lambda program: program`.
    """
    if not stack.proxy_url:
        yield lambda program: program
        return
    from stacktest.adapters.names import ConnectProxy
    from stacktest.adapters.nest import nested

    port = urlsplit(stack.proxy_url).port or 0
    # A short path: socket files may have no more than 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="stacktest-nest-"))
    proxy = ConnectProxy(stack.names)
    proxy.start_on_file(folder / "proxy")
    yield functools.partial(nested, socket=folder / "proxy", port=port, wrapper=folder / "browser")
    proxy.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    """pytest-playwright's launch options, and the way to the stack.

    Override this fixture if the browser needs other arguments; start from this one's value.
    """
    stack = _running(request)
    if stack is None:
        return browser_type_launch_args
    given = dict(browser_type_launch_args)
    if stack.proxy_url:
        given["proxy"] = {"server": stack.proxy_url}
    if request.getfixturevalue("browser_name") != "chromium":
        return given | _trusting(request, stack)
    given["env"] = {**os.environ, **request.getfixturevalue("browser_home")}
    given["args"] = [*given.get("args", ()), *ARGUMENTS]
    # Root cannot use the sandbox; everybody else shall.
    given.setdefault("chromium_sandbox", os.geteuid() != 0)
    if not given.get("channel"):
        program = given.get("executable_path") or _executable(
            request, headless=given.get("headless", True)
        )
        given["executable_path"] = request.getfixturevalue("browser_nest")(program)
    return given


@pytest.fixture(scope="session")
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    """pytest-playwright's context options; none of them may switch verification off.

    Override this fixture if pages need another size, language or time zone.
    """
    if _running(request) is not None:
        _refuse_weakening(browser_context_args)
    return browser_context_args


@pytest.fixture
def new_context(
    new_context: Callable[..., Any], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Any]]:
    """pytest-playwright's factory; what its pages and requests get answered is noted.

    Override this fixture if contexts need a storage state of their own.
    """
    stack = _running(request)
    if stack is None:
        yield new_context
        return

    marker = request.node.get_closest_marker("browser_context_args")
    _refuse_weakening(marker.kwargs if marker else {})

    def watched(**options: Any) -> Any:
        _refuse_weakening(options)
        context = new_context(**options)
        watch(context, functools.partial(_note, request.node, stack))
        return context

    yield watched


def watch(context: Any, tell: Callable[[Any], None]) -> None:
    """Tell of every response to pages of the context, and to its `request`."""
    context.on("response", tell)
    # Requests of the API kind raise no event on the context: their methods are wrapped instead.
    for name in ("fetch", "get", "post", "put", "patch", "delete", "head"):
        setattr(context.request, name, _telling(getattr(context.request, name), tell))


# Private


def _running(request: pytest.FixtureRequest) -> RunningStack | None:
    return request.config.stash.get(RUNNING, None)


def _trusting(request: pytest.FixtureRequest, stack: RunningStack) -> dict[str, Any]:
    """Launch options with which Playwright's Firefox or WebKit trusts the stack's CA."""
    from stacktest.adapters.trust import firefox_environment, with_system_trust

    ca: Path | None = request.getfixturevalue("stack_ca")
    if request.getfixturevalue("browser_name") == "firefox":
        return {"env": {**os.environ, **firefox_environment(ca, stack.scratch)}}
    program = request.getfixturevalue("browser_type").executable_path
    return {"executable_path": with_system_trust(program, ca, stack.scratch)}


def _refuse_weakening(options: Mapping[str, Any]) -> None:
    for name, why in WEAKENING.items():
        if options.get(name):
            raise UsageError(
                f"the browser option {name} {why}",
                where="browser_context_args or new_context",
                hint="trust the stack's CA with `ca` under [stack]; for client certificates use "
                "the fixture `api` with a `tls_context` of your own",
                code="SK-TLS",
            )


def _note(node: pytest.Item, stack: RunningStack, response: Any) -> None:
    from stacktest.visits import note_answer

    if not getattr(response, "from_service_worker", False) and not _is_the_proxys(response):
        note_answer(node, stack, response.url, response.status)


def _is_the_proxys(response: Any) -> bool:
    from stacktest.adapters.names import OWN_ANSWER

    return OWN_ANSWER.lower() in response.headers


def _telling(method: Callable[..., Any], tell: Callable[[Any], None]) -> Callable[..., Any]:
    @functools.wraps(method)
    def asked(*args: Any, **options: Any) -> Any:
        response = method(*args, **options)
        if _is_the_proxys(response):
            # Playwright takes the refusal of a tunnel for the answer of the host itself.
            raise UsageError(response.text().strip(), where=response.url, code="SK-NAMES")
        tell(response)
        return response

    return asked


def _executable(request: pytest.FixtureRequest, *, headless: bool) -> str:
    from stacktest.adapters.browsers import WITHOUT_WINDOW, find_chromium

    own: str = request.getfixturevalue("browser_type").executable_path
    if found := find_chromium(headless=headless, own=own):
        return found
    raise ToolMissingError(
        "no Chromium: neither Playwright's own build nor one on PATH",
        where="browser",
        hint=f"apt-get install {WITHOUT_WINDOW} (Debian), or: playwright install chromium",
    )


class _environment:  # noqa: N801 - reads as a verb where it is used
    """Sets variables for the processes that are started within."""

    def __init__(self, variables: dict[str, str]) -> None:
        self._variables = variables
        self._before = {name: os.environ.get(name) for name in variables}

    def __enter__(self) -> None:
        os.environ.update(self._variables)

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
