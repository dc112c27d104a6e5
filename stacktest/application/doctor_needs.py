"""Checks what a stack needs and its files do not create: external networks, volumes, the key."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.ledger.signing_key import HINT, VARIABLE, read_key
from stacktest.adapters.ledger.state_dir import FOLDER, state_path
from stacktest.application.checkup import Checkup
from stacktest.core.compose_command import docker_command
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.unknown import Unknown


def check_external(stack: Stack, engine: Engine) -> Checkup:
    """Check that external networks and volumes exist: a service that uses a missing one fails."""
    looks: Mapping[str, Callable[[str], Json | Unknown]] = {
        "network": engine.network,
        "volume": engine.volume,
    }
    wanted = [(kind, *item) for kind in looks for item in _external(stack, kind)]
    missing = [item for item in wanted if isinstance(looks[item[0]](item[1]), Unknown)]
    if missing:
        return Checkup(
            subject="external",
            is_fine=False,
            message="; ".join(
                f"the {kind} {name}, which {' and '.join(users)} "
                f"{'needs' if len(users) == 1 else 'need'}, does not exist"
                for kind, name, users in missing
            ),
            fix=" && ".join(docker_command(stack, kind, "create", n) for kind, n, _ in missing),
        )
    names = ", ".join(name for _, name, _ in wanted)
    return Checkup(
        subject="external",
        is_fine=True,
        message=names or "every network and volume is made by the stack",
    )


def check_key(root: Path, environ: Mapping[str, str]) -> Checkup:
    """Check the key for digests of secrets; without a usable key no service can be judged."""
    is_variable = VARIABLE in environ
    if not is_variable and not state_path(root, "key").exists():
        return Checkup(subject="key", is_fine=True, message=f"{FOLDER}/key is made when needed")
    key = read_key(root)
    if isinstance(key, Unknown):
        why, _, _ = key.why.partition(f"; {HINT}")
        place = f"set {VARIABLE} to" if is_variable else f"write into {FOLDER}/key"
        other = f"unset {VARIABLE}" if is_variable else f"rm {FOLDER}/key"
        return Checkup(
            subject="key",
            is_fine=False,
            message=f"{why}, so every service is an error",
            fix=f"{place} the key of the recorded passes, or {other}, after which they are renewed",
            exit_code=2,
        )
    return Checkup(
        subject="key", is_fine=True, message=VARIABLE if is_variable else f"{FOLDER}/key"
    )


# Private


def _external(stack: Stack, kind: str) -> Iterator[tuple[str, list[str]]]:
    """The engine's name of each external network or volume, and the services that use it."""
    for key, definition in sorted((stack.definitions.get(f"{kind}s") or {}).items()):
        if (definition or {}).get("external"):
            users = [s.name for s in stack.services.values() if key in _used(s, kind)]
            if users:
                yield str(definition.get("name") or key), sorted(users)


def _used(service: Service, kind: str) -> tuple[str, ...]:
    if kind == "network":
        return service.networks
    return tuple(mount.source for mount in service.mounts if mount.kind == "volume")
