"""A pytest plugin for checks that have to fail: they wait no longer than that takes to see."""

from tests.faults.recorder import IMPATIENT


def pytest_collection_finish() -> None:
    """Not before the suites were collected: only then are the assertions of fixtures explained."""
    from fixtures import waiting

    waiting.LONGEST = IMPATIENT
