"""The values of nginx's variables, as far as host name, listener and files determine them."""

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from stacktest.adapters.routes.nginx.source import SILENT, UNSEEN, Directive
from stacktest.core.route import Listener, compiled

_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_EQUAL = {"=": True, "!=": False}


class Variables(Struct, frozen=True, kw_only=True):
    """Values by name; a name that is missing depends on the request."""

    values: Mapping[str, str] = field(default_factory=dict)
    maps: Mapping[str, Directive] = field(default_factory=dict)
    """`map` blocks by the name of the variable that they define."""

    def expand(self, text: str) -> str:
        """The text with every variable that has a value replaced."""
        return _VARIABLE.sub(lambda m: self._value(m[1] or m[2], m[0]), text)

    def is_known(self, text: str) -> bool:
        """Whether nothing in the text depends on the request."""
        return not _VARIABLE.search(self.expand(text))

    def updated(self, name: str, value: str | None) -> "Variables":
        """A copy with another value of a variable; None: it depends on the request."""
        values = {key: text for key, text in self.values.items() if key != name}
        maps = {key: block for key, block in self.maps.items() if key != name}
        if value is not None:
            values[name] = value
        return Variables(values=values, maps=maps)

    def holds(self, words: tuple[str, ...]) -> bool | None:
        """Whether the condition of an `if` holds; None: it depends on the request."""
        left = self.expand(words[0]) if words else ""
        if not words or _VARIABLE.search(left) or left.startswith(("-", "!-")):
            return None
        if len(words) == 1:
            return left not in {"", "0"}
        operator, right = words[1], self.expand(" ".join(words[2:]))
        if operator in _EQUAL:
            return (left == right) is _EQUAL[operator]
        matches = _matches(right, left, ignore_case=operator.endswith("*"))
        return None if matches is None else matches is not operator.startswith("!")

    # Private

    def _value(self, name: str, text: str) -> str:
        if name in self.values:
            return self.values[name]
        if name in self.maps:
            # Leave the map itself out, against endless recursion: nginx refuses cyclic maps.
            return _mapped(self.maps[name], self.updated(name, None)) or text
        return text


def initial(
    host: str,
    listener: Listener,
    maps: Mapping[str, Directive],
    *,
    server_name: str | None,
    shows_port: bool,
) -> Variables:
    """The variables of a request for `host` at a listener; for a pattern, those of the listener.

    `server_name` is the first name of the server that answers, None if it is a pattern;
    `shows_port`: clients may write a port after the name.
    """
    scheme = "https" if listener.tls else "http"
    values = {"scheme": scheme, "server_port": str(listener.port), "https": "on" * listener.tls}
    if "*" not in host and not host.startswith("~"):
        values |= {"host": host, "ssl_preread_server_name": host, "ssl_server_name": host}
        values |= {} if shows_port else {"http_host": host}
    if server_name is not None:
        values["server_name"] = server_name
    return Variables(values=values, maps=maps)


def fits_name(pattern: str, name: str) -> bool:
    """Whether a key of a `map`, or a `server_name`, matches the name."""
    if pattern.startswith("~"):
        return bool(_fits_expression(pattern, name))
    if pattern.startswith("."):
        return name == pattern[1:] or name.endswith(pattern)
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    if pattern.endswith(".*"):
        return name.startswith(pattern[:-1])
    return pattern.lower() == name.lower()


# Private


def _mapped(block: Directive, variables: Variables) -> str | None:
    source = variables.expand(block.words[0])
    if _VARIABLE.search(source):
        return None
    value = _map_value(block, source)
    return variables.expand(value) if value is not None and variables.is_known(value) else None


def _map_value(block: Directive, source: str) -> str | None:
    """The value of a `map`: an equal key, the longest with a star, an expression, the default.

    None if an expression cannot be read, or if an included part of it is only in the container.
    """
    values = {entry.name: entry.words[0] for entry in block.block if entry.words}
    folded = {key.removeprefix("\\").lower(): value for key, value in values.items()}
    if source.lower() in folded and source.lower() != "default":
        return folded[source.lower()]
    if block.all(UNSEEN) or block.all(SILENT):
        return None
    key = _starred_key(values, source) if block.all("hostnames") else ""
    if key:
        return values[key]
    for expression in (key for key in values if key.startswith("~")):
        matches = _fits_expression(expression, source)
        if matches is not False:
            return values[expression] if matches else None
    return values.get("default", "")


def _starred_key(keys: Iterable[str], name: str) -> str:
    """The longest matching key with a leading star, else with a trailing star; empty if none."""
    fitting = [key for key in keys if not key.startswith("~") and fits_name(key.lower(), name)]
    return max(fitting, key=lambda key: (not key.endswith(".*"), len(key)), default="")


def _fits_expression(pattern: str, text: str) -> bool | None:
    ignore_case = pattern.startswith("~*")
    return _matches(pattern[1 + ignore_case :], text, ignore_case=ignore_case)


def _matches(expression: str, text: str, *, ignore_case: bool) -> bool | None:
    readable = compiled(f"(?i){expression}" if ignore_case else expression)
    return None if readable is None else readable.search(text) is not None
