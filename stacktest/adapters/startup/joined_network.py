"""Whether the network that a container joined is gone: its owner was started later, or has ended.

The engine gives a container a new network at every start; containers that joined stay in the old.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from stacktest.adapters.engine.port import EnginePort
from stacktest.core.compose_command import compose_command
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.readiness import Impossible
from stacktest.core.shared_network import network_mode, network_owner
from stacktest.core.timestamps import parse
from stacktest.core.unknown import Unknown


def lost_network(
    engine: EnginePort, stack: Stack, tenant: Container, others: Iterable[Container]
) -> Impossible | None:
    """Why a running container can reach nobody; `others` are the other containers of the stack."""
    name = tenant.service
    owner = network_owner(stack, name)
    mode, _, joined = network_mode(stack.services[name]).partition(":")
    is_foreign = owner == name
    if not is_foreign:
        ids = [other.id for other in others if other.service == owner]
    elif mode == "container":
        owner, ids = joined, [joined]
    else:
        return None
    began, *starts = map(_running_since, map(engine.inspect, (tenant.id, *ids)))
    hint = compose_command(stack, "up", "-d", "--force-recreate", "--no-deps", services=[name])
    if is_foreign and starts == [None]:
        return Impossible(f"joined the network of {owner}, which does not run", hint=hint)
    if began and any(start and start > began for start in starts):
        return Impossible(
            f"is in a network that is gone: {owner} was restarted after it", hint=hint
        )
    return None


# Private


def _running_since(document: Json | Unknown) -> datetime | None:
    """The time of its last start; None if it does not run."""
    if isinstance(document, Unknown) or document["State"]["Status"] != "running":
        return None
    with suppress(ValueError):
        return parse(document["State"]["StartedAt"])
    return None
