"""Finds the secrets in a Playwright trace: by names, by shapes, and by form fields.

    names     of headers, cookies, query parameters, JSON members, storage, settings, form fields
    shapes    texts in the unmistakable form of a token: JWT, `ghp_…`, `hvs.…`
    fields    password fields, and fields whose name, label or selector names a secret

Values that are ordinary words are left out: masking them would make the trace unreadable.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from stacktest.core.secret_names import SECRET_HEADERS, is_plain_secret_name, is_secret_field
from stacktest.core.secret_text import secrets_in
from stacktest.core.secrets import is_common, settings_secrets

VALUE = "__playwright_value_"
"""The attribute in which a snapshot keeps the value of a form field."""
STORAGES = ("localStorage", "sessionStorage", "cookies")
"""Keys of lists of `name` and `value` pairs, each of which may hold a session."""
TYPING = frozenset({"fill", "type", "press", "insertText", "keyboardType", "keyboardInsertText"})
TYPED = ("value", "text")


def names_secret(name: str) -> bool:
    """Whether a header, member or parameter of this name holds a secret."""
    lowered = name.lower()
    if lowered in SECRET_HEADERS or _SESSION.fullmatch(name):
        return True
    return is_plain_secret_name(name) or is_plain_secret_name(lowered.removesuffix("s"))


def secrets_of_node(node: Any) -> Iterator[str]:
    """The values in a JSON document at places that hold secrets."""
    if isinstance(node, dict):
        yield from _of_pair(node)
        for key, item in node.items():
            yield from _of_member(str(key), item)
            yield from secrets_of_node(item)
    elif isinstance(node, list):
        for item in node:
            yield from secrets_of_node(item)


def secrets_of_text(text: str, *, is_code: bool = False) -> Iterator[str]:
    """The values in a text of any form at places that hold secrets.

    Code assigns many harmless values to names like `token`: in code, only generated values count.
    """
    document = _document(text)
    if document is not None:
        yield from secrets_of_node(document)
        return
    for pattern in (_MULTIPART, _ELEMENT, _ATTRIBUTE, _META, _PAIR):
        for match in pattern.finditer(text):
            if names_secret(match["name"]) and (
                pattern is not _PAIR or is_generated(match["value"])
            ):
                yield from _worth(match["value"])
    found = settings_secrets(text)
    yield from (value for value in found if not is_code or is_generated(value))


def is_generated(value: str) -> bool:
    """Whether a value looks generated: 8 or more characters, no blank, and not only letters."""
    return len(value) >= _LONG and " " not in value and not value.isalpha()


def password_values(node: Any) -> Iterator[str]:
    """Values of the secret fields of a snapshot: `["INPUT", {"type": "password", …}]`."""
    if isinstance(node, list):
        if is_secret_input(node):
            yield str(node[1].get(VALUE) or "")
            yield str(node[1].get("value") or "")
        for item in node:
            yield from password_values(item)
    elif isinstance(node, dict):
        for item in node.values():
            yield from password_values(item)


def is_secret_input(node: list[Any]) -> bool:
    """Whether a node of a snapshot is a form field for a secret."""
    if len(node) < 2 or node[0] not in _FIELDS or not isinstance(node[1], dict):  # noqa: PLR2004
        return False
    attributes = {str(key).lower(): str(value) for key, value in node[1].items()}
    if attributes.get("type", "").lower() == "password":
        return True
    return any(is_secret_field(attributes.get(name, "")) for name in _LABELS)


def typed(event: Any) -> Iterator[str]:
    """The text that an action typed, into any field."""
    if isinstance(event, dict) and event.get("method") in TYPING:
        parameters = event.get("params") or {}
        yield from (str(parameters[key]) for key in TYPED if parameters.get(key))


def typed_into_passwords(event: Any) -> Iterator[str]:
    """The text that an action typed into a field whose selector names a secret."""
    if isinstance(event, dict) and event.get("method") in TYPING:
        selector = str((event.get("params") or {}).get("selector", ""))
        if is_secret_field(selector):
            yield from typed(event)


# Private

_SESSION = re.compile(r"(?:session|sess|sid|sso|ticket)(?:[_-]?id)?|SAMLResponse", re.IGNORECASE)
_TEXTS = frozenset({"text", "data", "expression", "postData", "body"})
"""Members that hold a text of any form: posted data, a WebSocket frame, a script."""
_ADDRESSES = frozenset({"url", "frameUrl", "href"})
_FIELDS = ("INPUT", "TEXTAREA")
_LABELS = ("autocomplete", "name", "id", "aria-label", "placeholder", "title")
_LONG = 8
_SHORTEST = 4
_MULTIPART = re.compile(
    r"form-data; name=\"(?P<name>[^\"\r\n]{1,80})\"(?:\r?\n[^\r\n]+)*\r?\n\r?\n(?P<value>[^\r\n]+)"
)
_ELEMENT = re.compile(r"<(?P<name>[A-Za-z][\w.:-]{1,60})(?:\s[^<>]*)?>(?P<value>[^<>]{4,4000})</")
_META = re.compile(
    r"<(?:meta|input)\b[^<>]*?\bname=[\"'](?P<name>[\w.\[\]-]{1,60})[\"']"
    r"[^<>]*?\b(?:content|value)=[\"'](?P<value>[^\"'<>]{4,4000})[\"']",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"<(?P<name>[A-Za-z][\w.:-]{1,60})\s[^<>]*?\bvalue=[\"'](?P<value>[^\"'<>]{4,4000})[\"']"
)
_PAIR = re.compile(
    r"[\"'](?P<name>[\w.-]{1,60})[\"']\s{0,4},\s{0,4}[\"'](?P<value>[^\"'\n]{4,4000})[\"']"
)


def _document(text: str) -> Any:
    """The text parsed as JSON; None if it is not a JSON object or list."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _of_member(key: str, item: Any) -> Iterator[str]:
    """The secrets in one member of a document, found by the member's name."""
    if names_secret(key):
        yield from _of_values(item)
    elif isinstance(item, str) and key in _TEXTS:
        yield from secrets_of_text(item)
    elif isinstance(item, str) and key in _ADDRESSES:
        yield from (part for text in secrets_in(item) for part in _worth(text))
    elif isinstance(item, list) and key in STORAGES:
        for member in item:
            yield from _of_stored(member, is_cookie=key == "cookies")
    elif isinstance(item, list) and key == "queryString":
        yield from _codes(item)


