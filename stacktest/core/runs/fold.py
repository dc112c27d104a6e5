"""Makes a verdict per service from the outcomes of a run, with every reason against a pass."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from stacktest.core.changed_copy import replace
from stacktest.core.runs.bare_text import bare_cause, bare_end, bare_selection
from stacktest.core.runs.verdict import (
    JUDGED,
    PHRASES,
    SEVERITY,
    Inventory,
    Kind,
    Outcome,
    Required,
    RunFacts,
    Verdict,
)

NEVER_TOUCHED = "but never touched it"
ONLY_LOOKED_AT = "its container was only looked at"
_ASSERTS_NOTHING = re.compile(r"\d+ of \d+ tests? that names? \S+ asserts? nothing(:|$)")


def is_unasked(sentence: str) -> bool:
    """Whether the reason of a verdict is that no test contacted the service."""
    return sentence.endswith((NEVER_TOUCHED, ONLY_LOOKED_AT))


def asserts_nothing(sentence: str) -> bool:
    """Whether the reason of a verdict is that a test asserts nothing."""
    return bool(_ASSERTS_NOTHING.match(sentence))


def fold(
    inventory: Inventory, outcomes: Iterable[Outcome], facts: RunFacts
) -> Mapping[str, Verdict]:
    """The verdict of every service that a required test or an outcome names.

    With shards, pass the outcomes of all shards; together they have to cover the inventory.
    """
    worst = _worst(outcomes)
    bare = _without_texts(inventory, worst, facts)
    services = {name for test in inventory.required for name in test.services}
    services |= {name for outcome in worst.values() for name in outcome.services}
    verdicts = {name: _verdict(name, inventory, worst, facts) for name in sorted(services)}
    return {
        name: replace(verdict, recorded=_verdict(name, *bare).reasons)
        for name, verdict in verdicts.items()
    }


# Private


def _worst(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    worst: dict[str, Outcome] = {}
    for outcome in outcomes:
        other = worst.get(outcome.nodeid)
        if other is None or SEVERITY.index(outcome.result) < SEVERITY.index(other.result):
            worst[outcome.nodeid] = outcome
    return worst


def _without_texts(
    inventory: Inventory, worst: Mapping[str, Outcome], facts: RunFacts
) -> tuple[Inventory, Mapping[str, Outcome], RunFacts]:
    """The run's data without texts from tests, plugins or the command line."""
    hidden = (replace(file, why=bare_cause(file.why)) for file in inventory.hidden)
    return (
        replace(inventory, why=tuple(map(bare_cause, inventory.why)), hidden=tuple(hidden)),
        {name: replace(outcome, reason=outcome.kind) for name, outcome in worst.items()},
        replace(
            facts,
            selection=bare_selection(facts.selection),
            ended_early=bare_end(facts.ended_early),
            deviations=tuple(map(bare_selection, facts.deviations)),
        ),
    )


def _verdict(
    service: str, inventory: Inventory, worst: Mapping[str, Outcome], facts: RunFacts
) -> Verdict:
    required = inventory.of(service)
    outcomes = [outcome for outcome in worst.values() if service in outcome.services]
    failed = [outcome for outcome in outcomes if _is_failure(outcome)]
    touched = [outcome for outcome in outcomes if service in outcome.contacts]
    doubts = _doubts(service, inventory, outcomes, facts)
    kind: Kind
    if failed:
        kind, reasons = "failed", [_failure(outcome) for outcome in failed]
    elif not outcomes:
        kind, reasons = "untouched", [_untouched(service, facts)]
    else:
        kind, reasons = ("incomplete" if doubts else "passed"), doubts
    flaky = [outcome for outcome in outcomes if outcome.flaky and outcome.result == "passed"]
    return Verdict(
        service=service,
        kind=kind,
        flaky=bool(flaky),
        reasons=tuple(reasons),
        required=len(required),
        passed=sum(outcome.result == "passed" for outcome in outcomes),
        flaky_tests=len(flaky),
        failed=tuple(sorted(outcome.nodeid for outcome in failed)),
        skipped=tuple(sorted(o.nodeid for o in outcomes if o.result == "skipped")),
        known_false=tuple(sorted(o.nodeid for o in outcomes if o.result == "known_false")),
        assertions=sum(outcome.assertions for outcome in outcomes),
        contacts=len(touched),
        started=min((o.started for o in outcomes if o.started is not None), default=None),
        letters={o.nodeid: _letter(o) for o in sorted(outcomes, key=lambda o: o.nodeid)},
    )


def _is_failure(outcome: Outcome) -> bool:
    """Whether the test failed, also if its retry was skipped: without a pass it is no flake."""
    evaded = outcome.flaky and outcome.result != "passed"
    return outcome.result in ("failed", "unjudged", "holds_now", "error") or evaded


def _failure(outcome: Outcome) -> str:
    if outcome.result == "known_false":
        return f"{outcome.nodeid} failed, then its claim was false on the retry: it wavers"
    if outcome.result in PHRASES:
        evasion = PHRASES[outcome.result]
        return f"{outcome.nodeid} failed, then was {evasion} on the retry: it never passed"
    verb = "failed outside its body" if outcome.result == "error" else "failed"
    return f"{outcome.nodeid} {verb}" + (f": {outcome.reason}" if outcome.reason else "")


def _untouched(service: str, facts: RunFacts) -> str:
    return f"no test that names {service} was asked to run" + _because(facts.selection)


def _because(text: str) -> str:
    return f": {text}" if text else ""


