r"""Parses Traefik's rules into alternatives, each a list of matchers that must all hold.

    rule     = and { "||" and }
    and      = term { "&&" term }
    term     = "!" term | "(" rule ")" | NAME "(" [ text { "," text } ] ")"
    text     = `…` | "…"

Matcher names are read in any case, as Traefik does. No part of a rule appears in a message, since
a rule may contain secrets, such as keys that let programs pass.
"""

import re
from collections.abc import Iterator

from msgspec import Struct, field


class RuleError(ValueError):
    """The rule cannot be read; the message says why, without the rule's text."""


class Literal(Struct, frozen=True, kw_only=True):
    """One matcher, perhaps negated: `!PathPrefix("/admin")`."""

    name: str
    """In lower case."""
    values: tuple[str, ...]
    negated: bool = False


Alternative = tuple[Literal, ...]
"""Matchers that must all hold."""


def alternatives(rule: str) -> tuple[Alternative, ...]:
    """The rule as a list of alternatives; a request that fits one of them fits the rule."""
    tokens = _Tokens(items=list(_tokens(rule)))
    try:
        expression = _either(tokens)
    except RecursionError:
        raise RuleError("it is nested too deeply") from None
    if tokens.items:
        raise RuleError("there is text after its end")
    return tuple(_unfolded(expression, negated=False))


# Private

_MOST_ALTERNATIVES = 64
_TOKEN = re.compile(
    r"\s*(?:(?P<text>`[^`]*`|\"(?:\\.|[^\"\\])*\")|(?P<sign>&&|\|\||[!(),])|(?P<name>[A-Za-z]\w*))"
)


class _Group(Struct, frozen=True, kw_only=True):
    parts: "tuple[_Expression, ...]"
    is_any: bool


class _Not(Struct, frozen=True, kw_only=True):
    inner: "_Expression"


_Expression = Literal | _Group | _Not


class _Tokens(Struct, kw_only=True):
    items: list[str] = field(default_factory=list)

    def accepts(self, sign: str) -> bool:
        """Whether the next token is this sign; if so it is consumed."""
        if self.items[:1] != [sign]:
            return False
        self.items.pop(0)
        return True

    def expect(self, sign: str) -> None:
        """Consume this sign, or raise a `RuleError`."""
        if not self.accepts(sign):
            raise RuleError(f"'{sign}' is missing")


def _tokens(rule: str) -> Iterator[str]:
    position = 0
    while rule[position:].strip():
        token = _TOKEN.match(rule, position)
        if not token:
            raise RuleError(f"it cannot be read from its character {position + 1} on")
        yield token[0].strip()
        position = token.end()


def _either(tokens: _Tokens) -> _Expression:
    parts = [_both(tokens)]
    while tokens.accepts("||"):
        parts.append(_both(tokens))
    return parts[0] if len(parts) == 1 else _Group(parts=tuple(parts), is_any=True)


def _both(tokens: _Tokens) -> _Expression:
    parts = [_term(tokens)]
    while tokens.accepts("&&"):
        parts.append(_term(tokens))
    return parts[0] if len(parts) == 1 else _Group(parts=tuple(parts), is_any=False)


def _term(tokens: _Tokens) -> _Expression:
    if tokens.accepts("!"):
        return _Not(inner=_term(tokens))
    if tokens.accepts("("):
        inner = _either(tokens)
        tokens.expect(")")
        return inner
    return _matcher(tokens)


def _matcher(tokens: _Tokens) -> Literal:
    if not tokens.items or not tokens.items[0][0].isalpha():
        raise RuleError("a matcher is missing")
    name = tokens.items.pop(0)
    tokens.expect("(")
    values: list[str] = []
    while not tokens.accepts(")"):
        if not tokens.items or tokens.items[0][0] not in '`"':
            raise RuleError(f'a value of {name} must stand in ` or "')
        values.append(_value(tokens.items.pop(0)))
        if not tokens.accepts(",") and tokens.items[:1] != [")"]:
            raise RuleError("')' is missing")
    return Literal(name=name.lower(), values=tuple(values))


def _value(text: str) -> str:
    """The text between the quotes; a backslash is an escape only between `"`."""
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text[1:-1]


def _unfolded(expression: _Expression, *, negated: bool) -> Iterator[Alternative]:
    """The expression in disjunctive normal form, with negations moved to the matchers."""
    if isinstance(expression, Literal):
        yield (_negate(expression) if negated else expression,)
    elif isinstance(expression, _Not):
        yield from _unfolded(expression.inner, negated=not negated)
    elif expression.is_any is not negated:
        for part in expression.parts:
            yield from _unfolded(part, negated=negated)
    else:
        rows: list[Alternative] = [()]
        for part in expression.parts:
            rows = [(*row, *more) for row in rows for more in _unfolded(part, negated=negated)]
            if len(rows) > _MOST_ALTERNATIVES:
                raise RuleError(f"it has more than {_MOST_ALTERNATIVES} alternatives")
        yield from rows


def _negate(literal: Literal) -> Literal:
    return Literal(name=literal.name, values=literal.values, negated=not literal.negated)
