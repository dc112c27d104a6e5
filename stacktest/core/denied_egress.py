"""The stack with networks that reach only its own containers: `[stack] egress = "deny"`.

in the files                             in a run
networks                                 internal: the engine gives them no route outside
`dns` or `dns_opt` of a service          as they are, within these networks
neither                                  none: the engine resolves only the stack's own names
an external network, `network_mode` of   refused: stacktest cannot close what it does not make
the host, the engine or a container
"""

from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.shared_network import network_mode
from stacktest.errors import UsageError

NO_NAME_SERVER: Json = {"dns": ["127.0.0.1"], "dns_opt": ["timeout:1", "attempts:2"]}
"""Keys that leave a service without a name server: the address refuses, and waits are short."""


def deny_egress(stack: Stack) -> Stack:
    """The stack with internal networks only; UsageError if a service could still get outside."""
    networks = stack.definitions.get("networks") or {}
    for service in stack.services.values():
        _refuse_ways_out(service, networks)
    used = {key for service in stack.services.values() for key in service.networks}
    closed = {key: {**(networks.get(key) or {}), "internal": True} for key in sorted(used)}
    return replace(
        stack,
        services={name: _closed(service) for name, service in stack.services.items()},
        definitions={**stack.definitions, "networks": {**networks, **closed}},
        denies_egress=True,
    )


def asks_nobody(stack: Stack, service: str) -> bool:
    """Whether the service has no name server because the stack denies egress."""
    definition = stack.services[service].definition or {}
    return stack.denies_egress and definition.get("dns") == NO_NAME_SERVER["dns"]


# Private


def _refuse_ways_out(service: Service, networks: Json) -> None:
    mode = network_mode(service)
    if mode and mode != "none" and not mode.startswith("service:"):
        raise UsageError(
            f"{service.name} has `network_mode: {mode}`, which leads outside of the stack",
            where=f"services.{service.name}.network_mode",
            hint='give it a network of the stack, or take `egress = "deny"` away',
        )
    for key in service.networks:
        if (networks.get(key) or {}).get("external"):
            raise UsageError(
                f"the network {key} of {service.name} is external, so stacktest cannot close it",
                where=f"networks.{key}.external",
                hint='let the stack make it, or take `egress = "deny"` away',
            )


def _closed(service: Service) -> Service:
    definition = service.definition
    if not service.networks or definition is None:
        return service
    if definition.get("dns") or definition.get("dns_opt"):
        return service
    return replace(service, definition={**definition, **NO_NAME_SERVER})
