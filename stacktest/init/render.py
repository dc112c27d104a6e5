"""Fills in the templates of the files that `stacktest init` writes."""

import json
from functools import cache
from typing import Any

import jinja2


def render(template: str, **values: object) -> str:
    """The text of a template; every value goes through a filter that quotes it."""
    text: str = _templates().get_template(template).render(**values)
    return text


def word(name: str) -> str:
    """The name in lower case with `_` for other characters, for Python names and file names."""
    return "".join(c if c.isalnum() else "_" for c in name.lower())


def quoted(value: str) -> str:
    """The string as a literal that is valid in Python and in TOML."""
    # TOML does not allow DEL inside a string; JSON and Python do.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


# Private


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stacktest.init"),
        autoescape=False,  # noqa: S701 - Python and TOML; every value goes through `text`
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    filters: dict[str, Any] = {"text": quoted, "word": word, "prose": _prose}
    environment.filters |= filters
    return environment


def _prose(value: str) -> str:
    """The text without characters that could end a docstring or a comment."""
    shown = "".join(character for character in value if character.isprintable())
    return " ".join(shown.replace('"', "'").replace("\\", "/").split())
