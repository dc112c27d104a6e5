"""Which containers Traefik's provider reads, by a `constraints` expression over their labels.

    Label(`traefik.tag`, `public`)          the label has this value
    LabelRegex(`traefik.tag`, `^pub.+`)     the label's value matches the expression

They are combined with `&&`, `||`, `!` and parentheses, like the matchers of a rule.
"""

from collections.abc import Mapping

from stacktest.adapters.routes.traefik.rule import Literal, RuleError, alternatives
from stacktest.core.route import compiled


def why_constrained(expression: str, labels: Mapping[str, str]) -> str:
    """Why Traefik leaves out a container with these labels; empty if it does not."""
    if not expression:
        return ""
    try:
        parts = alternatives(expression)
        is_taken = any(all(_holds(item, labels) for item in part) for part in parts)
    except RuleError as error:
        return f"the constraints of Traefik's provider cannot be read: {error}"
    return "" if is_taken else "the constraints of Traefik's provider leave it out"


# Private

_OPERANDS = 2


def _holds(literal: Literal, labels: Mapping[str, str]) -> bool:
    if literal.name not in {"label", "labelregex"} or len(literal.values) != _OPERANDS:
        raise RuleError(f"what {literal.name} means")
    name, wanted = literal.values
    value = labels.get(name)
    if literal.name == "label":
        return (value == wanted) is not literal.negated
    readable = compiled(wanted)
    if readable is None:
        raise RuleError("one of its expressions")
    is_match = value is not None and readable.search(value) is not None
    return is_match is not literal.negated
