"""Checks what a stack needs on a swarm: a manager, kernel features, and keys that it applies."""

import gzip
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.startup.swarm_keys import impossible, not_applied
from stacktest.application.checkup import Checkup
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.errors import StacktestError

FEATURES = {
    "IPVS": frozenset({"CONFIG_IP_VS=y", "ip_vs"}),
    "netem": frozenset({"CONFIG_NET_SCH_NETEM=y", "sch_netem"}),
}
"""Kernel feature that a swarm, or a test of networks, needs → its names in the kernel's files."""
PROC, MODULES = Path("/proc"), Path("/lib/modules")


def check_swarm(stack: Stack, engine: Engine) -> Iterator[Checkup]:
    """Every checkup of a stack on a swarm."""
    yield _manager(engine)
    yield check_keys(stack)
    yield check_kernel(stack, engine.info(), lacking_features(PROC, MODULES, os.uname().release))


def check_keys(stack: Stack) -> Checkup:
    """Check for keys of the compose file that a swarm refuses or ignores."""
    refused, ignored = _by_key(stack, impossible), _by_key(stack, not_applied)
    if not refused and not ignored:
        return Checkup(subject="keys", is_fine=True, message="a swarm knows all keys of the files")
    rows = [("impossible", refused), ("not applied", ignored)]
    message = "; ".join(f"{title} on a swarm: {'; '.join(keys)}" for title, keys in rows if keys)
    fix = "take the keys away, or run these services with Compose" if refused else ""
    return Checkup(subject="keys", is_fine=not refused, message=message, fix=fix)


def check_kernel(stack: Stack, info: Json, lacking: tuple[str, ...] | None) -> Checkup:
    """Check the kernel; `lacking`: features that this machine's kernel lacks, None: not known."""
    if lacking is None or info.get("KernelVersion") != os.uname().release:
        return Checkup(subject="kernel", is_fine=True, message="not known: the engine is elsewhere")
    if not lacking:
        return Checkup(subject="kernel", is_fine=True, message=f"has {' and '.join(FEATURES)}")
    message = f"has no {' and no '.join(lacking)}"
    if "IPVS" not in lacking:
        return Checkup(subject="kernel", is_fine=True, message=message)
    message += (
        ": no virtual addresses and no routing mesh; names lead to tasks, ports to their nodes"
    )
    virtual = [name for name, service in stack.services.items() if _is_virtual(service.definition)]
    return Checkup(
        subject="kernel",
        is_fine=not virtual,
        message=message,
        fix=f"deploy.endpoint_mode: dnsrr for {', '.join(virtual)}" if virtual else "",
    )


def lacking_features(proc: Path, modules: Path, release: str) -> tuple[str, ...] | None:
    """The `FEATURES` that the kernel has neither built in nor as a module; None: not known."""
    configuration, folder = _configuration(proc / "config.gz"), modules / release
    if configuration is None and not folder.is_dir():
        return None
    built_in = configuration or set[str]()
    if (folder / "modules.builtin").is_file():
        built_in |= {Path(line).stem for line in _lines(folder / "modules.builtin")}
    available = {path.name.partition(".")[0] for path in folder.rglob("*.ko*")}
    available |= built_in | {row.split()[0] for row in _lines(proc / "modules")}
    return tuple(name for name, words in FEATURES.items() if not available & words)


# Private


def _manager(engine: Engine) -> Checkup:
    try:
        engine.ping()
    except StacktestError as error:
        return Checkup(subject="swarm", is_fine=False, message=error.what, fix=error.hint)
    nodes = (engine.info().get("Swarm") or {}).get("Nodes", 0)
    message = "a manager, with 1 node" if nodes == 1 else f"a manager, with {nodes} nodes"
    return Checkup(subject="swarm", is_fine=True, message=message)


def _by_key(stack: Stack, read: Callable[[Service], Iterable[tuple[str, str]]]) -> list[str]:
    """Each key with its explanation and the services that have it."""
    services: dict[tuple[str, str], list[str]] = {}
    for name, service in stack.services.items():
        for key, why in read(service):
            services.setdefault((key, why), []).append(name)
    return [
        f"{key}{f', {why}' if why else ''} ({', '.join(names)})"
        for (key, why), names in services.items()
    ]


def _is_virtual(definition: Json) -> bool:
    return ((definition or {}).get("deploy") or {}).get("endpoint_mode") == "vip"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.is_file() else []


def _configuration(path: Path) -> set[str] | None:
    """The lines of the kernel's configuration; None if the kernel does not provide it."""
    if not path.is_file():
        return None
    return set(gzip.decompress(path.read_bytes()).decode().splitlines())
