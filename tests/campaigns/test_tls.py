"""The TLS table in its short form: every certificate, every client but the browser's."""

import pytest

from campaigns import tls
from campaigns.certificates import cases
from campaigns.common import Options


def test_the_table_is_large_enough_and_its_names_are_unique() -> None:
    table = cases()
    assert len({case.name for case in table}) == len(table) >= 90
    assert sum(case.accepted for case in table) > 20


@pytest.mark.processes
def test_every_client_agrees_about_every_certificate() -> None:
    report = tls.run(Options(short=True))
    assert report.faults == []
    clients = [row[0] for row in report.rows]
    assert clients == ["api", "async_api", "doctor", "trust"]
    assert {row[1] for row in report.rows} == {len(cases())}


@pytest.mark.real_browser
@pytest.mark.slow
def test_pages_and_their_requests_agree_as_well() -> None:
    assert tls.run(Options()).faults == []


def test_a_verdict_that_differs_is_a_fault() -> None:
    table = cases()
    verdicts = {(case.name, "api"): (case.accepted, case.accepted) for case in table}
    assert tls._report(table, ["api"], verdicts).faults == []
    verdicts["good", "api"] = (False, False)
    verdicts["expired", "api"] = (True, True)
    assert tls._report(table, ["api"], verdicts).faults == [
        "api: 'good' was refused",
        "api: 'expired' was accepted",
        "api: 'expired' counts as an answer of the service",
    ]
