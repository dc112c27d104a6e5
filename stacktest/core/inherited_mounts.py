"""The mounts that `volumes_from` gives a service: those of other services of the stack."""

from collections.abc import Iterator

from stacktest.core.changed_copy import replace
from stacktest.core.model import Mount, Service, Stack


def inherited_mounts(stack: Stack, service: Service) -> tuple[Mount, ...]:
    """Mounts of the services that `volumes_from` names, followed transitively."""
    return tuple(_inherited(stack, service, frozenset({service.name})))


# Private


def _inherited(stack: Stack, service: Service, visited: frozenset[str]) -> Iterator[Mount]:
    definition = service.definition if isinstance(service.definition, dict) else {}
    for entry in definition.get("volumes_from") or ():
        name, _, mode = str(entry).partition(":")
        source = stack.services.get(name)
        # `container:name` is a container outside of this stack.
        if source is None or name in visited:
            continue
        for mount in (*source.mounts, *_inherited(stack, source, visited | {name})):
            yield replace(mount, read_only=True) if mode == "ro" else mount
