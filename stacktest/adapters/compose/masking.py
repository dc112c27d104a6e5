"""Takes values of environment files out of what Compose prints, where they are secrets.

A value is one by the name of its variable, or because it looks like a key: letters and digits
mixed, twelve and more. Everything else is a word of the configuration, and a message
needs it: a folder, a host name, the name of a service.
"""

import re

from stacktest.adapters.compose.files import ProjectFiles, list_files
from stacktest.core.secrets import is_secret_name

SHORTEST = 4
"""Shorter values are ports and flags, and would hide half of every message."""
_RANDOM = re.compile(r"(?=.*[A-Za-z])(?=.*\d)[A-Za-z0-9+=_-]{12,}")


def masked(text: str, project: ProjectFiles) -> str:
    """The text with secret values from environment files replaced by their names."""
    names = {name for file in list_files(project) for name in file.services}
    for name, value in sorted(project.values.items(), key=lambda pair: -len(pair[1])):
        is_secret = is_secret_name(name) or _RANDOM.fullmatch(value)
        if is_secret and len(value) >= SHORTEST and value not in names:
            text = text.replace(value, f"${{{name}}}")
    return text
