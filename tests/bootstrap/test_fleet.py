"""Ledgers of several stacks side by side: what is not sound is named, and never green."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stacktest.bootstrap.fleet import read_fleet
from stacktest.core.freshness.states import State
from stacktest.reports.export.fleet_json import fleet_document
from stacktest.reports.fleet_data import LedgerCopy, Trouble
from tests.support.ledger_folder import NOW, status_of, write_ledger


def only(place: Path) -> LedgerCopy:
    """What is read of one ledger alone."""
    (ledger,) = read_fleet([str(place)], NOW).ledgers
    return ledger


def test_each_ledger_keeps_its_own_identity_and_the_worst_is_first(tmp_path: Path) -> None:
    shop = write_ledger(tmp_path / "shop", stack="shop@e1")
    wiki = write_ledger(
        tmp_path / "wiki", {"app": State.FUNCTIONAL, "cache": State.CHANGED}, stack="wiki@e2"
    )
    # The same project on another engine is another stack.
    twin = write_ledger(tmp_path / "twin", {"web": State.FAILING}, stack="shop@e2")
    fleet = read_fleet(map(str, (shop, wiki, twin)), NOW)
    assert [(ledger.stack, ledger.engine) for ledger in fleet.ledgers] == [
        ("shop", "e2"),
        ("wiki", "e2"),
        ("shop", "e1"),
    ]
    assert fleet.troubled == ()
    assert fleet.verdict == "1 of 3 stacks are proved."
    assert [(ledger.identity, name) for ledger, name, _ in fleet.services] == [
        ("shop@e2", "web"),
        ("wiki@e2", "cache"),
        ("shop@e1", "db"),
        ("shop@e1", "web"),
        ("wiki@e2", "app"),
    ]


def remove_meta(folder: Path) -> None:
    status_of(folder).with_suffix(".meta.json").unlink()


def tear_status(folder: Path) -> None:
    path = status_of(folder)
    path.write_text(path.read_text()[:-40])


def tear_pass(folder: Path) -> None:
    path = folder / "data/tests/web/last_pass.json"
    path.write_text(path.read_text()[:-40])


def remove_pass(folder: Path) -> None:
    (folder / "data/tests/web/last_pass.json").unlink()


def swap_passes(folder: Path) -> None:
    path = folder / "data/tests/web/last_pass.json"
    path.write_text((folder / "data/tests/db/last_pass.json").read_text())


def claim_another_pass(folder: Path) -> None:
    document = json.loads(status_of(folder).read_text())
    document["web"]["pass_fingerprint"] = "0" * 16
    status_of(folder).write_text(json.dumps(document))


def claim_a_pass(folder: Path) -> None:
    document = json.loads(status_of(folder).read_text())
    document["new"] = document["web"]
    status_of(folder).write_text(json.dumps(document))


def newer_meta(folder: Path) -> None:
    path = status_of(folder).with_suffix(".meta.json")
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "schema": "stacktest.status_meta/9"})
    )


def another_program(folder: Path) -> None:
    path = status_of(folder).with_suffix(".meta.json")
    path.write_text('{"schema": "other/1"}')


def broken_settings(folder: Path) -> None:
    (folder / "stacktest.toml").write_text("[stack\n")


def no_status(folder: Path) -> None:
    status_of(folder).unlink()


@pytest.mark.parametrize(
    ("damage", "trouble", "why"),
    [
        (no_status, Trouble.MISSING, "status.json is missing"),
        (remove_meta, Trouble.TORN, "status.meta.json is missing"),
        (tear_status, Trouble.TORN, "status.json: status.json is not valid JSON"),
        (tear_pass, Trouble.TORN, "web/last_pass.json: last_pass.json is not valid JSON"),
        (remove_pass, Trouble.TORN, "web is functional, and its last_pass.json is missing"),
        (swap_passes, Trouble.TORN, "web/last_pass.json is about db"),
        (claim_another_pass, Trouble.TORN, "web: the status is about another pass"),
        (claim_a_pass, Trouble.TORN, "new is functional, and its last_pass.json is missing"),
        (newer_meta, Trouble.FORMAT, "status.meta.json: a newer stacktest wrote it"),
        (another_program, Trouble.FORMAT, "status.meta.json: schema is 'other/1'"),
        (broken_settings, Trouble.TORN, "not valid TOML"),
    ],
)
def test_a_ledger_that_is_not_sound_is_named_and_never_green(
    tmp_path: Path, damage: Callable[[Path], None], trouble: Trouble, why: str
) -> None:
    folder = write_ledger(tmp_path / "shop")
    assert only(folder).is_proved
    damage(folder)
    ledger = only(folder)
    assert ledger.trouble is trouble
    assert ledger.why.startswith(why)
    assert (ledger.is_proved, ledger.proved, ledger.tone) == (False, 0, "bad")


@pytest.mark.parametrize(
    ("hours", "why"),
    [(37, "it was judged 37 hours ago"), (-1, "it was judged in the future: compare clocks")],
)
def test_what_was_judged_too_long_ago_or_too_late_is_not_believed(
    tmp_path: Path, hours: float, why: str
) -> None:
    ledger = only(write_ledger(tmp_path / "shop", hours=hours))
    assert (ledger.trouble, ledger.why) == (Trouble.OLD, why)
    assert not ledger.is_proved
    assert only(write_ledger(tmp_path / "young", hours=35)).is_proved


def test_two_ledgers_of_one_stack_contradict_each_other_whatever_they_say(tmp_path: Path) -> None:
    first = write_ledger(tmp_path / "a", stack="shop@e1")
    second = write_ledger(tmp_path / "b", {"web": State.FAILING}, stack="shop@e1")
    fleet = read_fleet(map(str, (first, second)), NOW)
    assert [ledger.trouble for ledger in fleet.ledgers] == [Trouble.DOUBLED] * 2
    assert fleet.ledgers[0].why == "2 ledgers are about shop@e1"
    named_twice = read_fleet([str(first), str(first)], NOW)
    assert [ledger.trouble for ledger in named_twice.ledgers] == [Trouble.DOUBLED] * 2


def test_a_folder_that_is_not_there_and_a_stack_that_has_nothing_are_not_green(
    tmp_path: Path,
) -> None:
    assert only(tmp_path / "nowhere").trouble is Trouble.MISSING
    empty = only(write_ledger(tmp_path / "empty", {}))
    assert (empty.trouble, empty.is_proved, empty.word) == (None, False, "nothing judged")
    new = only(write_ledger(tmp_path / "new", {"web": State.NEVER_RUN}))
    assert (new.trouble, new.is_proved, new.stack, new.engine) == (None, False, "new", "")


def test_the_document_is_green_only_where_every_ledger_is(tmp_path: Path) -> None:
    shop = str(write_ledger(tmp_path / "shop"))
    old = str(write_ledger(tmp_path / "old", stack="old@e1", hours=100))
    assert fleet_document(read_fleet([shop], NOW))["functional"] is True
    document = fleet_document(read_fleet([shop, old], NOW))
    assert document["functional"] is False
    assert [
        (item["stack"], item["trouble"], item["functional"]) for item in document["ledgers"]
    ] == [
        ("old", "old", False),
        ("shop", None, True),
    ]
    assert {item["functional"] for item in document["ledgers"][0]["services"]} == {False}
    assert fleet_document(read_fleet([], NOW))["functional"] is False
