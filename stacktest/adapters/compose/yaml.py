"""Loads compose files as YAML 1.2, where `yes`, `on` and `22:22` are strings, as for Compose.

libyaml's scanner is five times faster but refuses a few valid texts (`[80:80]`), so a refused text
is parsed again by the pure Python scanner; both resolve scalars with the same 1.2 rules.
"""

import functools
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from stacktest.core.json_data import Json
from stacktest.core.unknown import Unknown

DEEPEST = 200
"""Largest number of levels of nesting, far above that of any written compose file."""
MOST = 1_000_000
"""Largest number of values of a document with its anchors written out: a text of some 20 MB."""


def load_yaml(path: str) -> Json | Unknown:
    """The content of a file; Unknown, with the place, if it cannot be read or parsed."""
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        return Unknown(f"{path} cannot be read: {error.strerror}")
    return parse_yaml(text, path)


@functools.lru_cache(maxsize=64)
def parse_yaml(text: bytes, name: str) -> Json | Unknown:
    """The content of a YAML text; tags that only Compose knows are kept as `{tag: value}`.

    The result is cached and shared by all callers: do not change it.
    """
    if line := _deep_line(text):
        # The scanner is written in C: a stack overflow would end the process.
        return Unknown(f"{name}:{line} is nested more than {DEEPEST} levels deep")
    try:
        document = _load(text, pure=False)
    except _refusals():
        try:
            document = _load(text, pure=True)
        except _refusals() as error:
            line = _line_of(error, text)
            where = f"{name}:{line}" if line else name
            # Only the problem: the whole message quotes the line, which may hold a secret.
            return Unknown(
                f"{where} is not valid YAML: {getattr(error, 'problem', None) or 'text'}"
            )
    if not _is_small(document):
        return Unknown(f"{name}: its anchors make it too large, or a part of itself")
    return document


def key_lines(text: bytes) -> dict[str, int]:
    """Dotted key (`services.app.volumes.0`) → its line, from 1; empty if the text is not YAML."""
    if _deep_line(text):
        return {}
    try:
        node = _loader(pure=True).compose(text)
    except _refusals():
        return {}
    return dict(_lines_below(node, ""))


# Private

_BRACKET = re.compile(rb"[\[{]|[\]}]")
_STEPS = re.compile(rb"^[ \t]{%d}|(?:[-?:][ \t]+){%d}" % (DEEPEST, DEEPEST), re.MULTILINE)


def _refusals() -> tuple[type[Exception], ...]:
    """The exceptions of the two scanners for a text that is not YAML."""
    from ruamel.yaml.error import YAMLError

    # A mapping as a key is a TypeError, a number of 5000 digits a ValueError.
    return YAMLError, ValueError, TypeError, LookupError, AttributeError, RecursionError


def _line_of(error: Exception, text: bytes) -> int:
    """The line of the fault; of a bracket or quote that is not closed, where it was opened."""
    problem, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    lines = text.rstrip().splitlines()
    is_open = (
        problem is not None
        and context is not None
        and problem.line > context.line
        and (problem.line >= len(lines) or _indent(lines, problem) <= _indent(lines, context))
        and any(word in str(getattr(error, "context", "")) for word in ("flow", "quoted"))
    )
    mark = context if is_open else problem
    return mark.line + 1 if mark is not None else 0


def _indent(lines: Sequence[bytes], mark: Any) -> int:
    line = lines[mark.line]
    return len(line) - len(line.lstrip())


def _deep_line(text: bytes) -> int:
    """The first line that is nested too deeply, by brackets or indentation; 0: there is none."""
    text = text.replace(b"\0", b"")
    depth, place = 0, _STEPS.search(text)
    if place is not None:
        return text.count(b"\n", 0, place.start()) + 1
    for bracket in _BRACKET.finditer(text):
        depth = depth + 1 if bracket[0] in b"[{" else max(0, depth - 1)
        if depth > DEEPEST:
            return text.count(b"\n", 0, bracket.start()) + 1
    return 0


def _is_small(document: Json) -> bool:
    """Whether the document has at most `MOST` values with every anchor written out."""
    sizes: dict[int, int] = {}

    def size(value: Json) -> int:
        if not isinstance(value, dict | list):
            return 1
        if id(value) not in sizes:
            # Counts as too large if the value contains itself.
            sizes[id(value)] = MOST + 1
            items = value.values() if isinstance(value, dict) else value
            sizes[id(value)] = 1 + sum(map(size, items))
        return sizes[id(value)]

    return size(document) <= MOST


def _lines_below(node: Any, key: str) -> Iterator[tuple[str, int]]:
    pairs: Iterable[tuple[Any, Any, Any]] = ()
    if node is not None and node.id == "mapping":
        pairs = ((name.value, name, value) for name, value in node.value)
    elif node is not None and node.id == "sequence":
        pairs = ((index, value, value) for index, value in enumerate(node.value))
    for name, place, value in pairs:
        inner = f"{key}.{name}" if key else str(name)
        yield inner, place.start_mark.line + 1
        yield from _lines_below(value, inner)


def _load(text: bytes, *, pure: bool) -> Json:
    from ruamel.yaml.error import YAMLWarning

    with warnings.catch_warnings():
        # An anchor that is defined twice is valid: the later definition counts, as for Compose. The
        # warning would quote lines of the file, and fail a run that turns warnings into errors.
        warnings.simplefilter("ignore", YAMLWarning)
        return _loader(pure=pure).load(text)


def _loader(*, pure: bool) -> Any:
    from ruamel.yaml import YAML

    loader = YAML(typ="safe", pure=pure)
    loader.Constructor, loader.Resolver = _constructor(), _resolver()
    loader.allow_duplicate_keys = True
    return loader


@functools.cache
def _constructor() -> type[Any]:
    from ruamel.yaml.constructor import SafeConstructor

    class ComposeConstructor(SafeConstructor):
        """Accepts `!reset`, `!override` and every other tag, also of later versions of Compose."""

    ComposeConstructor.add_constructor(None, _tagged)
    # Compose has no dates: `2026-01-01` is text.
    ComposeConstructor.add_constructor("tag:yaml.org,2002:timestamp", _text)
    return ComposeConstructor


@functools.cache
def _resolver() -> type[Any]:
    from ruamel.yaml.resolver import VersionedResolver

    class Resolver12(VersionedResolver):
        """Fixes the version to 1.2: to look it up at each scalar takes a third of the time."""

        processing_version = (1, 2)

    return Resolver12


def _tagged(constructor: Any, node: Any) -> Json:
    if node.id == "mapping":
        value: Json = constructor.construct_mapping(node, deep=True)
    elif node.id == "sequence":
        value = constructor.construct_sequence(node, deep=True)
    else:
        value = constructor.construct_scalar(node)
    return {str(node.tag): value}


def _text(constructor: Any, node: Any) -> Json:
    return constructor.construct_scalar(node)
