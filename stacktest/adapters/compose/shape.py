"""Checks, key by key, that a service in Compose's output has the expected form.

Another version of Compose, or a value that it does not normalize, may have another form. Then only
that service cannot be judged.
"""

from collections.abc import Callable, Mapping

from stacktest.core.json_data import Json
from stacktest.core.numbers import whole_number


def misshapen(definition: Json, definitions: Mapping[str, Json]) -> str:
    """The first key with another form, with the expected form; empty if there is none."""
    if not isinstance(definition, Mapping):
        return "it is not a mapping"
    for key, (has_form, form) in _FORMS.items():
        value = definition.get(key)
        if value is not None and not has_form(value):
            return f"{key} is not {form}"
    for port in definition.get("ports") or ():
        if not _is_port(port.get("target")) or not isinstance(port.get("host_ip", ""), str):
            return "ports has a target that is not a port number"
    for section in ("configs", "secrets"):
        for item in definition.get(section) or ():
            name = item if isinstance(item, str) else item.get("source", "")
            entry = definitions[section].get(name) or {}
            if not isinstance(entry, Mapping) or not isinstance(entry.get("file", ""), str):
                return f"{section}.{name} names no file"
    return ""


# Private

_Form = tuple[Callable[[Json], bool], str]


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_mapping(value: Json) -> bool:
    return isinstance(value, Mapping)


def _are_texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _are_mappings(value: Json) -> bool:
    """Whether it is a list of mappings whose types, sources, protocols and targets are texts."""
    return isinstance(value, list) and all(_is_named(item) for item in value)


def _is_named(item: Json) -> bool:
    names = ("type", "source", "protocol")
    return (
        isinstance(item, Mapping)
        and all(isinstance(item.get(name, ""), str) for name in names)
        and isinstance(item.get("target", ""), str | int)
    )


def _are_sources(value: Json) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, str) or (_is_named(item) and isinstance(item.get("source", ""), str))
        for item in value
    )


def _has_values(value: Json) -> bool:
    """Whether it maps names to texts or to None, as in `environment` and `labels`."""
    return isinstance(value, Mapping) and all(
        item is None or isinstance(item, str) for item in value.values()
    )


def _has_mappings(value: Json) -> bool:
    return isinstance(value, Mapping) and all(
        item is None or isinstance(item, Mapping) for item in value.values()
    )


def _is_build(value: Json) -> bool:
    texts = ("context", "dockerfile", "target", "dockerfile_inline")
    return (
        isinstance(value, Mapping)
        and all(isinstance(value.get(name, ""), str) for name in texts)
        and isinstance(value.get("args") or {}, Mapping)
        and isinstance(value.get("additional_contexts") or {}, Mapping | list)
    )


def _is_port(value: Json) -> bool:
    return whole_number(str(value)) is not None


_TEXT: _Form = (_is_text, "text")
_TEXTS: _Form = (_are_texts, "a list of texts")
_MAPPINGS: _Form = (_are_mappings, "a list of mappings")
_SOURCES: _Form = (_are_sources, "a list of names or mappings")
_VALUES: _Form = (_has_values, "a mapping of texts")
_NESTED: _Form = (_has_mappings, "a mapping of mappings")

_FORMS: Mapping[str, _Form] = {
    "image": _TEXT,
    "restart": _TEXT,
    "container_name": _TEXT,
    "network_mode": _TEXT,
    "profiles": _TEXTS,
    "command": _TEXTS,
    "entrypoint": _TEXTS,
    "volumes_from": _TEXTS,
    "ports": _MAPPINGS,
    "volumes": _MAPPINGS,
    "configs": _SOURCES,
    "secrets": _SOURCES,
    "environment": _VALUES,
    "labels": _VALUES,
    "depends_on": _NESTED,
    "networks": _NESTED,
    "healthcheck": (_is_mapping, "a mapping"),
    "deploy": (_is_mapping, "a mapping"),
    "build": (_is_build, "a build section"),
    "tmpfs": (lambda value: _is_text(value) or _are_texts(value), "a list of texts"),
    "expose": (lambda value: isinstance(value, list), "a list"),
}
"""Key → its form in the output of `docker compose config --format json`."""
