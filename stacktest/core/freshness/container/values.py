"""Converts values of a service definition and of `docker inspect` to one comparable form."""

from collections.abc import Iterable, Mapping

from stacktest.core.durations import parse_duration
from stacktest.core.json_data import Json
from stacktest.core.numbers import whole_number

ANY = "(any)"
"""A value that cannot be known: a row with it counts as equal."""


def flag(value: Json) -> bool:
    """A boolean; older versions of Compose write it as text."""
    return value is True or str(value).lower() == "true"


def amount(value: Json) -> int | None:
    """A whole number, which Compose writes as text or as a number."""
    return None if value is None else int(float(value))


def nano_cpus(value: Json) -> int:
    """Number of processors in the engine's unit, billionths."""
    return round(float(value) * 10**9)


def nanoseconds(value: Json) -> int | None:
    """A duration as Compose writes it, in the engine's unit; None where there is none."""
    seconds = parse_duration(value)
    return None if seconds is None else round(seconds * 10**9)


def whole_seconds(value: Json) -> int:
    """A duration in full seconds, as Compose hands the stop time-out to the engine."""
    return int(parse_duration(value) or 0)


def texts(values: Json) -> list[str]:
    """A set-like list, sorted; of a mapping the keys."""
    return sorted(str(value) for value in values or ())


def as_list(values: Json) -> list[str]:
    """A list whose order counts; a single string becomes a list of one."""
    return [values] if isinstance(values, str) else [str(value) for value in values or ()]


def options(values: Json) -> dict[str, str]:
    """Names and values as text, whether written as a mapping or as `name=value`."""
    if isinstance(values, list):
        return dict(str(value).partition("=")[::2] for value in values)
    return {str(name): _text(value) for name, value in (values or {}).items()}


def capabilities(values: Json) -> list[str]:
    """Capabilities without the prefix that newer engines write."""
    return sorted({str(value).upper().removeprefix("CAP_") for value in values or ()})


def hosts(values: Json) -> list[list[str]]:
    """`extra_hosts` as pairs: `name=address`, `name:address`, or a mapping of either."""
    if isinstance(values, dict):
        pairs = [(name, address) for name, item in values.items() for address in as_list(item)]
    else:
        pairs = [_host(str(value)) for value in values or ()]
    return sorted([str(name), str(address).strip("[]")] for name, address in pairs)


def tmpfs_options(values: Json) -> dict[str, str]:
    """Path → options, from entries like `/run:size=1m` or from the engine's mapping."""
    if isinstance(values, dict):
        return {str(path): str(value or "") for path, value in values.items()}
    return dict(str(value).partition(":")[::2] for value in as_list(values))


def ulimits(values: Json) -> dict[str, list[int]]:
    """Name → soft and hard limit; one number stands for both."""
    if isinstance(values, dict):
        return {
            str(name): [int(v["soft"]), int(v["hard"])] if isinstance(v, dict) else [int(v)] * 2
            for name, v in values.items()
        }
    return {str(v["Name"]): [int(v["Soft"]), int(v["Hard"])] for v in values or ()}


def devices(values: Json) -> list[list[str]]:
    """Device files as [on the host, in the container, permissions]."""
    rows = [_device(value) for value in values or ()]
    return sorted(row for row in rows if row[0].startswith("/"))


def security_options(values: Json) -> list[str]:
    """Options as `name=value`; for a seccomp profile, which is the content of a file, the name."""
    rows = []
    for value in texts(values):
        name, sign, rest = value.replace(":", "=", 1).partition("=")
        is_unset = (name, rest) in (("label", "disable"), ("no-new-privileges", "false"))
        if not is_unset:
            is_switch = rest == "true" or (name == "seccomp" and rest != "unconfined")
            rows.append(name if is_switch else f"{name}{sign}{rest}")
    return sorted(rows)


def exposed_ports(definition: Mapping[str, Json]) -> Iterable[str]:
    """Ports that the definition exposes, those that it publishes included: `80/tcp`."""
    for port in definition.get("expose") or ():
        text = str(port)
        yield text if "/" in text else f"{text}/tcp"
    for port in definition.get("ports") or ():
        if isinstance(port, dict):
            yield f"{port.get('target')}/{port.get('protocol') or 'tcp'}"


def port_bindings(ports: Json) -> dict[str, list[list[str]]]:
    """`80/tcp` → sorted [address, port] on the host; for an empty port the engine chooses one."""
    rows: dict[str, list[list[str]]] = {}
    for port in ports or ():
        name = f"{port.get('target')}/{port.get('protocol') or 'tcp'}"
        binding = [port.get("host_ip") or "", str(port.get("published") or "")]
        if binding not in rows.setdefault(name, []):
            rows[name].append(binding)
    return {name: sorted(bindings) for name, bindings in rows.items()}


def restart_policy(definition: Mapping[str, Json]) -> list[Json] | None:
    """Name and number of attempts, from `deploy.restart_policy` or else from `restart`."""
    policy = (definition.get("deploy") or {}).get("restart_policy")
    if policy is None:
        name, _, attempts = str(definition.get("restart") or "").partition(":")
        return [name, whole_number(attempts) or 0] if name else None
    # Compose gives a container no policy if the condition is missing.
    condition = str(policy.get("condition") or "none")
    names = {"none": "no", "any": "always"}
    return [names.get(condition, condition), int(policy.get("max_attempts") or 0)]


def reference(expected: Json, actual: Json, ids: Mapping[str, frozenset[str]]) -> Json:
    """The expected name space; for `service:vpn` the actual value if it is a container of vpn.

    The engine shows `container:NAME` with the id that the container had when it was joined, or with
    the name if it joins at each start.
    """
    kind, _, name = str(expected or "").partition(":")
    if kind not in ("service", "container") or expected == actual:
        return expected or None
    container = str(actual or "").removeprefix("container:")
    known = ids.get(name if kind == "service" else str(expected), frozenset())
    return actual if container in known else f"container:one of {name}"


# Private


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _host(text: str) -> tuple[str, str]:
    name, sign, address = text.partition("=")
    return (name, address) if sign else text.partition(":")[::2]


def _device(value: Json) -> list[str]:
    if isinstance(value, dict):
        names = ("source", "target", "permissions")
        if "PathOnHost" in value:
            names = ("PathOnHost", "PathInContainer", "CgroupPermissions")
        source, target, permissions = (str(value.get(name) or "") for name in names)
    else:
        source, target, permissions = (*str(value).split(":"), "", "")[:3]
    return [source, target or source, permissions or "rwm"]
