"""Takes out of a Playwright trace what was typed into password fields, and what is secret anyway.

    events       values of password fields in every snapshot, and what was typed into them;
                 Authorization, cookies, credentials in options and parameters
    network      the same headers, cookies, secret parts of queries and of what was posted
    resources    bodies of answers, pages and requests, as far as they are text
    screenshots  stay as they are: they show what the page showed

What was typed or sent once is a secret of the whole trace: it is taken out wherever else it stands.
The title of the trace goes, since it repeats the parameters of the test.
"""

import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacktest.adapters.atomic_write import write_file
from stacktest.adapters.private_files import PRIVATE_FILE
from stacktest.core.redaction import redact
from stacktest.core.secret_names import SECRET_HEADERS, is_plain_secret_name
from stacktest.core.secret_text import MASK, secrets_in
from stacktest.core.secrets import is_common, settings_secrets

EVENTS = (".trace", ".network", ".stacks")
"""Ends of the names of what holds one JSON document a line."""
VALUE = "__playwright_value_"
"""The attribute in which a snapshot keeps what stands in a field."""


def clean_trace(path: Path, secrets: Iterable[str]) -> None:
    """Replace the trace by one without secrets, for its owner alone."""
    with zipfile.ZipFile(path) as trace:
        found = _of_trace(trace)
        known = frozenset(secrets) | found.secrets
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as cleaned:
            for item in trace.infolist():
                text = _cleaned(item.filename, trace.read(item), known, found.passwords)
                cleaned.writestr(item, text, item.compress_type)
    write_file(path, content.getvalue(), mode=PRIVATE_FILE)


# Private

_TYPING = frozenset({"fill", "type", "press", "insertText", "keyboardType", "keyboardInsertText"})
_TYPED = ("value", "text")
_POSTED = (".json", ".txt", ".bin", ".dat", "urlencoded")
_LARGEST_POST = 256 * 1024
_FIELD = re.compile(r"pass|pwd|secret|token|otp|\bpin\b|credential|api.?key", re.IGNORECASE)
_CALL = re.compile(
    r"(?P<before>\b(?:type|fill|press|insertText)\()\"(?P<text>(?:[^\"\\]|\\.)*)\"\)"
)
_BINARY = frozenset(
    {
        *(".png", ".jpeg", ".jpg", ".gif", ".webp", ".avif", ".ico", ".woff", ".woff2", ".ttf"),
        *(".otf", ".mp4", ".webm", ".mp3", ".wasm", ".pdf", ".zip", ".gz"),
    }
)
_SHORTEST_COOKIE = 8


