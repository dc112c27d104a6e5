"""Judges the front door's answer for the host name of a service that is being started.

answer                                        means
certainly of the service, by its routes       ready
perhaps of the front door itself              not enough: the service's port has to listen, too
502, 503, 504, no connection                  not yet; `upstream_watch` decides when to give up
a certificate that is not trusted, or no CA   SK-CA: waiting does not change it
a certificate for other names, or too old     SK-TLS: waiting does not change it
a name or port that cannot be reached         SK-NAMES: waiting does not change it
"""

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from stacktest.adapters.startup.tracked_container import DoorAnswer, OwnAnswer
from stacktest.core.changed_copy import replace
from stacktest.core.numbers import content_length
from stacktest.core.readiness import GATEWAY_ERRORS, PERSISTENT, PersistentFailure
from stacktest.core.routing import Request, answerers, inner_port, origin, usual_port
from stacktest.errors import UsageError

if TYPE_CHECKING:
    import httpx

    from stacktest.adapters.names import NameMap
    from stacktest.bootstrap.context import Project

PATIENCE = 3.0
"""Seconds for one request."""
_MAKING = 30.0
"""Seconds in which a front door that makes its own CA has written it."""
Unreached = Callable[[str, str], str | PersistentFailure]
"""A service and the front door's answer → the answer, or a refusal if waiting is useless."""


def door_answer(
    project: "Project",
    service: str,
    host: str,
    *,
    unreached: Unreached = lambda _, answer: answer,
) -> DoorAnswer:
    """Empty if the service itself answers for `host` through the front door, else the reason.

    `unreached` judges an answer such as 502: the front door does not reach the service.
    """
    import httpx

    from stacktest.adapters.names import http_client
    from stacktest.adapters.tls import client_context

    names, routes = project.names, project.stack.routes
    url = origin(names.doors, host, routes, service)
    target = httpx.URL(url)
    address = names.resolve(host, target.port or usual_port(target.scheme))
    if not isinstance(address, tuple):
        if not _has_door(names) and _publishes(project):
            # The engine has not chosen the port yet, or another project's front door is starting.
            return f"{url}/ does not answer: the front door does not run"
        return PersistentFailure(f"cannot be reached by its name: {address.why}", "SK-NAMES")
    try:
        context = client_context(project.readable_ca)
    except UsageError as error:
        return _without_ca(project, error)
    with http_client(names, context, url, timeout=PATIENCE) as client:
        try:
            response = client.get("/")
        except httpx.HTTPError as error:
            refusal = _certificate_error(error)
            if refusal:
                return replace(_untrusted(url, refusal), patience=_patience(project))
            return f"{url}/ does not answer: {error}"
    return _judge(project, names, service, response, unreached)


# Private

_UNTRUSTED = frozenset({18, 19, 20, 21})
"""OpenSSL's error numbers for a certificate without a trusted signer."""


def _judge(
    project: "Project",
    names: "NameMap",
    service: str,
    response: "httpx.Response",
    unreached: Unreached,
) -> DoorAnswer:
    url, status = response.url, response.status_code
    if status in GATEWAY_ERRORS:
        return unreached(service, f"{url} answers {status}")
    port = inner_port(names.doors, url.port or usual_port(url.scheme))
    length = content_length(response.headers)
    request = Request(host=url.host, path=url.path, port=port, method="GET", length=length)
    if answerers(project.stack.routes, request, status) == {service}:
        return ""
    return OwnAnswer(f"{url} answers {status}, which may be the front door's own answer")


def _without_ca(project: "Project", error: UsageError) -> PersistentFailure:
    why = f"cannot be tested: {error.what}"
    return PersistentFailure(why, error.code, error.hint, _patience(project))


def _patience(project: "Project") -> float:
    """Longer where the front door makes its own CA: it writes the file while it starts."""
    return _MAKING if project.makes_its_ca else PERSISTENT


def _has_door(names: "NameMap") -> bool:
    """Whether a port of the front door can be reached now."""
    if names.moved is None:
        return bool(names.doors)
    return any(address in names.moved for address in names.doors.values())


def _publishes(project: "Project") -> bool:
    """Whether the front door will have a port once its container runs."""
    door = project.stack.services.get(project.stack.front_door)
    return door is not None and any(port.protocol == "tcp" for port in door.ports)


def _certificate_error(error: BaseException) -> ssl.SSLCertVerificationError | None:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _untrusted(url: str, error: ssl.SSLCertVerificationError) -> PersistentFailure:
    why = f"cannot be tested: the certificate of {url} is refused ({error.verify_message})"
    if error.verify_code in _UNTRUSTED:
        hint = "name the CA that signed it as `ca` under [stack] in stacktest.toml"
        return PersistentFailure(why, "SK-CA", hint)
    return PersistentFailure(why, "SK-TLS", "make a certificate for this name that is valid today")
