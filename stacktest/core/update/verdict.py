"""The verdict on an update, from the run of tests on the services that it replaced."""

from collections.abc import Collection, Mapping

from msgspec import Struct

from stacktest.core.records.documents import LastRun


class UpdateVerdict(Struct, frozen=True, kw_only=True):
    """Whether an update may stay."""

    passed: bool
    why: str = ""
    """The first test that failed, or why the update did not pass; empty if it passed."""


def judge_update(
    code: int, services: Collection[str], runs: Mapping[str, LastRun]
) -> UpdateVerdict:
    """The verdict: passed only if pytest exited with 0 and each replaced service passed.

    `runs` are the records that this run wrote, including those of dependants.
    """
    failed = sorted({test for run in runs.values() for test in run.tests.failed})
    if failed:
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        return UpdateVerdict(passed=False, why=f"{failed[0]} failed{more}")
    for name, run in sorted(runs.items()):
        if run.start is not None:
            return UpdateVerdict(passed=False, why=f"{name} did not come up")
    for name in sorted(services):
        if name not in runs or runs[name].verdict != "passed":
            return UpdateVerdict(passed=False, why=f"{name} was not judged")
    return UpdateVerdict(
        passed=code == 0, why="" if code == 0 else f"pytest ended with code {code}"
    )
