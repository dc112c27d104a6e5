"""Compose documents as JSON, in which Compose doubles every dollar."""

import json

from stacktest.core.json_data import Json


def read_config(text: str) -> Json:
    """The document that `docker compose config --format json` printed, with its dollars single.

    Compose doubles every `$` of the output, so that it can be read back as a compose file.
    """
    return json.loads(text.replace("$$", "$"))


def write_config(document: Json) -> str:
    """The reverse of `read_config`: JSON in which Compose finds no variable."""
    return json.dumps(document).replace("$", "$$")