def _doubts(
    service: str, inventory: Inventory, outcomes: Sequence[Outcome], facts: RunFacts
) -> list[str]:
    """All reasons why this run is no pass, as sentences."""
    required = inventory.of(service)
    by_id = {outcome.nodeid: outcome for outcome in outcomes}
    doubts = [*_run_doubts(inventory, facts), *_hidden(service, inventory)]
    doubts += _missing(service, required, by_id, facts)
    doubts += _not_passed(service, len(required), outcomes)
    listed = {test.nodeid for test in required}
    doubts += [
        f"{outcome.nodeid} ran but is not in the inventory of {service}"
        for outcome in outcomes
        if outcome.nodeid not in listed and outcome.nodeid not in inventory.elsewhere
    ]
    doubts += [
        f"{test.nodeid} names {service} {NEVER_TOUCHED}" + _who_else(service, by_id[test.nodeid])
        for test in required
        if service not in test.no_contact
        and test.nodeid in by_id
        and by_id[test.nodeid].result in JUDGED
        and service not in (*by_id[test.nodeid].contacts, *by_id[test.nodeid].looks)
    ]
    excused = {test.nodeid for test in required if service in test.no_contact}
    doubts += _only_looks(service, outcomes, excused)
    if outcomes and all(outcome.result == "known_false" for outcome in outcomes):
        doubts.append(f"no test of {service} passed: every claim about it is known to be false")
    return [*doubts, *_no_assertion(service, listed, outcomes)]


def _who_else(service: str, outcome: Outcome) -> str:
    """A note that another service may have answered, if the test had such an answer."""
    if service not in outcome.doubts:
        return ""
    where = outcome.doubts[service]
    return ": its answer may be another's" + (f" ({where})" if where else "")


def _only_looks(
    service: str, outcomes: Sequence[Outcome], excused: Collection[str]
) -> Iterable[str]:
    """`no test had an answer of redis: its container was only looked at`.

    A test that is excused by `no_contact` may look at the container, too.
    """
    has_looked = any(service in o.looks for o in outcomes if o.nodeid not in excused)
    if has_looked and not any(service in outcome.contacts for outcome in outcomes):
        yield f"no test had an answer of {service}: {ONLY_LOOKED_AT}"


def _run_doubts(inventory: Inventory, facts: RunFacts) -> Iterable[str]:
    if not inventory.complete:
        yield "the inventory of tests could not be taken" + _because("; ".join(inventory.why))
    if facts.interrupted:
        yield "the run was interrupted"
    if facts.deviations:
        yield "the tests did not run as the suites define them: " + ", ".join(facts.deviations)


def _hidden(service: str, inventory: Inventory) -> Iterable[str]:
    """`suites/test_b.py was not collected (skipped: no driver), and it names grafana`."""
    for file in inventory.hidden:
        if file.concerns(service):
            names = f"it names {service}" if file.services else f"it may name {service}"
            yield f"{file.path} was not collected ({file.why}), and {names}"


def _missing(
    service: str, required: Sequence[Required], by_id: Mapping[str, Outcome], facts: RunFacts
) -> Iterable[str]:
    """`2 of 4 tests that name grafana did not run: deselected by -k test_a`."""
    missing = [test for test in required if test.nodeid not in by_id]
    why = Counter(_why_missing(test.nodeid, facts) for test in missing)
    for reason, count in sorted(why.items()):
        yield f"{count} of {_naming(len(required), service)} did not run: {reason}"


def _why_missing(nodeid: str, facts: RunFacts) -> str:
    if nodeid in facts.deselected:
        return f"deselected by {facts.selection or 'an option'}"
    if facts.interrupted:
        return "the run was interrupted"
    if facts.ended_early:
        return f"the run ended early ({facts.ended_early})"
    if facts.selection:
        return f"not selected by {facts.selection}"
    return "no report of it arrived"


def _not_passed(service: str, required: int, outcomes: Sequence[Outcome]) -> Iterable[str]:
    """`1 of 4 tests that name grafana was skipped: tests/a.py::test_b (no licence)`."""
    for result, phrase in PHRASES.items():
        which = [outcome for outcome in outcomes if outcome.result == result]
        if which:
            names = ", ".join(
                f"{o.nodeid} ({o.reason})" if o.reason else o.nodeid
                for o in sorted(which, key=lambda o: o.nodeid)
            )
            verb = "was" if len(which) == 1 else "were"
            yield f"{len(which)} of {_naming(required, service)} {verb} {phrase}: {names}"


def _no_assertion(service: str, listed: set[str], outcomes: Sequence[Outcome]) -> Iterable[str]:
    """`1 of 2 tests that name grafana asserts nothing: suites/test_a.py::test_b`."""
    bare = sorted(o.nodeid for o in outcomes if o.nodeid in listed and not o.assertions)
    if bare:
        verb = "asserts" if len(bare) == 1 else "assert"
        yield f"{len(bare)} of {_naming(len(listed), service)} {verb} nothing: {', '.join(bare)}"


def _naming(count: int, service: str) -> str:
    noun = "test that names" if count == 1 else "tests that name"
    return f"{count} {noun} {service}"


def _letter(outcome: Outcome) -> str:
    if outcome.result == "passed":
        return "~" if outcome.flaky else "."
    letters = {
        "failed": "F",
        "holds_now": "K",
        "known_false": "k",
        "error": "E",
        "unjudged": "E",
        "skipped": "s",
        "xfailed": "x",
        "xpassed": "X",
    }
    return letters.get(outcome.result, "?")
