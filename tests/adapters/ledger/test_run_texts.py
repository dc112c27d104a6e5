"""What failures said is remembered on this machine, for its owner alone, and only so long."""

from pathlib import Path

import pytest

from stacktest.adapters.ledger.run_texts import KEPT, read_texts, save_texts
from stacktest.core.records.run_texts import RunTexts, lacks_text, texts_of, with_text

T = "s/t.py::test_x[path#0]"
FULL = "s/t.py::test_x[/health]"
TEXTS = texts_of(
    "r1", [f"{T} failed", "same"], [f"{T} failed: assert 1 == 2", "same"], {T: FULL, "s/t": "s/t"}
)


def test_only_what_says_more_is_kept() -> None:
    assert TEXTS.sentences == {f"{T} failed": f"{T} failed: assert 1 == 2"}
    assert TEXTS.tests == {T: FULL}


def test_it_is_read_back_and_is_private(tmp_path: Path) -> None:
    save_texts(tmp_path, {"a": TEXTS})
    save_texts(tmp_path, {"b": TEXTS})
    assert read_texts(tmp_path) == {"a": (TEXTS,), "b": (TEXTS,)}
    assert (tmp_path / ".stacktest/texts.json").stat().st_mode & 0o777 == 0o600


def test_the_oldest_runs_are_forgotten_and_a_run_is_there_once(tmp_path: Path) -> None:
    for number in (*range(KEPT + 3), KEPT + 2):
        save_texts(tmp_path, {"a": RunTexts(run=f"r{number}")})
    assert [run.run for run in read_texts(tmp_path)["a"]] == [f"r{n}" for n in range(3, KEPT + 3)]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', '{"a": [{"run": 1}]}'])
def test_a_damaged_file_costs_words_alone(tmp_path: Path, content: str) -> None:
    save_texts(tmp_path, {})
    (tmp_path / ".stacktest/texts.json").write_text(content)
    assert read_texts(tmp_path) == {}


def test_a_reason_is_shown_with_its_text_where_it_is_known() -> None:
    assert with_text(f"test:{T}", [TEXTS]) == f"{FULL} failed: assert 1 == 2"
    assert with_text(f"run:{T} failed", [TEXTS]) == f"run:{FULL} failed: assert 1 == 2"
    assert with_text("config:a", [TEXTS]) == "config:a"
    assert with_text(f"test:{T}", []) == f"test:{T}"
    assert lacks_text([f"test:{T}"], [])
    assert not lacks_text([f"test:{T}", "config:a"], [TEXTS])
