"""The errors of a browser server: each names the server, the fault and the next command."""

from stacktest.core.browser_endpoint import CODE, WHERE, Endpoint
from stacktest.errors import ToolMissingError


def unreachable(endpoint: Endpoint, why: str) -> ToolMissingError:
    """No server answers at the address."""
    return _error(endpoint, f"cannot be reached: {why}", _start(endpoint))


def refused(endpoint: Endpoint, status: str) -> ToolMissingError:
    """A server answers, but refuses the path or the token."""
    hint = "compare the end of the address with the server's `--path`, then: stacktest doctor"
    return _error(endpoint, f"refuses the address or its token ({status})", hint)


def other_version(endpoint: Endpoint, server: str, client: str) -> ToolMissingError:
    """The server's version of Playwright differs from this machine's."""
    what = f"speaks Playwright {server}, and this machine {client}: they have to be the same"
    return _error(endpoint, what, f"pip install 'playwright=={server}.*'")


def without_engine(endpoint: Endpoint, engine: str, why: str) -> ToolMissingError:
    """The server cannot start this kind of browser."""
    hint = f"on that machine: playwright install --with-deps {engine}"
    return _error(endpoint, f"cannot start {engine}: {why}", hint)


def without_network(endpoint: Endpoint) -> ToolMissingError:
    """The server started its browser before a client connected, with the server's own network."""
    what = "does not let its browser use this machine's network, as `launch-server` does not"
    return _error(endpoint, what, _start(endpoint))


def untrusting(endpoint: Endpoint) -> ToolMissingError:
    """The server's browsers do not trust the stack's CA."""
    hint = "make it known there: docs/how-to/use-a-remote-browser.md"
    return _error(endpoint, "does not trust the stack's CA", hint)


def went_away(endpoint: Endpoint, why: str) -> ToolMissingError:
    """The connection ended while tests ran."""
    what = f"went away while tests ran{f': {why}' if why else ''}"
    return _error(endpoint, what, "stacktest doctor")


# Private


def _error(endpoint: Endpoint, what: str, hint: str) -> ToolMissingError:
    sentence = f"the browser server at {endpoint.shown} {what}"
    return ToolMissingError(sentence, where=WHERE, hint=hint, code=CODE)


def _start(endpoint: Endpoint) -> str:
    return (
        "on that machine: playwright run-server --host 0.0.0.0 "
        f"--port {endpoint.port} --path /TOKEN"
    )
