"""Notifies other programs over HTTP: channels for messages, and monitoring programs.

| kind         | when      | request                                                         |
|--------------|-----------|-----------------------------------------------------------------|
| webhook      | news      | POST, the document as JSON                                      |
| ntfy         | news      | POST to the topic, the text; title, priority and tag as headers |
| apprise      | news      | defined by the URL, for the library of that name                |
| gatus        | every run | POST /api/v1/endpoints/GROUP_NAME/external?success=…&error=…    |
| kuma         | every run | GET of the push URL with status, msg                            |
| healthchecks | every run | POST URL/start, then URL or URL/fail, with the text             |

Addresses and tokens are secrets: no result of this module, no exception and no log holds one.
"""

import dataclasses
import logging
import ssl
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from msgspec import Struct, field

from stacktest.core.json_data import Json

Kind = Literal["webhook", "ntfy", "apprise", "gatus", "kuma", "healthchecks"]
WATCHERS = frozenset({"gatus", "kuma", "healthchecks"})
"""Kinds that are notified at every run, since they treat a missing message as a failure."""
SECONDS = 5.0
"""Largest number of seconds of a request: a notification must not delay a run."""
NOT_FOUND = 404
LONGEST = 200
"""Largest number of characters of a reason in a URL."""
_KUMA = frozenset({"status", "msg", "ping"})
_GATUS = str.maketrans("/_., #", "------")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A channel: where and how to send messages."""

    kind: Kind
    url: str = dataclasses.field(repr=False)
    token: str = dataclasses.field(default="", repr=False)
    group: str = ""
    each: str = "service"


class Message(Struct, frozen=True, kw_only=True):
    """A message: as text, as a document, and as good or bad (`well`)."""

    title: str
    text: str
    document: Json
    well: bool
    services: Mapping[str, str] = field(default_factory=dict)
    """Service → why it is not functional; empty if it is functional."""


def send(target: Target, message: Message, context: ssl.SSLContext) -> str:
    """Send the message; empty if it was accepted, else why it was not, without secrets."""
    if target.kind == "apprise":
        return _apprise(target, message)
    calls = {
        "webhook": _webhook,
        "ntfy": _ntfy,
        "gatus": _gatus,
        "kuma": _kuma,
        "healthchecks": _healthchecks,
    }[target.kind](target, message)
    return _deliver(calls, context, one_is_enough=target.kind == "gatus")


def send_start(target: Target, context: ssl.SSLContext) -> str:
    """Notify a dead-man switch of a run's start; do nothing for other kinds."""
    if target.kind != "healthchecks":
        return ""
    return _deliver([_Call("POST", _below(target.url, "/start"))], context)


# Private, what is asked


class _Call(Struct, frozen=True):
    method: str
    url: str
    more: Mapping[str, Any] = field(default_factory=dict)


def _webhook(target: Target, message: Message) -> Iterable[_Call]:
    yield _Call("POST", target.url, {"json": message.document, "headers": _bearer(target)})


def _ntfy(target: Target, message: Message) -> Iterable[_Call]:
    headers = {
        "Title": message.title,
        "Priority": "default" if message.well else "high",
        "Tags": "white_check_mark" if message.well else "warning",
    }
    content = {"content": message.text.encode(), "headers": headers | _bearer(target)}
    yield _Call("POST", target.url, content)


def _gatus(target: Target, message: Message) -> Iterable[_Call]:
    """One result per service that Gatus knows, or one for the stack."""
    whole = {"stack": "" if message.well else message.title}
    for name, why in (whole if target.each == "stack" else message.services).items():
        key = "_".join(part.lower().translate(_GATUS) for part in (target.group, name))
        params = {"success": "false" if why else "true"}
        params |= {"error": why[:LONGEST]} if why else {}
        url = f"{_base(target.url)}/api/v1/endpoints/{key}/external"
        yield _Call("POST", url, {"params": params, "headers": _bearer(target)})


def _kuma(target: Target, message: Message) -> Iterable[_Call]:
    """Replace the example values in the query of Kuma's push URL, which people copy with it."""
    status = "up" if message.well else "down"
    own = {"status": status, "msg": message.title[:LONGEST]}
    others = [(name, value) for name, value in _query(target.url) if name not in _KUMA]
    yield _Call("GET", _base(target.url), {"params": [*others, *own.items()]})


def _healthchecks(target: Target, message: Message) -> Iterable[_Call]:
    content = {"content": f"{message.title}\n{message.text}".encode()}
    yield _Call("POST", _below(target.url, "" if message.well else "/fail"), content)


def _bearer(target: Target) -> dict[str, str]:
    return {"Authorization": f"Bearer {target.token}"} if target.token else {}


def _below(url: str, path: str) -> str:
    """The URL with `path` appended to its path; a query, such as `?create=1`, stays."""
    scheme, host, own, query, _ = urlsplit(url)
    return urlunsplit((scheme, host, own.rstrip("/") + path, query, ""))


def _query(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def _base(url: str) -> str:
    """The URL without its query and without a final slash."""
    return urlunsplit((*urlsplit(url)[:3], "", "")).rstrip("/")


# Private, how it is asked


def _deliver(
    calls: Iterable[_Call], context: ssl.SSLContext, *, one_is_enough: bool = False
) -> str:
    """Send the requests; empty, or why it failed. Gatus may not know some of the services."""
    import httpx

    unknown, delivered = "", False
    try:
        with _silent(), httpx.Client(timeout=SECONDS, verify=context) as client:
            for call in calls:
                why = _refusal(client.request(call.method, call.url, **call.more))
                if why and not (one_is_enough and why == _refused(NOT_FOUND)):
                    return why
                unknown, delivered = why or unknown, delivered or not why
    except httpx.TimeoutException:
        return f"no answer within {SECONDS:g} s"
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError):
        return "the address is not an http or https URL"
    except httpx.ConnectError as error:
        is_trust = "certificate" in str(error).lower()
        return "its certificate is not trusted" if is_trust else "cannot be reached"
    except httpx.HTTPError as error:
        return f"could not be told ({type(error).__name__})"
    return "" if delivered else unknown


def _refusal(answer: Any) -> str:
    """Empty if the response is a success. Two programs refuse with status 200 and a body."""
    if not answer.is_success:
        return _refused(answer.status_code)
    reply = answer.text.strip()
    if reply.startswith("OK ("):
        return f"answered {reply[:60]}"
    return "answered that it does not know the address" if reply.startswith('{"ok":false') else ""


def _refused(status: int) -> str:
    return f"answered {status}"


def _apprise(target: Target, message: Message) -> str:
    try:
        import apprise
    except ImportError:
        return "apprise is not installed: pip install 'stacktest[apprise]'"
    sender = apprise.Apprise()
    with _silent(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports modules that Python will remove
        if not sender.add(target.url.split()):
            return "apprise does not know the address"
        kind = apprise.NotifyType.SUCCESS if message.well else apprise.NotifyType.WARNING
        delivered = sender.notify(
            title=message.title, body=_without_mentions(message.text), notify_type=kind
        )
    return "" if delivered else "apprise could not deliver it"


def _without_mentions(text: str) -> str:
    """The text with `@` made harmless: a chat would notify people named after it."""
    return text.replace("@", "@\u200b")


@contextmanager
def _silent() -> Iterator[None]:
    """Disable logging within the context: the HTTP libraries log URLs, which pytest may store."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
