"""A fleet in the terminal: two tables, worst first, and what to do about what is not believed."""

from pathlib import Path

from stacktest.bootstrap.fleet import read_fleet
from stacktest.core.freshness.states import State
from stacktest.reports.terminal.fleet import fleet_lines, fleet_markdown
from tests.support.ledger_folder import NOW, write_ledger

TEXT = """\
state       stack  engine     commit      judged                services       ledger
too old     wiki   e2         abababab..  2026-11-16 06:00 UTC  0 of 1 proved  {top}/my wiki
missing     gone   not known              never                                {top}/gone
changed     shop   e1         abababab..  2026-11-20 09:00 UTC  1 of 2 proved  {top}/shop

state             stack  service  last pass             why
not known: too old  wiki   app      2026-11-16 06:00 UTC  was functional
changed           shop   db       2026-11-20 09:00 UTC  redis.conf changed; its environment changed; and 1 more
functional        shop   web      2026-11-20 09:00 UTC

0 of 3 stacks are proved.
"""


def rows(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.split("\n")
    ]


def test_both_tables_and_the_next_steps(tmp_path: Path) -> None:
    reasons = {"db": ("config:redis.conf", "env", "image")}
    shop = write_ledger(
        tmp_path / "shop", {"web": State.FUNCTIONAL, "db": State.CHANGED}, reasons=reasons
    )
    wiki = write_ledger(tmp_path / "my wiki", {"app": State.FUNCTIONAL}, stack="wiki@e2", hours=100)
    fleet = read_fleet(map(str, (shop, wiki, tmp_path / "gone")), NOW)
    text = "\n".join(fleet_lines(fleet))
    tables, _, notes = text.partition("note: ")
    expected = TEXT.format(top=tmp_path).replace("abababab..", "ab" * 5)
    first, second, count = expected.rstrip("\n").split("\n\n")
    shown = tables.rstrip("\n").split("\n\n")
    assert sorted(rows(shown[0])) == sorted(rows(first))
    assert rows(shown[1]) == rows(second)
    assert shown[2] == count
    assert f"{wiki}: too old: it was judged 100 hours ago; next: stacktest status --stack" in notes
    assert f"--stack '{wiki}'" in notes
    markdown = "\n".join(fleet_markdown(fleet))
    assert "| changed | shop | db |" in markdown
    assert markdown.count("\n|---") == 2
