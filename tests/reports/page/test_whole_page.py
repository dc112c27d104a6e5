"""The page of a small stack, word for word as a person without scripts reads it."""

from collections.abc import Mapping
from typing import TypeVar

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.operations import Operations
from stacktest.reports.page.evidence import Left
from stacktest.reports.page.page import render_page
from stacktest.reports.report_data import Board
from tests.reports.page.test_page import read
from tests.support.board import build_board
from tests.support.known import known

T = TypeVar("T")
SERVICES = ("loki", "grafana", "jellyfin")
OWN = "suites-phase2_x-test_loki.py-test_it_is_what_it_says"
LEFT = (
    Left(run="r0003", path=f"{OWN}-0a1b2c3d/loki.log", size=1),
    Left(run="r0003", path=f"pages/main/{OWN.replace('_', '-')}/trace.zip", size=1),
    Left(run="r0002", path=f"{OWN}-0a1b2c3d/old.log", size=1),
    Left(run="r0003", path="suites-phase2_x-test_loki.py-test_it-0a1b2c3d/other.log", size=1),
)
WRITTEN = """\
reference: No service is proved. Skip to the services stacktest / reference Services Details
Environment Dark No service is proved. The gate is closed by 3 services. Judged 45
minutes ago , 2026-11-20 09:15 UTC . 2 stale 1 broken What closes the gate failing loki
suites/phase2_observability/test_loki.py::test_a_line_is_found_again Why The last run on exactly
what runs now had a failure. Steady failure: 3 runs in a row failed.
suites/phase2_observability/test_loki.py::test_a_line_is_found_again What its tests said and
left: stacktest page --serve pytest suites/phase2_x changed grafana its environment changed,
configs/grafana/provisioning/datasources/datasources.yml changed Why It changed since its last
pass. Steady: 3 runs in a row passed. its environment changed
configs/grafana/provisioning/datasources/datasources.yml changed Also: page behind. pytest
suites/phase1_x expired jellyfin Why Its last pass is older than allowed. Steady: 3 runs in a
row passed. pytest suites/phase8_x Services Filter Tests of each service by phase, its last
pass, and its last 30 runs, the newest on the right. Services by phase Service State 1
Dashboards and browser 2 Observability Last pass Runs loki failing 1 of 2 tests failed ✕ 1/2
never steady failure grafana changed 4 tests passed ✓ 4 57 days ago steady jellyfin stand-in
expired 57 days ago steady 1 Dashboards and browser 2 Observability passed passed on a retry
failed incomplete it changed before this run Details loki failing
suites/phase2_observability/test_loki.py::test_a_line_is_found_again The last run on exactly
what runs now had a failure. Steady failure: 3 runs in a row failed. Why
suites/phase2_observability/test_loki.py::test_a_line_is_found_again What its tests said and
left: stacktest page --serve Next: pytest suites/phase2_x What it is Address only inside the
stack Image stacktest/loki:1.0 Profiles apps Last pass never Tests 1 of 2 passed Docs page
behind, 2026-10-16 10:00 UTC Compared with the last pass Part Compared Now At the last pass
image no record 54e57bde0309c6b6 - mounted files no record 0199bf978cd74810 - environment no
record d673042bf9dc3a84 - definition or routes no record caedd5d9ccb2974a - build files no record
- - fingerprint a9912f8a4fb39384 - Tests Last Test Runs suites/phase2_x/test_loki.py passed
test_a_person_signs_in failed test_it_is_what_it_says Latest runs Began Verdict Fingerprint
Commit What happened 2026-09-24 10:00 UTC ✕ failed a9912f8a4fb39384 0000000000 image, mounted
files, environment, definition or routes changed;
suites/phase2_x/test_loki.py::test_it_is_what_it_says failed: AssertionError: status (502) ==
200 2026-09-23 10:00 UTC ✕ failed addac5c6e656b5c0 0000000000
suites/phase2_x/test_loki.py::test_it_is_what_it_says failed: AssertionError: status (502) ==
200 2026-09-22 10:00 UTC ✕ failed addac5c6e656b5c0 0000000000
suites/phase2_x/test_loki.py::test_it_is_what_it_says failed: AssertionError: status (502) ==
200 grafana changed its environment changed,
configs/grafana/provisioning/datasources/datasources.yml changed It changed since its last pass.
Steady: 3 runs in a row passed. Why its environment changed
configs/grafana/provisioning/datasources/datasources.yml changed Also: page behind. Next: pytest
suites/phase1_x What it is Address https://grafana.stack.local/ Image stacktest/grafana:1.0
Profiles apps Last pass 2026-09-24 10:00 UTC , commit ababababab Tests 4 of 4 passed Docs page
behind, 2026-10-16 10:00 UTC Compared with the last pass Part Compared Now At the last pass
image same 729c402857e93223 729c402857e93223 mounted files not known - d4707c67b1d44ccf
environment changed 97272b2a3867e27f b3a1261dff892cce definition or routes changed
18cac97aff2d2438 eb430756041efd04 build files does not apply - - fingerprint 8e9df86d93f27e85
60702d4551e55052 Tests Last Test Runs suites/phase1_x/test_grafana.py passed
test_a_person_signs_in passed test_a_stranger_is_refused passed test_it_is_what_it_says passed
test_what_is_written_is_read Latest runs Began Verdict Fingerprint Commit What happened
2026-09-24 10:00 UTC ✓ passed 60702d4551e55052 0000000000 image, mounted files, environment,
definition or routes changed 2026-09-23 10:00 UTC ✓ passed 6d3ea60baa8d5cf7 0000000000 2026-09-22
10:00 UTC ✓ passed 6d3ea60baa8d5cf7 0000000000 jellyfin expired Its last pass is older than
allowed. Steady: 3 runs in a row passed. Next: pytest suites/phase8_x What it is Address only
inside the stack Image stacktest/jellyfin:1.0 Stand-in another program runs in place of the real
one: no Debian package; speaks the same API Profiles apps Last pass 2026-09-24 10:00 UTC ,
commit ababababab Tests 2 of 2 passed Docs page behind, 2026-10-16 10:00 UTC Compared with the
last pass Part Compared Now At the last pass image same 272814bbe5593938 272814bbe5593938
mounted files same 29f24617caa83a88 29f24617caa83a88 environment same b31308d79aa2a439
b31308d79aa2a439 definition or routes same 3cc67e3abb9a3732 3cc67e3abb9a3732 build files does not
apply - - fingerprint 83c2794dcba29289 83c2794dcba29289 Tests Last Test Runs
suites/phase8_x/test_jellyfin.py passed test_a_person_signs_in passed test_it_is_what_it_says
Latest runs Began Verdict Fingerprint Commit What happened 2026-09-24 10:00 UTC ✓ passed
83c2794dcba29289 0000000000 image, mounted files, environment, definition or routes changed
2026-09-23 10:00 UTC ✓ passed fcc73470f567771d 0000000000 2026-09-22 10:00 UTC ✓ passed
fcc73470f567771d 0000000000 Environment project reference domain stack.local last run
r0003 (number 3) began 2026-11-20 09:10 UTC ended 2026-11-20 09:14 UTC commit
ababababab with local changes stack reference@host chromium 142.0 compose 2.26.1 pytest 9.2.0
stacktest 0.1.0 judged for this host fingerprint version 1 key k-3f2a Warnings the engine's
clock is 2 s ahead Exemptions in force benthos: no_tests until 2027-01-31. no interface Written
2026-11-20 10:00 UTC by stacktest. Times are UTC. This file needs no network.""".replace("\n", " ")
SERVED = WRITTEN.replace("Environment Dark", "Environment Evidence Dark").replace(
    "What its tests said and left: stacktest page --serve",
    "Left by test_it_is_what_it_says : trace.zip , loki.log",
)


