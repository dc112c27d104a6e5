"""Compares the keys about networks, ports, names, and shared name spaces."""

from stacktest.core.freshness.container.row import Created, Row, scalar
from stacktest.core.freshness.container.values import (
    ANY,
    exposed_ports,
    options,
    port_bindings,
    reference,
    texts,
)
from stacktest.core.json_data import Json


def real_names(container: Created) -> dict[str, Json]:
    """Name of a network on the engine → its entry in the service definition."""
    definitions = container.stack.definitions.get("networks") or {}
    return {
        (definitions.get(name) or {}).get("name") or f"{container.stack.name}_{name}": wishes or {}
        for name, wishes in (container.definition.get("networks") or {"default": None}).items()
    }


def _aliases(container: Created, wishes: Json) -> set[str]:
    """The aliases that it needs on a network: Compose adds the name of the service."""
    return {container.service.name, *texts(wishes.get("aliases"))}


def _networks(container: Created) -> Json:
    if container.definition.get("network_mode"):
        return None
    return {
        name: [
            sorted(_aliases(container, wishes)),
            wishes.get("ipv4_address") or "",
            wishes.get("ipv6_address") or "",
        ]
        for name, wishes in real_names(container).items()
    }


def _actual_networks(container: Created) -> Json:
    """The networks that it is on, with those of its aliases that the definition requires."""
    if container.definition.get("network_mode"):
        return None
    declared, rows = real_names(container), {}
    for name, endpoint in container.networks.items():
        wanted = _aliases(container, declared.get(name, {}))
        address = endpoint.get("IPAMConfig") or {}
        rows[name] = [
            sorted(wanted & set(texts(endpoint.get("Aliases")))),
            address.get("IPv4Address") or "",
            address.get("IPv6Address") or "",
        ]
    return rows


def _endpoints(container: Created) -> Json:
    """The settings of a network's entry beside aliases and addresses."""
    if container.definition.get("network_mode"):
        return None
    rows = {
        name: _filled(wishes, wishes.get("link_local_ips"), wishes.get("mac_address"), wishes)
        for name, wishes in real_names(container).items()
    }
    return {name: row for name, row in rows.items() if row} or None


def _actual_endpoints(container: Created) -> Json:
    """The container's settings on its networks; of driver options only those in the definition."""
    declared, rows = real_names(container), {}
    for name, endpoint in container.networks.items():
        addresses = (endpoint.get("IPAMConfig") or {}).get("LinkLocalIPs")
        given = {"driver_opts": endpoint.get("DriverOpts")}
        rows[name] = _filled(given, addresses, endpoint.get("MacAddress"), declared.get(name, {}))
    return {name: row for name, row in rows.items() if row} or None


def _filled(given: Json, addresses: Json, mac: Json, wishes: Json) -> Json:
    named = options(wishes.get("driver_opts"))
    rows = {
        "link_local_ips": texts(addresses),
        "mac_address": str(mac or "").lower() if wishes.get("mac_address") else "",
        "driver_opts": {n: v for n, v in options(given.get("driver_opts")).items() if n in named},
    }
    return {name: value for name, value in rows.items() if value}


def _extra_aliases(container: Created) -> Json:
    """Aliases that are not in the definition and do not come from Compose or the engine."""
    own = {container.service.name, container.name, container.short_id}
    own.add(container.config.get("Hostname") or "")
    declared = real_names(container)
    extra: set[str] = set()
    for name, endpoint in container.networks.items():
        extra |= set(texts(endpoint.get("Aliases"))) - set(
            texts(declared.get(name, {}).get("aliases"))
        )
    return sorted(extra - own) or None


def _exposed(container: Created) -> Json:
    inherited = container.of_image("ExposedPorts")
    if inherited == ANY:
        return ANY
    return sorted({*exposed_ports(container.definition), *texts(inherited)}) or None


def _actual_exposed(container: Created) -> Json:
    ports = container.config.get("ExposedPorts") or {}
    return sorted(port if "/" in port else f"{port}/tcp" for port in ports) or None


def _bindings(container: Created) -> Json:
    bindings = container.host.get("PortBindings") or {}
    return {
        port: sorted([item.get("HostIp") or "", item.get("HostPort") or ""] for item in rows or ())
        for port, rows in bindings.items()
    } or None


def _usual_hostname(container: Created) -> tuple[Json, ...]:
    mode = str(container.host.get("NetworkMode") or "")
    is_shared = mode == "host" or mode.startswith("container:") or container.host.get("UTSMode")
    return (ANY,) if is_shared else (container.short_id,)


def _usual_names(container: Created) -> tuple[Json, ...]:
    labels = container.config.get("Labels") or {}
    number = labels.get("com.docker.compose.container-number", "1")
    parts = (container.stack.name, container.service.name, number)
    return ("-".join(parts), "_".join(parts))


def _shared(key: str, name: str, *usual: Json, firm: bool = True) -> Row:
    """A row for a name space that can be shared with another service's container."""
    return Row(
        key=key,
        expected=lambda c: reference(
            c.definition.get(key), c.host.get(name), {**c.containers, **c.joined}
        ),
        actual=lambda c: c.host.get(name) or "",
        usual=lambda _: usual,
        firm=firm,
    )


ROWS: tuple[Row, ...] = (
    Row(key="networks", expected=_networks, actual=_actual_networks),
    Row(key="networks", expected=lambda _: None, actual=_extra_aliases, firm=False),
    # Older versions of Compose and of the engine drop some of these settings.
    Row(
        key="networks",
        expected=_endpoints,
        actual=_actual_endpoints,
        firm=False,
    ),
    # Without `network_mode` the rows of `networks` compare everything.
    _shared("network_mode", "NetworkMode", ANY),
    _shared("pid", "PidMode", ""),
    _shared("ipc", "IpcMode", "", "private", "shareable", firm=False),
    scalar("uts", "UTSMode", str, "", None),
    Row(
        key="ports",
        expected=lambda c: port_bindings(c.definition.get("ports")) or None,
        actual=_bindings,
    ),
    Row(key="expose", expected=_exposed, actual=_actual_exposed),
    Row(
        key="hostname",
        expected=lambda c: c.definition.get("hostname") or None,
        actual=lambda c: c.config.get("Hostname"),
        usual=_usual_hostname,
    ),
    Row(
        key="container_name",
        expected=lambda c: c.service.container_name or None,
        actual=lambda c: c.name,
        usual=_usual_names,
        firm=False,
    ),
)
