"""The marker `claim`: a test states a claim of a document, which may be marked as known false.

holds    the test's body            becomes
True     passes or fails            the same
True     any other exception        a failure that is no judgement of the claim
False    an assertion fails         known false: judged, and no failure of the service
False    an assertion fails, after `until`     a failure
False    passes                     a failure: the claim holds now
False    any other exception        a failure, as everywhere
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from stacktest.core.claims import Claim
from stacktest.errors import UsageError
from stacktest.pytest_plugin.usage_errors import usage_error

KNOWN_FALSE = "stacktest_known_false"
"""Attribute of a report: an assertion failed whose claim is known to be false."""
HOLDS_NOW = "stacktest_holds_now"
"""Attribute of a report: the test passed although its claim is said to be false."""
UNJUDGED = "stacktest_unjudged"
"""Attribute of a report: the test of a claim failed outside of its assertions."""


def claims_of(item: pytest.Item) -> tuple[Claim, ...]:
    """The claims that the test states, nearest marker first."""
    return tuple(_claim(item, mark) for mark in item.iter_markers("claim"))


def judge_report(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport, today: dt.date
) -> None:
    """Change the outcome in the report of a test's body by its claims (table above)."""
    if report.when != "call" or hasattr(report, "wasxfail"):
        return
    false = [claim for claim in claims_of(item) if not claim.holds]
    if report.outcome == "failed" and not _is_judgement(item, call):
        vars(report)[UNJUDGED] = True
    elif false:
        _judge_false(false, call, report, today)


# Private


def _judge_false(
    false: Sequence[Claim], call: pytest.CallInfo[None], report: pytest.TestReport, today: dt.date
) -> None:
    """Set the outcome of a passed test, or a failed assertion, with claims that are known false."""
    names = ", ".join(claim.id for claim in false)
    if report.outcome == "passed":
        report.outcome = "failed"
        report.longrepr = f"claim {names} holds now; take `holds=False` away"
        vars(report)[HOLDS_NOW] = True
    elif report.outcome == "failed":
        overdue = [claim for claim in false if claim.is_overdue(today)]
        if overdue:
            text = ", ".join(f"{claim.id} until {claim.until}" for claim in overdue)
            report.sections.append(("Claim", f"it was allowed to be false: {text}"))
            return
        line = str(call.excinfo.value).partition("\n")[0] if call.excinfo else ""
        report.outcome = "skipped"
        vars(report)["wasxfail"] = f"claim {names} is known to be false: {line}".rstrip(": ")
        vars(report)[KNOWN_FALSE] = True


def _claim(item: pytest.Item, mark: pytest.Mark) -> Claim:
    words = [*mark.args, "", ""][:2]
    unknown = set(mark.kwargs) - {"id", "text", "source", "holds", "until"}
    id_ = str(mark.kwargs.get("id", words[0]))
    if not id_ or unknown or len(mark.args) > len(words):
        raise _usage_error(
            f"marker claim: {'unknown: ' + ', '.join(sorted(unknown)) if unknown else 'no id'}",
            where=item.nodeid,
            hint='write @pytest.mark.claim("A8", "what it says", source="README.md")',
        )
    return Claim(
        id=id_,
        text=str(mark.kwargs.get("text", words[1])),
        source=str(mark.kwargs.get("source", "")),
        holds=_holds(item, mark.kwargs.get("holds", True)),
        until=_day(item, mark.kwargs.get("until")),
    )


def _holds(item: pytest.Item, holds: object) -> bool:
    if isinstance(holds, bool):
        return holds
    raise _usage_error(
        f"marker claim: holds={holds!r} is neither True nor False",
        where=item.nodeid,
        hint="write holds=False, or leave it out",
    )


def _day(item: pytest.Item, until: object) -> str:
    if until is None:
        return ""
    try:
        return dt.date.fromisoformat(str(until)).isoformat()
    except ValueError:
        raise _usage_error(
            f"marker claim: until={until!r} is not a valid date",
            where=item.nodeid,
            hint='write until="2027-03-31"',
        ) from None


def _usage_error(what: str, *, where: str, hint: str) -> pytest.UsageError:
    return usage_error(UsageError(what, where=where, hint=hint))


def _is_judgement(item: pytest.Item, call: pytest.CallInfo[None]) -> bool:
    """Whether an assertion of the suites failed: no error, and no assertion within a library.

    Playwright's `expect` raises in its own code, so its assertions count as the suites' own.
    """
    if call.excinfo is None or not isinstance(call.excinfo.value, AssertionError):
        return False
    if getattr(call.excinfo.value, "is_judgement", False):
        return True
    path = Path(call.excinfo.traceback[-1].path)
    is_library = not {"site-packages", "dist-packages"}.isdisjoint(path.parts)
    is_own = path.is_relative_to(item.config.rootpath) and not is_library
    return is_own or "playwright" in path.parts
