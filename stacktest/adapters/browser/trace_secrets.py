"""Removes passwords and other secrets from a Playwright trace.

    events       values of password fields in every snapshot, and text typed into them;
                 Authorization, cookies, storage, credentials in options and parameters
    network      the same headers, cookies, secret parts of queries and of posted data
    resources    bodies of answers, pages, requests and websockets, as far as they are text
    screenshots  stay as they are: they show what the page showed

`trace_findings` finds the secrets.
A value that is secret at one place of the trace is removed everywhere else in the trace, too.
The title of the trace is removed, since it repeats the parameters of the test.
"""

import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from stacktest.adapters.atomic_write import write_file
from stacktest.adapters.browser.trace_findings import (
    STORAGES,
    TYPED,
    TYPING,
    VALUE,
    is_secret_input,
    names_secret,
    password_values,
    secrets_of_node,
    secrets_of_text,
    typed,
    typed_into_passwords,
)
from stacktest.adapters.private_files import PRIVATE_FILE
from stacktest.core.redaction import redact
from stacktest.core.secret_forms import MASK, tokens_in
from stacktest.core.secret_names import is_plain_secret_name

EVENTS = (".trace", ".network", ".stacks")
"""Endings of the names of files that hold one JSON document per line."""


def clean_trace(path: Path, secrets: Iterable[str]) -> None:
    """Replace the trace by one without secrets, readable by its owner only."""
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

_TEXT_POSTED = (".json", ".jsonl", ".txt", ".bin", ".dat", ".xml", ".yaml", ".yml", "urlencoded")
_PROGRAMS = (".html", ".htm", ".js", ".mjs", ".css")
_LARGEST_TEXT = 256 * 1024
_LARGEST_DOCUMENT = 8 * 1024 * 1024
_CALL = re.compile(
    r"(?P<before>\b(?:type|fill|press|insertText)\()\"(?P<text>(?:[^\"\\]|\\.)*)\"\)"
)
_BINARY = frozenset(
    {
        *(".png", ".jpeg", ".jpg", ".gif", ".webp", ".avif", ".ico", ".woff", ".woff2", ".ttf"),
        *(".otf", ".mp4", ".webm", ".mp3", ".wasm", ".pdf", ".zip", ".gz"),
    }
)


def _lines(content: bytes) -> Iterator[Any]:
    for line in content.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


class _Shown(Struct, frozen=True):
    """The secrets that were found in a trace."""

    secrets: frozenset[str]
    passwords: frozenset[str]
    """All values of password fields at any time; text that is typed is a part of one of them."""


def _of_trace(trace: zipfile.ZipFile) -> _Shown:
    any_typed: set[str] = set()
    fields: set[str] = set()
    shown: set[str] = set()
    has_snapshots = False
    for name in trace.namelist():
        if name.endswith(EVENTS):
            content = trace.read(name)
            shown.update(tokens_in(content.decode("utf-8", "replace")))
            for event in _lines(content):
                is_event = isinstance(event, dict)
                has_snapshots |= is_event and event.get("type") == "frame-snapshot"
                fields.update(password_values(event))
                any_typed.update(typed(event))
                shown.update(typed_into_passwords(event))
                shown.update(secrets_of_node(event))
        else:
            shown.update(_of_resource(name, trace))
    passwords = frozenset(filter(None, fields))
    # Without snapshots, the field into which a text was typed is not known: all texts count.
    secrets = shown | passwords | (set() if has_snapshots else any_typed)
    return _Shown(secrets=frozenset(filter(None, secrets)), passwords=passwords)


def _of_resource(name: str, trace: zipfile.ZipFile) -> Iterator[str]:
    """The secrets in the body of a request or response, if it is text and not too large."""
    is_document = name.endswith((".json", ".jsonl"))
    largest = _LARGEST_DOCUMENT if is_document else _LARGEST_TEXT
    if trace.getinfo(name).file_size > largest or not name.endswith((*_TEXT_POSTED, *_PROGRAMS)):
        return
    text = trace.read(name).decode("utf-8", "replace")
    yield from tokens_in(text)
    for part in text.splitlines() if name.endswith(".jsonl") else (text,):
        yield from secrets_of_text(part, is_code=name.endswith(_PROGRAMS))


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
    """Mask, in place, what a search for whole values misses: the title, and parts of passwords."""
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
    if event.get("method") not in TYPING or not isinstance(parameters, dict):
        return
    for name in (*TYPED, "key"):
        text = parameters.get(name)
        if isinstance(text, str) and _is_part(text, passwords):
            parameters[name] = MASK


def _is_part(text: str, passwords: frozenset[str]) -> bool:
    return bool(text) and any(text in password for password in passwords)


def _blank(node: Any, clean: Callable[[str], str]) -> Any:
    """The document with secrets masked: by their names, and by `clean` for known values."""
    if isinstance(node, str):
        return clean(node)
    if isinstance(node, list):
        if is_secret_input(node):
            node = [node[0], {k: MASK if _holds(k) else v for k, v in node[1].items()}, *node[2:]]
        return [_blank(item, clean) for item in node]
    if not isinstance(node, dict):
        return node
    name = node.get("name")
    if isinstance(name, str) and isinstance(node.get("value"), str) and names_secret(name):
        node = {**node, "value": MASK}
    return {clean(str(key)): _blank_item(str(key), item, clean) for key, item in node.items()}


def _holds(attribute: str) -> bool:
    return attribute.lower() in (VALUE, "value")


def _blank_item(key: str, item: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(item, str) and item and is_plain_secret_name(key):
        return MASK
    if key in STORAGES and isinstance(item, list):
        item = [{**each, "value": MASK} if isinstance(each, dict) else each for each in item]
    return _blank(item, clean)
