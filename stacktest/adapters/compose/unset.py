"""Finds variables in compose files: those without a value, and those in paths of other files."""

import re
from collections.abc import Iterator, Mapping

from stacktest.adapters.compose.files import ProjectFiles, list_files, names_no_file
from stacktest.adapters.compose.yaml import load_yaml
from stacktest.core.interpolation import variables_of, variables_without_default
from stacktest.core.json_data import Json

KEY_DEPTH = 3
"""Number of parts of a key in a message: `services.web.volumes`."""
_WARNING = re.compile(r'The \\?"(\w+)\\?" variable is not set')


def unset_variables(warnings: str, project: ProjectFiles) -> Mapping[str, tuple[str, ...]]:
    """Each variable that Compose warned about -> the keys that use it without a default."""
    names = sorted(set(_WARNING.findall(warnings)))
    if not names:
        return {}
    keys: dict[str, dict[str, None]] = {name: {} for name in names}
    for file in list_files(project):
        document = load_yaml(str(file.path))
        for key, text in texts_of(document):
            for name in variables_without_default(text):
                if name in keys:
                    keys[name][".".join(key[:KEY_DEPTH])] = None
    return {name: tuple(places) for name, places in keys.items()}


def path_variables(project: ProjectFiles) -> Mapping[str, str]:
    """Values of the variables in the paths of included and extended files."""
    values: dict[str, str] = {}
    for file in list_files(project):
        if names_no_file(file.path):
            continue
        document = load_yaml(str(file.path))
        for key, text in texts_of(document):
            if "include" in key[:1] or ("extends" in key and key[-1] == "file"):
                for name in variables_of(text):
                    values[name] = project.value(name) or ""
    return values


def texts_of(value: Json, key: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text of a compose file with its key; entries of a list have the key of the list."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from texts_of(item, (*key, str(name)))
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item, key)