def small_board() -> Board:
    board = build_board(runs=3)
    gate = known(board.gate)

    def only(values: Mapping[str, T]) -> dict[str, T]:
        return {name: values[name] for name in SERVICES if name in values}

    return replace(
        board,
        stack=replace(
            board.stack, services=only(board.stack.services), phases=board.stack.phases[2:4]
        ),
        status=only(board.status),
        passes=only(board.passes),
        runs=only(board.runs),
        histories=only(board.histories),
        timeline=None,
        operations=Operations(),
        gate=replace(gate, blockers=tuple(b for b in gate.blockers if b.service in SERVICES)),
    )


@pytest.mark.parametrize(("evidence", "text"), [(None, WRITTEN), (LEFT, SERVED)])
def test_the_page_says_word_for_word(evidence: tuple[Left, ...] | None, text: str) -> None:
    """Once as it is written for others, once as it is served to this machine with evidence."""
    written, _ = read(render_page(small_board(), evidence=evidence))
    assert written == text


def test_a_folder_with_a_page_of_its_own_is_opened_by_that_page_and_its_trace() -> None:
    page = Left(run="r0003", path=f"{OWN}-0a1b2c3d/index.html", size=1)
    text, _ = read(render_page(small_board(), evidence=(*LEFT, page)))
    assert text.count("Left by test_it_is_what_it_says : index.html , trace.zip") == 2
    assert "loki.log" not in text
