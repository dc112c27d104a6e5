"""The accumulated effect of the directives in nginx's rewrite phase.

set       a variable's value; not known if only some requests reach the directive
break     the end of the phase in this block, as is `return`, or `rewrite … last` or `… break`
rewrite   another path, for paths that match; with `last` or `break` only other paths go on
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from stacktest.adapters.routes.nginx.source import UNSEEN, Directive
from stacktest.adapters.routes.nginx.steps import (
    guard_step,
    own_step,
    return_statuses,
    rewrite_step,
    unseen_step,
)
from stacktest.adapters.routes.nginx.variables import Variables
from stacktest.core.changed_copy import replace
from stacktest.core.route import ANY_STATUS, PathCondition, Route


class Rewritten(Struct, frozen=True, kw_only=True):
    """The steps of some directives, and the state after them."""

    variables: Variables
    steps: tuple[Route, ...] = ()
    names: frozenset[str] = frozenset()
    """Variables that the directives set."""
    has_ended: bool = False
    """Whether no further directive of the block is reached."""
    may_have_ended: bool = False
    """Whether some requests reach no further directive, depending on more than their URL."""
    others: tuple[PathCondition, ...] = ()
    """Conditions on the paths of requests that reach the next directive."""

    def followed_by(self, later: "Rewritten") -> "Rewritten":
        """The effect of both: these directives, then a later one for requests that reach it."""
        variables = later.variables
        if self.may_have_ended or self.others:
            for name in later.names:
                variables = variables.updated(name, None)
        steps = tuple(
            replace(
                step,
                conditions=(*self.others, *step.conditions),
                is_hidden=step.is_hidden or self.may_have_ended,
            )
            for step in later.steps
        )
        return Rewritten(
            variables=variables,
            steps=(*self.steps, *steps),
            names=self.names | later.names,
            has_ended=later.has_ended,
            may_have_ended=self.may_have_ended or later.may_have_ended,
            others=(*self.others, *later.others),
        )

    def perhaps(self, before: Variables, steps: tuple[Route, ...]) -> "Rewritten":
        """The same effect if it depends on the request whether the directives are reached."""
        variables = before
        for name in self.names:
            variables = variables.updated(name, None)
        may_end = self.has_ended or self.may_have_ended or bool(self.others)
        return Rewritten(variables=variables, steps=steps, names=self.names, may_have_ended=may_end)


def rewritten(item: Directive, variables: Variables, level: int) -> Rewritten:
    """The effect of a directive other than `if`; none if it is not of the rewrite phase."""
    acts = _ACTIONS.get(item.name)
    return acts(item, variables, level) if acts else Rewritten(variables=variables)


# Private

_ENDS = frozenset({"last", "break"})


def _set(item: Directive, variables: Variables, _level: int) -> Rewritten:
    if len(item.words) < _OPERANDS:
        return Rewritten(variables=variables)
    name, text = item.words[0].lstrip("$"), item.words[1]
    value = variables.expand(text) if variables.is_known(text) else None
    return Rewritten(variables=variables.updated(name, value), names=frozenset({name}))


def _break(_item: Directive, variables: Variables, _level: int) -> Rewritten:
    return Rewritten(variables=variables, has_ended=True)


def _return(item: Directive, variables: Variables, _level: int) -> Rewritten:
    step = own_step(item, return_statuses(item, variables))
    return Rewritten(variables=variables, steps=(step,), has_ended=True)


def _path(item: Directive, variables: Variables, level: int) -> Rewritten:
    if len(item.words) < _OPERANDS:
        return Rewritten(variables=variables)
    step = rewrite_step(item, level)
    if not _ENDS.intersection(item.words[_OPERANDS:]):
        return Rewritten(variables=variables, steps=(step,))
    other = PathCondition(patterns=item.words[:1], negated=True, level=level)
    return Rewritten(variables=variables, steps=(step,), others=(other,))


def _unseen(item: Directive, variables: Variables, _level: int) -> Rewritten:
    step = unseen_step(guard_step(item, ANY_STATUS, is_hidden=True), item)
    return Rewritten(variables=variables, steps=(step,))


_OPERANDS = 2
_ACTIONS: Mapping[str, Callable[[Directive, Variables, int], Rewritten]] = {
    "set": _set,
    "break": _break,
    "return": _return,
    "rewrite": _path,
    UNSEEN: _unseen,
}
