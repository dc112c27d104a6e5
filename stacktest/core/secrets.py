"""Values of a stack that no output may show, collected from the compose model.

| where                    | which values                                                     |
|--------------------------|------------------------------------------------------------------|
| environment, labels,     | values of secret names (`secret_names`)                          |
| build arguments, options |                                                                  |
| every other text         | secrets in URLs, options of a command, headers, settings in      |
| of the model             | `configs:` (`secret_text`)                                       |
| `Stack.secrets`          | of `secrets:` by file and by variable, of people, of variables   |
|                          | of the environment, of mounted settings                          |

Values that cannot be removed without hiding half a report stay: `true`, `info`, `admin` (up to
seven lower-case letters), numbers below five digits, paths, names in the model, and the values
of names that end in FILE, PATH, DIR, URL, HOST and the like. A value that is *declared* to be a
secret counts however simple it is, if it has four characters.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.secret_names import is_plain_secret_name, is_secret_name
from stacktest.core.secret_text import secrets_in, secrets_in_command

SHORTEST = 4


def secrets_of(stack: Stack) -> frozenset[str]:
    """The values to remove from every text before it is shown or written."""
    return _secrets_of(_Same(stack))


def named_secrets(stack: Stack) -> Mapping[str, str]:
    """Secret value → the name of the variable that holds it; empty if no variable does."""
    names = _names(stack)
    values = {
        value: ""
        for service in stack.services.values()
        for value in _of_service(service)
        if not is_common(value)
    }
    values |= {
        value: "" for value in _of_node(stack.definitions, "definitions") if not is_common(value)
    }
    values |= {value: "" for value in stack.secrets if not _is_trivial(value)}
    for service in stack.services.values():
        for name, value in service.environment.items():
            if value in values and is_secret_name(name):
                values[value] = name
    return {value: name for value, name in values.items() if value not in names}


def settings_secrets(text: str) -> Iterator[str]:
    """Secrets in the settings file of a program; only plain secret names count there."""
    for value in secrets_in(text, is_plain_secret_name):
        if len(value) >= _SHORTEST_SETTING and not is_common(value):
            yield value


def is_common(value: str) -> bool:
    """Whether the value is a common word, which must stay readable in reports."""
    is_number = _NUMBER.fullmatch(value) is not None
    is_address = _CAPABILITY.match(value) is not None
    is_common = _COMMON.fullmatch(value) is not None
    return _is_trivial(value) or (is_common and not is_number and not is_address)


# Private


class _Same:
    """A stack as a cache key, compared by identity; a stack's content never changes."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.stack is other.stack

    def __hash__(self) -> int:
        return id(self.stack)


@lru_cache(maxsize=1)
def _secrets_of(same: _Same) -> frozenset[str]:
    """Cached, because every output needs the secrets of the same stack again."""
    return frozenset(named_secrets(same.stack))


_SHORTEST_SETTING = 6
_COMMON = re.compile(
    r"[a-z]{1,7}|\d{1,4}|(?i:true|false|none|null|yes|no|on|off|anonymous|disabled|enabled)"
    r"|\d+(?:\.\d+)?\s?(?i:ns|us|ms|s|m|h|d|k|kb|kib|m|mb|mib|g|gb|gib)?|https?://[^@\s]*"
    r"|[\"']?[${<*].*|[*x.]+|%[({].*"
)
_CAPABILITY = re.compile(r"https?://\S+/[\w-]{20,}")
"""A URL that is a secret itself, such as that of a webhook."""
_NUMBER = re.compile(r"\d{5,}")
_PATH = re.compile(r"(?:\.{0,2}|~)(?:/[a-z0-9._@-]+){1,12}/?")


def _of_service(service: Service) -> Iterator[str]:
    for name, value in (*service.environment.items(), *service.labels.items()):
        yield from _of_value(name, value or "")
    yield from secrets_in_command(service.command or ())
    yield from _of_node(service.definition, service.name)


def _of_node(node: Json, name: str) -> Iterator[str]:
    """Secrets in a part of the model: by its key, as a command, or within its text."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _of_node(value, str(key))
    elif isinstance(node, list):
        if all(isinstance(item, str) for item in node):
            yield from secrets_in_command(node)
        else:
            for item in node:
                yield from _of_node(item, name)
    elif isinstance(node, str) and node:
        yield from _of_value("" if name in _KEYS_OF_COMPOSE else name, node)


def _of_value(name: str, value: str) -> Iterator[str]:
    """A value with a secret name, and its parts: `admin:SECRET,other:SECRET`, `base64:SECRET`."""
    if value and is_secret_name(name):
        yield value
        for part in re.split(r"[,;\s]+", value):
            yield part
            yield from (part.partition(":")[2], part.rpartition(":")[2])
    yield from secrets_in(value)
    if name.lower().endswith("authorization"):
        yield from secrets_in(f"authorization: {value}")


_KEYS_OF_COMPOSE = frozenset({"secrets", "credential_spec", "secret"})


def _names(stack: Stack) -> set[str]:
    """Names in the model, which must stay readable in reports."""
    hosts = {route.host for route in stack.routes}
    images = {service.image for service in stack.services.values()}
    images |= {word for image in images for word in re.split(r"[/:@]", image)}
    containers = {service.container_name for service in stack.services.values()}
    phases = {phase.name for phase in stack.phases}
    mounts = {
        path
        for service in stack.services.values()
        for mount in service.mounts
        for path in (mount.source, mount.target)
    }
    names = {stack.name, stack.domain, *stack.services, *hosts, *images, *containers, *phases}
    return names | mounts


def _is_trivial(value: str) -> bool:
    """Whether the value is too simple to be a secret even if it is declared to be one."""
    text = value.strip()
    is_word = text.lower() in {"true", "false", "none", "null"}
    return len(text) < SHORTEST or is_word or _PATH.fullmatch(text) is not None
