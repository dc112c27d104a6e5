"""Compares the keys that name other containers: links, and `volumes_from`."""

import re
from collections.abc import Iterator

from stacktest.core.freshness.container.row import Created, Row
from stacktest.core.freshness.container.values import ANY
from stacktest.core.json_data import Json


def _links(container: Created) -> Json:
    """Pairs of target and alias in `links` and `external_links`."""
    pairs = [
        (name, alias or name)
        for name, _, alias in (
            str(link).partition(":") for link in container.definition.get("links") or ()
        )
    ]
    external = container.definition.get("external_links") or ()
    for name, _, alias in (str(link).partition(":") for link in external):
        pairs += _counted(container, name, alias or name)
    return sorted(set(pairs)) or None


def _actual_links(container: Created) -> Json:
    texts = {
        str(link)
        for endpoint in container.networks.values()
        for link in endpoint.get("Links") or ()
    }
    pairs: set[tuple[str, str]] = set()
    for name, _, alias in (text.partition(":") for text in texts):
        pairs.update(_counted(container, name, alias))
    return sorted(pairs) or None


def _counted(container: Created, name: str, alias: str) -> Iterator[tuple[str, str]]:
    """The pair with the service's name, without aliases that Compose adds to every link."""
    service = _service_of(container, name)
    if service is None:
        yield name, alias
    elif alias != name and not re.fullmatch(rf"{re.escape(service)}[-_]\d+", alias):
        yield service, alias


def _service_of(container: Created, name: str) -> str | None:
    """The service of the stack whose container has that name."""
    for service in container.stack.services.values():
        usual = rf"{re.escape(container.stack.name)}[-_]{re.escape(service.name)}[-_]\d+"
        if name == service.container_name or re.fullmatch(usual, name):
            return service.name
    return None


def _lenders(container: Created) -> Json:
    """Services in `volumes_from`; `:ro` does not count, since some versions of Compose drop it."""
    return sorted(_lender(str(item)) for item in container.definition.get("volumes_from") or ())


def _actual_lenders(container: Created) -> Json:
    """Services whose volumes the engine mounts; ANY if one's container is gone: see `drift`."""
    lenders = [_lender(str(item)) for item in container.host.get("VolumesFrom") or ()]
    services = {id_: service for service, ids in container.containers.items() for id_ in ids}
    declared = _lenders(container)
    if declared and any(name not in services and name not in declared for name in lenders):
        return ANY
    return sorted(services.get(name, name) for name in lenders)


def _lender(text: str) -> str:
    return text.removeprefix("container:").partition(":")[0]


ROWS: tuple[Row, ...] = (
    Row(key="links", expected=_links, actual=_actual_links, firm=False),
    Row(key="volumes_from", expected=_lenders, actual=_actual_lenders, usual=lambda _: ([],)),
)
