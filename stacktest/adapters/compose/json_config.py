"""Compose documents as JSON, in which Compose doubles every dollar."""

import json
from collections.abc import Iterable

from stacktest.core.json_data import Json

OUTSIDE = ("networks", "volumes", "secrets", "configs")
"""Keys of a service that name what has to be there before it can be created."""


def read_config(text: str) -> Json:
    """The document that `docker compose config --format json` printed, with its dollars single.

    Compose doubles every `$` of the output, so that it can be read back as a compose file.
    """
    return json.loads(text.replace("$$", "$"))


def write_config(document: Json, *, bare: Iterable[str] = ()) -> str:
    """The reverse of `read_config`: JSON in which Compose finds no variable.

    Of the services `bare` nothing is asked that would have to be there: no network and no volume.
    """
    text = json.dumps(document).replace("$", "$$")
    stripped = ", ".join(f"{json.dumps(name)}: {_BARE}" for name in bare)
    return text.replace('"services": {', f'"services": {{{stripped}, ', 1) if stripped else text


# Private

_BARE = (
    "{" + ", ".join(['"network_mode": "none"', *(f'"{key}": !reset null' for key in OUTSIDE)]) + "}"
)
"""YAML, for Compose's own tag that takes a key away."""
