"""A configuration file of Traefik with its template filled in and its keys in lower case."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from stacktest.adapters.compose.yaml import key_lines, parse_yaml
from stacktest.adapters.plain_files import read_plain_text
from stacktest.adapters.routes.blank_names import door_environment
from stacktest.adapters.routes.mounts import shown
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.unknown import Unknown


class Unread(Unknown, frozen=True):
    """Why a file that is there cannot be read; it begins with the place."""

    file: str

    @property
    def place(self) -> str:
        """`file`, or `file:line`."""
        line = re.match(r":\d+", self.why.removeprefix(self.file))
        return f"{self.file}{line[0] if line else ''}"

    @property
    def reason(self) -> str:
        """The rest of the sentence."""
        return self.why.removeprefix(self.place).lstrip(": ")


def document_of(path: Path, stack: Stack) -> Json | Unread:
    """The content of a Traefik file with keys in lower case, or why it cannot be read."""
    file = shown(path, stack)
    try:
        text = _filled(read_plain_text(path), stack)
        if statement := _STATEMENT.search(text):
            line = text.count("\n", 0, statement.start()) + 1
            return Unread(f"{file}:{line}: {_NOT_EVALUATED}", file)
        if path.suffix == ".toml":
            return _lower(tomllib.loads(text))
    except UnicodeDecodeError:
        return Unread(f"{file}: it is not UTF-8 text", file)
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not valid TOML"
        return Unread(f"{file}: {reason}", file)
    document = parse_yaml(text.encode(), file)
    return Unread(document.why, file) if isinstance(document, Unknown) else _lower(document)


def router_lines(path: Path, file: str, routers: list[tuple[str, str]]) -> dict[str, str]:
    """`http.NAME` or `tcp.NAME` of a router in the file → `file:line`."""
    text = path.read_text(encoding="utf-8", errors="replace")
    keys = {} if path.suffix == ".toml" else key_lines(text.encode())
    numbers = {key.lower(): number for key, number in keys.items()}
    places: dict[str, str] = {}
    for kind, name in routers:
        sign = re.compile(
            rf"(?i)routers\.\"?{re.escape(name)}(?![\w-])|^\s*{re.escape(name)}\s*[:=]"
        )
        rows = (n for n, line in enumerate(text.splitlines(), 1) if sign.search(line))
        number = numbers.get(f"{kind}.routers.{name}") or next(rows, 1)
        places[f"{kind}.{name}"] = f"{file}:{number}"
    return places


# Private

_VARIABLE = re.compile(r"\{\{-?\s*env\s+[\"`](\w+)[\"`]\s*-?\}\}")

_STATEMENT = re.compile(r"\{\{-?\s*(?:if|range|with|define|block|template|\$\w+\s*:?=)(?!\w)")
_NOT_EVALUATED = 'the template does more than `{{ env "NAME" }}`, and is not evaluated'


def _filled(text: str, stack: Stack) -> str:
    """The text with `{{ env "NAME" }}` replaced, for variables of Traefik that are set."""
    environment = door_environment(stack)
    return _VARIABLE.sub(lambda match: environment.get(match[1]) or match[0], text)


def _lower(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {str(key).lower(): _lower(item) for key, item in value.items()}
    return [_lower(item) for item in value] if isinstance(value, list) else value
