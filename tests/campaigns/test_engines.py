"""What engines take by themselves, and that nothing of it counts."""

import pytest

from campaigns import engines
from campaigns.certificates import cases
from campaigns.common import Options


@pytest.mark.real_browser
def test_nothing_that_firefox_takes_counts_though_it_is_bad() -> None:
    report = engines.run(Options(short=True))
    assert report.faults == []
    assert [row[0] for row in report.rows] == ["firefox"]


def test_a_bad_certificate_that_is_taken_and_trusted_is_a_fault() -> None:
    table = [case for case in cases() if case.name in {"good", "Ed25519", "expired", "RSA 1024"}]
    taken = {"good", "expired", "RSA 1024"}
    row, faults = engines._judge("x", table, taken, trusted={"good", "Ed25519", "expired"})
    assert row == ("x", 4, 1, "Ed25519", 2, 1)
    assert faults == ["x: 'expired' counts as an answer of the service"]