def _of_pair(node: dict[str, Any]) -> Iterator[str]:
    """The secrets in a `name` and `value` pair, or in a value in Playwright's serialized form."""
    name, value = node.get("name"), node.get("value")
    if isinstance(name, str) and isinstance(value, str) and names_secret(name):
        yield from _worth(value)
        yield from (part for text in secrets_in(f"{name}: {value}") for part in _worth(text))
    if isinstance(node.get("k"), str) and names_secret(node["k"]):
        yield from _of_values(node.get("v"))
    parameters = node.get("params")
    if isinstance(parameters, dict) and is_secret_field(str(parameters.get("expression", ""))):
        yield from filter(is_generated, _strings(parameters.get("arg")))


def _codes(parameters: list[Any]) -> Iterator[str]:
    """The sign-in codes of a query (OAuth); a short `code`, as of a country, is left out."""
    for member in parameters:
        if isinstance(member, dict) and member.get("name") == "code":
            yield from filter(is_generated, [str(member.get("value", ""))])


def _strings(node: Any) -> Iterator[str]:
    """Every string of a value in Playwright's serialized form."""
    if isinstance(node, dict):
        for key, item in node.items():
            if key == "s" and isinstance(item, str):
                yield item
            else:
                yield from _strings(item)
    elif isinstance(node, list):
        for item in node:
            yield from _strings(item)


def _of_values(item: Any) -> Iterator[str]:
    """The values of a member whose name is a secret's: a text, a list, or a serialized value."""
    if isinstance(item, str):
        yield from _worth(item)
    elif isinstance(item, list):
        for value in item:
            yield from _of_values(value)
    elif isinstance(item, dict):
        for key in ("s", "value"):
            yield from _of_values(item.get(key))


def _of_stored(member: Any, *, is_cookie: bool) -> Iterator[str]:
    """The secrets in a cookie or storage entry: by its name, within its value, or if generated."""
    if not isinstance(member, dict) or not isinstance(member.get("value"), str):
        return
    value = member["value"]
    if names_secret(str(member.get("name", ""))) or is_cookie or is_generated(value):
        yield from _worth(value, _LONG)
    yield from secrets_of_text(value)


def _worth(value: str, shortest: int = _SHORTEST) -> Iterator[str]:
    if len(value) >= shortest and not is_common(value):
        yield value
