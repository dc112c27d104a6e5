"""Loads compose files as YAML 1.2, where `yes`, `on` and `22:22` are the strings that Compose sees.

libyaml's scanner is five times faster and refuses a few texts that are valid (`[80:80]`), so what
it refuses is read again by the pure one; both resolve scalars with the same 1.2 rules.
"""

import functools
import warnings
from pathlib import Path
from typing import Any

from stacktest.core.model import Json
from stacktest.core.unknown import Unknown


def load_yaml(path: str) -> Json | Unknown:
    """The content of a file; what cannot be read or parsed is unknown, with the place."""
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        return Unknown(f"{path} cannot be read: {error.strerror}")
    return parse_yaml(text, path)


@functools.lru_cache(maxsize=64)
def parse_yaml(text: bytes, name: str) -> Json | Unknown:
    """The content of a YAML text; tags that only Compose knows are kept as `{tag: value}`.

    The same text is parsed once and its content shared: nobody may change what is returned.
    """
    from ruamel.yaml.error import YAMLError

    try:
        return _load(text, pure=False)
    except (YAMLError, ValueError):
        try:
            return _load(text, pure=True)
        except (YAMLError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{name}:{mark.line + 1}" if mark else name
            # The problem alone: the whole message quotes the line, which may hold a secret.
            return Unknown(
                f"{where} is not valid YAML: {getattr(error, 'problem', None) or 'text'}"
            )


# Private


def _load(text: bytes, *, pure: bool) -> Json:
    from ruamel.yaml.error import YAMLWarning

    with warnings.catch_warnings():
        # An anchor that is used twice is valid and means the later one, as Compose has it; the
        # warning would quote lines of the file, and end a run that makes errors of warnings.
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
        """Knows `!reset`, `!override` and whatever tag a later Compose brings."""

    ComposeConstructor.add_constructor(None, _tagged)
    # Compose has no dates: `2026-01-01` is text.
    ComposeConstructor.add_constructor("tag:yaml.org,2002:timestamp", _text)
    return ComposeConstructor


@functools.cache
def _resolver() -> type[Any]:
    from ruamel.yaml.resolver import VersionedResolver

    class Resolver12(VersionedResolver):
        """Always 1.2: asking for the version again at each scalar takes a third of the time."""

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
