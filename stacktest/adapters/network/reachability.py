"""Tests whether a port can be reached from a network of the stack; the result is one of four.

open         a connection was made
refused      the name is known there, but the port is closed
unresolved   the name is not known there: the service is not on that network
timeout      the name is known, but there was no answer
"""

from typing import Literal

from stacktest.adapters.engine.port import EnginePort
from stacktest.adapters.network.probe_container import ProbeContainer, ProbeContainers
from stacktest.core.model import Stack
from stacktest.errors import ToolFailedError, UsageError

Reach = Literal["open", "refused", "unresolved", "timeout"]
OPEN: Reach = "open"
REACHES: tuple[Reach, ...] = ("open", "refused", "unresolved", "timeout")

PATIENCE = 3
"""Seconds for the connection; twice as many for the look-up of the name before it."""


def network_name(model: Stack, network: str) -> str:
    """The engine's name for a network of the compose file."""
    known = model.definitions.get("networks") or {}
    if network not in known:
        raise UsageError(
            f"'{network}' is not a network of this stack",
            where="reach_from",
            hint=f"one of: {', '.join(sorted(known)) or '(none)'}",
        )
    return str((known[network] or {}).get("name") or f"{model.name}_{network}")


def reach(
    model: Stack, engine: EnginePort, probes: ProbeContainers, *, network: str, host: str, port: int
) -> Reach:
    """The result of a connection from a container on `network` to `host:port`."""
    on_engine = network_name(model, network)
    probe = probes.on(on_engine)
    # A container of the stack may be on other networks, too: `NAME.NETWORK` is found on one alone.
    is_plain = probe.is_own or "." in host
    target = host if is_plain else f"{host}.{on_engine}"
    name = ["timeout", str(2 * PATIENCE), "getent", "ahostsv4", target]
    code, _, _ = engine.execute(probe.container, name)
    if code != 0:
        # 2 is "not found"; 124 is a time-out of an outside name server: not found either.
        return "unresolved"
    code, out, err = engine.execute(probe.container, _connecting(probe, target, port))
    return _meaning(code, out + err, f"{host}:{port} from {network}")


# Private


_TIMED_OUT = 124
_NO_ANSWER = ("timed out", "timeout", "no route", "unreachable")


def _connecting(probe: ProbeContainer, host: str, port: int) -> list[str]:
    if probe.tool == "nc":
        return [
            "timeout",
            str(PATIENCE + 1),
            "nc",
            "-v",
            "-z",
            "-w",
            str(PATIENCE),
            host,
            str(port),
        ]
    script = 'exec 3<>"/dev/tcp/$0/$1"'
    return ["timeout", str(PATIENCE), "bash", "-c", script, host, str(port)]


def _meaning(code: int, output: str, what: str) -> Reach:
    words = output.lower()
    if code == 0:
        return "open"
    if "refused" in words:
        return "refused"
    if code == _TIMED_OUT or any(sign in words for sign in _NO_ANSWER):
        return "timeout"
    raise ToolFailedError(
        f"cannot tell whether {what} can be reached: {output.strip() or f'exit {code}'}",
        where="reach_from",
    )
