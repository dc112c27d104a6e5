"""Host names in Traefik labels: `traefik.http.routers.NAME.rule` and the port of its service."""

import re
from collections.abc import Iterator, Mapping

from stacktest.adapters.routes.upstream import main_first
from stacktest.core.model import Route, Service, Stack
from stacktest.errors import UsageError


def read_traefik(stack: Stack) -> tuple[Route, ...]:
    """Routes that the labels of every service declare."""
    return main_first(
        [route for service in stack.services.values() for route in _routes(service, stack)]
    )


# Private

_RULE = re.compile(r"traefik\.http\.routers\.([^.]+)\.rule", re.IGNORECASE)
_HOST = re.compile(r"(?<![A-Za-z!])Host\(([^)]*)\)")
_NOT = re.compile(r"!\s*Host\([^)]*\)")
_PATH = re.compile(r"(?<![A-Za-z!])(PathPrefix|Path)\(([^)]*)\)")
_OTHER = re.compile(
    r"(?<![A-Za-z])(!\s*\w+|HostRegexp|Headers?|Method|Query|ClientIP|PathRegexp)\("
)
_QUOTED = re.compile(r"""[`"']([^`"']+)[`"']""")


def _routes(service: Service, stack: Stack) -> Iterator[Route]:
    if service.labels.get("traefik.enable", "true").lower() == "false":
        return
    for label, rule in service.labels.items():
        named = _RULE.fullmatch(label)
        if not named:
            continue
        where = f"services.{service.name}.labels.{label}"
        port = _port(service.labels, named[1], where)
        upstream = f"{service.name}:{port}" if port else service.name
        for host in _hosts(rule, where):
            yield Route(
                host=host or stack.domain or "localhost",
                service=service.name,
                port=port,
                match=_match(rule),
                where=where,
                upstream=upstream,
            )


def _hosts(rule: str, where: str) -> tuple[str, ...]:
    plain = _NOT.sub("", rule)
    hosts = [name.lower() for inner in _HOST.findall(plain) for name in _QUOTED.findall(inner)]
    if _HOST.search(plain) and not hosts:
        raise UsageError(
            f"the Traefik rule names no host: {rule}",
            where=where,
            hint="write Host(`app.example.test`)",
            code="SK-ROUTES",
        )
    # A rule by path alone answers under every name.
    return tuple(dict.fromkeys(hosts)) or (("",) if _PATH.search(rule) else ())


def _match(rule: str) -> str:
    if _OTHER.search(rule):
        return f"@{rule}"
    paths = [
        f"{path}*" if kind == "PathPrefix" else path
        for kind, inner in _PATH.findall(rule)
        for path in _QUOTED.findall(inner)
    ]
    if len(paths) > 1:
        return f"@{rule}"
    return "" if paths in ([], ["/*"]) else paths[0]


def _port(labels: Mapping[str, str], router: str, where: str) -> int | None:
    service = labels.get(f"traefik.http.routers.{router}.service", "")
    ending = ".loadbalancer.server.port"
    ports = {
        label.removeprefix("traefik.http.services.")[: -len(ending)]: value
        for label, value in labels.items()
        if label.startswith("traefik.http.services.") and label.endswith(ending)
    }
    text = ports.get(service) or (next(iter(ports.values())) if len(ports) == 1 else "")
    if text and not text.isdecimal():
        raise UsageError(f"'{text}' is no port number", where=where, code="SK-ROUTES")
    return int(text) if text else None
