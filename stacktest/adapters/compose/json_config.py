"""Reads and writes Compose documents as JSON, in which Compose doubles every `$`."""

import json
from collections.abc import Iterable

from stacktest.core.json_data import Json

OUTSIDE = ("networks", "volumes", "secrets", "configs")
"""Keys of a service that name objects which must exist before its container is created."""


def read_config(text: str) -> Json:
    """The document that `docker compose config --format json` printed, with every `$$` as `$`.

    Compose doubles every `$` of the output, so that it can be read back as a compose file.
    """
    return json.loads(text.replace("$$", "$"))


def write_config(document: Json, *, bare: Iterable[str] = ()) -> str:
    """The reverse of `read_config`: JSON in which Compose interpolates no variable.

    The services `bare` are written without networks, volumes, secrets and configs.
    """
    text = json.dumps(document).replace("$", "$$")
    stripped = ", ".join(f"{json.dumps(name)}: {_BARE}" for name in bare)
    return text.replace('"services": {', f'"services": {{{stripped}, ', 1) if stripped else text


# Private

_BARE = (
    "{" + ", ".join(['"network_mode": "none"', *(f'"{key}": !reset null' for key in OUTSIDE)]) + "}"
)
"""YAML, not JSON, since `!reset` is a tag: Compose removes the key."""
