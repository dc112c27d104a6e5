"""A service definition in the form that Compose hashed into `config-hash` at the creation.

Compose hashes what it sends to the engine, not the text of the files: variables of `env_file` are
in `environment`, `service:vpn` is a container's id, and a file with stacktest's labels was merged
last. A definition in that form has the container's hash, whatever the names of the files are.
"""

import json
from collections.abc import Iterable, Mapping

from stacktest.core.freshness.container.row import Created
from stacktest.core.json_data import Json
from stacktest.core.model import Stack

LABEL = "com.docker.compose.config-hash"
VERSION = "com.docker.compose.version"
FOLDER = "com.docker.compose.project.working_dir"

_NOT_HASHED = ("depends_on", "profiles")
_SHARED = {"network_mode": "NetworkMode", "pid": "PidMode", "ipc": "IpcMode"}


def hash_document(stack: Stack, containers: Iterable[Created]) -> dict[str, Json]:
    """A compose document with one service per container, so that one call hashes all of them."""
    return {
        "name": stack.name,
        "services": {item.service.name: _as_created(item) for item in containers},
        **{section: dict(values) for section, values in stack.definitions.items() if values},
    }


def labels_of(inspect: Json) -> Mapping[str, str]:
    """The labels of a container or an image."""
    return (inspect.get("Config") or {}).get("Labels") or {}


# Private


def _as_created(container: Created) -> Json:
    definition = {k: v for k, v in container.definition.items() if k not in _NOT_HASHED}
    labels = labels_of(container.inspect)
    image = container.of_image("Labels")
    inherited = image if isinstance(image, dict) else {}
    marks = {
        name: value
        for name, value in labels.items()
        if name.startswith("stacktest.") and inherited.get(name) != value
    }
    if marks:
        definition["labels"] = {**(definition.get("labels") or {}), **marks}
    if isinstance(definition.get("blkio_config"), dict):
        definition["blkio_config"] = _small_keys(definition["blkio_config"])
    for key, name in _SHARED.items():
        if str(definition.get(key) or "").startswith("service:"):
            definition[key] = container.host.get(name)
    return _moved(definition, _folder(container.stack), labels.get(FOLDER, ""))


def _small_keys(value: Json) -> Json:
    """The value with keys in lower case, as Compose reads them; it prints `Path` and `Rate`."""
    if isinstance(value, dict):
        return {name.lower(): _small_keys(item) for name, item in value.items()}
    return [_small_keys(item) for item in value] if isinstance(value, list) else value


def _folder(stack: Stack) -> str:
    return stack.project_directory or str(stack.root)


def _moved(definition: Json, root: str, folder: str) -> Json:
    """The definition with paths in the project's folder as of the container's creation."""
    if not folder or folder == root:
        return definition
    text = json.dumps(definition)
    for end in ("/", '"'):
        text = text.replace(f'"{root}{end}', f'"{folder}{end}')
    return json.loads(text)
