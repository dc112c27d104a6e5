"""Sends the same requests to an address of a service several times, and records its answers."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct

from stacktest.core.readiness import GATEWAY_ERRORS
from stacktest.errors import StacktestError
from stacktest.init.look.answer import LONGEST, RecordedAnswer
from stacktest.init.look.findings import LANDING
from stacktest.init.look.look import Visit

if TYPE_CHECKING:
    import httpx

PATIENCE = 5.0
"""Seconds for one request."""
TIMES = 3
"""How often each request is repeated, to see which parts of the answer change."""
_MOST_MOVES = 5

Connect = Callable[..., "httpx.Client"]
"""A new client, without cookies; `options` are httpx's own."""
IsOwn = Callable[[str, int], bool]
"""Whether an answer with this status to this path counts as the service's own."""


class Address(Struct, frozen=True, kw_only=True):
    """An address of a service, and the call by which a test uses it."""

    service: str
    client: str
    connect: Connect
    is_own: IsOwn
    host: str = ""
    prefix: str = ""
    port: int = 0


def visit(address: Address, paths: Iterable[str]) -> Visit | str:
    """The answers of the address to each path; a sentence if it does not answer."""
    first = _ask(address, LANDING)
    if isinstance(first, str):
        return first
    if first.answer.status in GATEWAY_ERRORS:
        return f"answers {first.answer.status}"
    answers, credited = dict[str, tuple[RecordedAnswer, ...]](), set[str]()
    for path in (LANDING, *(path for path in paths if path != LANDING)):
        exchanges = [item for _ in range(TIMES) if not isinstance(item := _ask(address, path), str)]
        if len(exchanges) == TIMES:
            answers[path] = tuple(exchange.answer for exchange in exchanges)
            credited |= {path} if all(exchange.is_own for exchange in exchanges) else set()
    if (last := _ask(address, LANDING)) and not isinstance(last, str) and LANDING in answers:
        # Some time after the others, to see parts that change with time.
        answers[LANDING] = (*answers[LANDING], last.answer)
    return Visit(
        service=address.service,
        client=address.client,
        host=address.host,
        prefix=address.prefix,
        answers=answers,
        credited=frozenset(credited),
        port=address.port,
    )


# Private


class _Exchange(Struct, frozen=True, kw_only=True):
    answer: RecordedAnswer
    is_own: bool


def _ask(address: Address, path: str) -> _Exchange | str:
    """The answer after redirects on the same host, or why there is none."""
    import httpx

    is_own = False
    try:
        with address.connect(timeout=PATIENCE) as client:
            response = client.get(address.prefix + path)
            moves = 0
            while moves <= _MOST_MOVES:
                is_own |= address.is_own(response.url.path, response.status_code)
                if response.next_request is None or not _is_same_host(response):
                    break
                response = client.send(response.next_request)
                moves += 1
            return _Exchange(answer=_recorded(response, moves), is_own=is_own)
    except httpx.HTTPError as error:
        return str(error) or type(error).__name__
    except StacktestError as error:
        return error.what
    except OSError as error:
        return str(error)


def _is_same_host(response: "httpx.Response") -> bool:
    target: Any = response.next_request
    return urlsplit(str(target.url)).netloc == urlsplit(str(response.url)).netloc


def _recorded(response: "httpx.Response", moves: int) -> RecordedAnswer:
    return RecordedAnswer(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        text=response.text[:LONGEST],
        moves=moves,
    )