def _lines(content: bytes) -> Iterator[Any]:
    for line in content.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a trace itself shows to be secret."""

    secrets: frozenset[str]
    passwords: frozenset[str]
    """What stood in password fields at any moment: what is typed is a part of one."""


def _of_trace(trace: zipfile.ZipFile) -> _Shown:
    typed: set[str] = set()
    named: set[str] = set()
    fields: set[str] = set()
    sent: set[str] = set()
    has_snapshots = False
    for name in trace.namelist():
        if name.endswith(EVENTS):
            for event in _lines(trace.read(name)):
                is_event = isinstance(event, dict)
                has_snapshots |= is_event and event.get("type") == "frame-snapshot"
                fields.update(_password_values(event))
                typed.update(_typed(event))
                named.update(_typed_into_passwords(event))
                sent.update(_sent(event))
        elif name.endswith(_POSTED) and trace.getinfo(name).file_size <= _LARGEST_POST:
            sent.update(settings_secrets(trace.read(name).decode("utf-8", "replace")))
    passwords = frozenset(filter(None, fields))
    # Without snapshots nobody knows into what something was typed.
    secrets = sent | named | passwords | (set() if has_snapshots else typed)
    return _Shown(secrets=frozenset(filter(None, secrets)), passwords=passwords)


def _password_values(node: Any) -> Iterator[str]:
    """Values of the password fields of a snapshot: `["INPUT", {"type": "password", …}]`."""
    if isinstance(node, list):
        if _is_password(node):
            yield str(node[1].get(VALUE) or "")
            yield str(node[1].get("value") or "")
        for item in node:
            yield from _password_values(item)
    elif isinstance(node, dict):
        for item in node.values():
            yield from _password_values(item)


def _is_password(node: list[Any]) -> bool:
    if len(node) < 2 or node[0] != "INPUT" or not isinstance(node[1], dict):  # noqa: PLR2004
        return False
    attributes = {str(key).lower(): str(value).lower() for key, value in node[1].items()}
    completes = attributes.get("autocomplete", "")
    return attributes.get("type") == "password" or "password" in completes


def _typed(event: Any) -> Iterator[str]:
    """What an action typed, whatever it was typed into."""
    if isinstance(event, dict) and event.get("method") in _TYPING:
        parameters = event.get("params") or {}
        yield from (str(parameters[key]) for key in _TYPED if parameters.get(key))


def _typed_into_passwords(event: Any) -> Iterator[str]:
    if isinstance(event, dict) and event.get("method") in _TYPING:
        selector = str((event.get("params") or {}).get("selector", ""))
        if _FIELD.search(selector):
            yield from _typed(event)


def _sent(node: Any) -> Iterator[str]:
    """Values of headers, cookies and credentials."""
    if isinstance(node, dict):
        name, value = node.get("name"), node.get("value")
        if isinstance(name, str) and isinstance(value, str) and _names_secret(name):
            yield from _worth(value)
            yield from (part for found in secrets_in(f"{name}: {value}") for part in _worth(found))
        for key, item in node.items():
            if isinstance(item, str) and is_plain_secret_name(str(key)):
                yield from _worth(item)
            elif key == "cookies" and isinstance(item, list):
                for cookie in item:
                    if isinstance(cookie, dict):
                        yield from _worth(str(cookie.get("value", "")), _SHORTEST_COOKIE)
            yield from _sent(item)
    elif isinstance(node, list):
        for item in node:
            yield from _sent(item)


def _worth(value: str, shortest: int = 4) -> Iterator[str]:
    if len(value) >= shortest and not is_common(value):
        yield value


def _names_secret(name: str) -> bool:
    return name.lower() in SECRET_HEADERS or is_plain_secret_name(name)


def _cleaned(
    name: str, content: bytes, secrets: frozenset[str], passwords: frozenset[str]
) -> bytes:
    if name.endswith(EVENTS):
        lines = content.splitlines(keepends=True)
        return b"".join(_line(line, secrets, passwords) for line in lines)
    is_binary = os.path.splitext(name)[1].lower() in _BINARY  # noqa: PTH122 - a name in a zip
    if is_binary or b"\0" in content[:4096]:
        return content
    text = content.decode("utf-8", "surrogateescape")
    return redact(text, secrets).encode("utf-8", "surrogateescape")


def _line(line: bytes, secrets: frozenset[str], passwords: frozenset[str]) -> bytes:
    try:
        event = json.loads(line)
    except ValueError:
        text = redact(line.decode("utf-8", "surrogateescape"), secrets)
        return text.encode("utf-8", "surrogateescape")
    end = b"\n" if line.endswith(b"\n") else b""
    if isinstance(event, dict):
        _blank_event(event, passwords)
    cleaned = _blank(event, lambda text: redact(text, secrets))
    return json.dumps(cleaned, separators=(",", ":"), ensure_ascii=False).encode() + end


def _blank_event(event: dict[str, Any], passwords: frozenset[str]) -> None:
    """What no value shows to be secret: the title, and parts of a password that were typed."""
    if event.get("type") == "context-options" and event.get("title"):
        event["title"] = MASK
    if event.get("type") == "log" and isinstance(event.get("message"), str):
        event["message"] = _CALL.sub(
            lambda call: (
                f"{call['before']}{MASK})" if _is_part(call["text"], passwords) else call[0]
            ),
            event["message"],
        )
    parameters = event.get("params")
    if event.get("method") not in _TYPING or not isinstance(parameters, dict):
        return
    for name in (*_TYPED, "key"):
        text = parameters.get(name)
        if isinstance(text, str) and _is_part(text, passwords):
            parameters[name] = MASK


def _is_part(text: str, passwords: frozenset[str]) -> bool:
    return bool(text) and any(text in password for password in passwords)


def _blank(node: Any, clean: Callable[[str], str]) -> Any:
    """The document without secrets: by their names, and by what is known."""
    if isinstance(node, str):
        return clean(node)
    if isinstance(node, list):
        if _is_password(node):
            node = [node[0], {k: MASK if _holds(k) else v for k, v in node[1].items()}, *node[2:]]
        return [_blank(item, clean) for item in node]
    if not isinstance(node, dict):
        return node
    name = node.get("name")
    if isinstance(name, str) and isinstance(node.get("value"), str) and _names_secret(name):
        node = {**node, "value": MASK}
    return {clean(str(key)): _blank_item(str(key), item, clean) for key, item in node.items()}


def _holds(attribute: str) -> bool:
    return attribute.lower() in (VALUE, "value")


def _blank_item(key: str, item: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(item, str) and item and is_plain_secret_name(key):
        return MASK
    if key == "cookies" and isinstance(item, list):
        item = [{**each, "value": MASK} if isinstance(each, dict) else each for each in item]
    return _blank(item, clean)
