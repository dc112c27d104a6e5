"""The status page says what the records say, to everybody, without a network."""

import datetime as dt
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.operations import Operations
from stacktest.reports.page.page import render_page
from stacktest.reports.report_data import Board
from tests.support.known import known


class Reader(HTMLParser):
    """The text that a person without scripts reads, and the attributes that load something."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.loads: list[str] = []
        self._skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skip += tag in ("script", "style")
        wanted = {"src", "srcset", "data", "poster", "action"} | ({"href"} if tag != "a" else set())
        self.loads += [value or "" for name, value in attrs if name in wanted]

    def handle_endtag(self, tag: str) -> None:
        self._skip -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.text.append(data)


def read(page: str) -> tuple[str, list[str]]:
    reader = Reader()
    reader.feed(page)
    return " ".join(" ".join(reader.text).split()), reader.loads


@pytest.mark.parametrize(("claims", "trouble"), [(4, False), (14, False), (14, True)])
def test_the_page_stays_small_for_36_services_and_30_runs(
    make_board: Callable[..., Board], claims: int, trouble: bool
) -> None:
    """The last: 450 tests of which every second run fails many, with long messages."""
    page = render_page(make_board(claims=claims, trouble=trouble))
    assert len(page.encode()) <= 500_000
    assert "Latest runs" in page


def test_the_page_loads_nothing(board: Board) -> None:
    page = render_page(board)
    _, loads = read(page)
    assert [one for one in loads if not one.startswith(("#", "data:"))] == []
    assert "@import" not in page
    assert "url(" not in page


def test_the_overview_says_the_verdict_in_words(board: Board) -> None:
    text, _ = read(render_page(board))
    assert "28 of 36 services are proved." in text
    assert "The gate is closed by 8 services." in text
    assert "stacktest ack planka" in text


def test_every_service_and_every_test_can_be_read_without_scripts(board: Board) -> None:
    text, _ = read(render_page(board))
    for name in board.status:
        assert name in text
    assert "suites/phase7_x/test_outline.py" in text
    assert "configs/grafana/provisioning/datasources/datasources.yml" in text
    assert (
        "another program runs in place of the real one: no Debian package; speaks the same API"
        in text
    )


def test_the_three_kinds_of_bad_history_have_three_words(board: Board) -> None:
    text, _ = read(render_page(board))
    assert "Steady failure: at least 30 runs in a row failed." in text
    assert (
        "Regression: image, mounted files, environment, definition or routes changed, and it has failed since"
        in text
    )
    assert "Flaky: 2 of 20 runs failed without any change." in text


@pytest.mark.parametrize(("hours", "hidden"), [(35, True), (37, False)])
def test_an_old_judgement_gets_a_banner(
    make_board: Callable[..., Board], hours: int, hidden: bool
) -> None:
    page = render_page(make_board(now=make_board().meta.evaluated_at + dt.timedelta(hours=hours)))
    banner = known(re.search(r'<p class="banner[^>]*>', page))[0]
    assert banner.endswith(" hidden>") is hidden
    text, _ = read(page)
    assert ("This page is old. It was judged 2026-" in text) is not hidden


def test_no_value_of_the_environment_reaches_the_page(board: Board) -> None:
    assert "canary-in-the-environment" not in render_page(board)


def test_what_a_test_says_cannot_become_markup(make_board: Callable[..., Board]) -> None:
    board = make_board()
    entry = replace(board.status["grafana"], reasons=("</script><script>alert(1)</script>",))
    page = render_page(replace(board, status={"grafana": entry}))
    assert "<script>alert" not in page


def test_the_same_board_gives_the_same_page(make_board: Callable[..., Board]) -> None:
    assert render_page(make_board()) == render_page(make_board())


def test_an_empty_stack_says_so(make_board: Callable[..., Board]) -> None:
    empty = replace(make_board(), status={}, gate=None, timeline=None, histories={})
    text, _ = read(render_page(empty))
    assert "Nothing was judged: the stack has no services." in text


def test_a_service_with_two_blockers_is_counted_once(board: Board) -> None:
    twice = replace(
        known(board.gate), blockers=(*known(board.gate).blockers, *known(board.gate).blockers[:2])
    )
    text, _ = read(render_page(replace(board, gate=twice)))
    assert "The gate is closed by 8 services." in text
    nobody = replace(
        known(board.gate), blockers=(replace(known(board.gate).blockers[0], service=""),)
    )
    text, _ = read(render_page(replace(board, gate=nobody)))
    assert "The gate is closed by the status itself." in text


def section(page: str) -> str:
    return known(
        re.search(r"  <section aria-labelledby=\"operations\">.*?</section>\n\n", page, re.DOTALL)
    )[0]


def test_rehearsals_updates_and_drills_as_a_person_reads_them(board: Board) -> None:
    text, _ = read(section(render_page(board)))
    assert text == (
        "Operations Rehearsals, updates and drills of backups that this machine knows of, the newest first. "
        "open Update of paperless since 2026-11-20 09:00 UTC, at the step 'testing'. "
        "Finish it: stacktest update --continue , or put everything back: stacktest update --undo . "
        "1 hour ago "
        "put back Update of loki , promtail in 6.2 s: suites/phase2_x/test_loki.py::test_it_is_what_it_says failed "
        "2 hours ago "
        "did not pass Rehearsal of outline outline: suites/phase7_x/test_outline.py::test_a_person_signs_in failed "
        "3 hours ago "
        "restorable Drill of redis the backup of 2026-11-20 03:00 UTC was restored in 1.2 s 4 hours ago "
        "rotten Drill of paperless-postgres it cannot be restored 5 hours ago "
        "kept Update of grafana all tests passed; it was down for 3.1 s 1 day ago "
        "passed Rehearsal of grafana , loki 1 day ago "
        "cannot be read Update .stacktest/updates/3f09ab.json: $.step is missing"
    )


def test_an_open_update_stands_above_the_verdict(board: Board) -> None:
    text, _ = read(render_page(board))
    before, _, _ = text.partition("28 of 36 services are proved. The gate")
    assert (
        "Update of paperless : open , since 2026-11-20 09:00 UTC, at the step 'testing'. "
        "Finish it: stacktest update --continue , or put everything back: stacktest update --undo ."
    ) in before


def test_a_stack_without_them_has_the_page_without_them(board: Board) -> None:
    page = render_page(board)
    rest = page.replace(section(page), "")
    rest = re.sub(r' *<p class="banner"><b>Update.*?</p>\n', "", rest)
    rest = re.sub(r' *<a href="#operations">Operations</a>', "", rest)
    assert render_page(replace(board, operations=Operations())) == rest
    assert "operation" not in rest.lower()
