"""Canaries in everything that a run sees: none in any file or output that is not named for it.

known     the stack says that it is secret: in no file and in no line
said      a test, a plugin or a person said it: in no record, page, export or message;
          pytest's own terminal, JUnit and Allure show it, `.stacktest/texts.json`, and the
          evidence of the failed test, which is for its owner alone
"""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from stacktest.adapters.ledger.history_text import HistoryText
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.run_texts import read_texts
from stacktest.bootstrap import context as projects
from stacktest.bootstrap import report_source
from stacktest.cli import cli
from stacktest.core.model import Service, Stack
from stacktest.core.records.documents import LastPass, LastRun
from stacktest.core.records.status import StatusMeta
from stacktest.reports.report_data import Board
from tests.support.exports import exports

pytestmark = pytest.mark.processes

KNOWN = "known-Canary-4711"
SAID = "said-Canary-0815"
TESTS = """
    import logging, os, threading, warnings

    KNOWN, SAID = os.environ["T_KNOWN"], os.environ["T_SAID"]

    @pytest.mark.service("app")
    def test_assertion(touch):
        touch("app")
        assert [KNOWN, SAID] == ["no"], f"{KNOWN} {SAID}"

    @pytest.mark.service("app")
    @pytest.mark.parametrize("word", [SAID, "v" + KNOWN])
    def test_parameter(touch, word):
        touch("app")
        raise ValueError(f"{word} {KNOWN} {SAID}")

    @pytest.mark.service("db")
    def test_passes(touch):
        touch("db")
        print(KNOWN)
        assert touch

    @pytest.mark.service("db")
    @pytest.mark.parametrize("word", [SAID])
    def test_skipped(touch, word):
        pytest.skip(f"{KNOWN} {SAID}")

    @pytest.mark.service("db")
    @pytest.mark.xfail(reason=SAID + KNOWN)
    def test_expected(touch):
        raise RuntimeError(SAID + KNOWN)

    @pytest.mark.service("db")
    def test_warns_and_logs(touch):
        touch("db")
        warnings.warn(f"{KNOWN} is deprecated")
        logging.getLogger("app").warning("signed in with %s", KNOWN)
        thread = threading.Thread(target=lambda: int(KNOWN))
        thread.start()
        thread.join()

    @pytest.fixture
    def broken():
        raise OSError(5, KNOWN, SAID)

    @pytest.mark.service("cache")
    def test_set_up(touch, broken):
        assert touch
"""
OPEN = {"junit.xml", "allure", ".stacktest", "reports", "suites", "story.json", "stdout", "stderr"}
"""What may hold what a test said."""
COMMITTED = ("data", "docs")


@pytest.fixture
def canary_shop(shop: Any) -> Any:
    shop.story(
        services={
            "app": {"environment": {"PGPASSWORD": KNOWN}},
            "db": {"environment": {"URL": f"postgres://u:{KNOWN}@db/x"}},
            "cache": {},
            "late": {"fails": f"exited 3: password {KNOWN} refused"},
        },
        secrets=[KNOWN],
    )
    shop.suite("phase1/test_all.py", TESTS)
    shop.about("phase1", "late")
    shop.setenv("T_KNOWN", KNOWN)
    shop.setenv("T_SAID", SAID)
    return shop


def holding(root: Path, word: str) -> set[str]:
    """Files below the folder that hold the word, in their content or their name."""
    return {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if (path.is_file() and word.encode() in path.read_bytes())
        or (word in path.name and root / "suites" not in path.parents)
    }


@pytest.mark.case("hard/A1-ledger-holds-secret", "hard/A13-junit-and-allure-unfiltered")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("-v", "-l", "-ra"), id="verbose"),
        pytest.param(("-n", "1", "-v"), id="workers"),
        pytest.param(("-q", "--tb=native"), id="quiet", marks=pytest.mark.slow),
        pytest.param(("-o", "log_cli=true", "--log-file=run.log", "--durations=0"), id="logs"),
        pytest.param(("-k", f"not {SAID}x"), id="selected", marks=pytest.mark.slow),
    ],
)
def test_a_run_leaves_none(canary_shop: Any, options: tuple[str, ...]) -> None:
    shop = canary_shop
    done = shop.run(*options, "--junitxml=junit.xml", "--alluredir=allure")
    assert done.ret == 1
    printed = done.stdout.str() + done.stderr.str()
    written = {name for name in holding(shop.path, KNOWN) if Path(name).parts[0] != "story.json"}
    assert written - {"stdout", "stderr"} == set()
    assert [line for line in printed.splitlines() if KNOWN in line] == []
    said = {name for name in holding(shop.path, SAID) if Path(name).parts[0] in COMMITTED}
    assert said == set()
    evidence = [path for path in (shop.path / "reports/evidence").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o077 for path in evidence} == {0}
    run = shop.document("app", "last_run.json")
    failed = ["suites/phase1/test_all.py::" + name for name in ("test_assertion",)]
    assert set(failed) <= set(run["tests"]["failed"])
    assert "suites/phase1/test_all.py::test_parameter[word#0]" in run["tests"]["failed"]
    texts = json.dumps([text.to_dict() for text in read_texts(shop.path)["app"]])
    assert SAID in texts, "the text is there for who asks"
    assert KNOWN not in texts


def test_what_ends_a_run_is_shown_without_one(canary_shop: Any) -> None:
    shop = canary_shop
    shop.suite(
        "phase1/test_all.py",
        """
    import os

    @pytest.mark.service("app")
    def test_ends(touch):
        touch("app")
        pytest.exit(f"no {os.environ['T_KNOWN']} here")
    """,
    )
    done = shop.run("-q")
    printed = done.stdout.str() + done.stderr.str()
    assert "no [redacted] here" in printed
    assert KNOWN not in printed


def test_no_export_holds_one(canary_shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = canary_shop
    shop.run("-q")
    ledger = Ledger(shop.path, records="data/tests", status="docs/_data/status.json")
    evidence = ledger.read_all(ledger.services())
    status, meta = ledger.read_status(), ledger.read_meta()
    assert isinstance(status, dict)
    assert isinstance(meta, StatusMeta)
    services = {name: Service(name=name) for name in ("app", "db", "cache", "late")}
    board = Board(
        stack=Stack(name="shop", root=shop.path, services=services),
        status=status,
        meta=meta,
        now=meta.evaluated_at,
        passes={n: e.last_pass for n, e in evidence.items() if isinstance(e.last_pass, LastPass)},
        runs={n: e.last_run for n, e in evidence.items() if isinstance(e.last_run, LastRun)},
        histories={name: ledger.history(name)[0] for name in evidence},
    )
    project = SimpleNamespace(
        stack=board.stack, ledger=ledger, root=shop.path, config=SimpleNamespace(notify=())
    )
    monkeypatch.setattr(projects, "find_project", lambda _folder, **_: project)
    monkeypatch.setattr(report_source, "read_board", lambda _project, **_: board)
    for verb in ("page", "history", *exports("app")):
        words = verb.split() if verb in ("page", "history") else ["export", *verb.split()]
        done = CliRunner().invoke(cli, words)
        # No service of the shop has passed, so there is nothing to state about one.
        has_pass = not verb.startswith("in-toto")
        assert (done.exit_code == 0) is has_pass, (verb, done.output, done.exception)
        assert SAID not in done.output
        assert KNOWN not in done.output
    written = {Path(name).parts[0] for name in holding(shop.path, SAID)}
    assert written <= OPEN


@pytest.mark.case("hard/A1-ledger-holds-secret")
def test_the_next_write_drops_what_an_older_version_wrote(canary_shop: Any) -> None:
    shop = canary_shop
    shop.run("-q")
    name = "suites/phase1/test_all.py::test_parameter"
    record = shop.path / "data/tests/app/last_run.json"
    history = record.with_name("history.jsonl")
    older = f"{name}[{SAID}]"
    lines = HistoryText(history.read_text(), "app").lines
    history.write_text("".join(f"{json.dumps(line.to_dict())}\n" for line in lines))
    for path in (record, history):
        text = path.read_text().replace(f"{name}[word#0] failed", f"{older} failed: {SAID}")
        path.write_text(text.replace(f"{name}[word#0]", older))
        assert SAID in path.read_text()
    shop.run("-q", "-k", "test_passes")
    assert shop.status()["app"]["state"] == "failing"
    shop.run("-q")
    assert {n for n in holding(shop.path, SAID) if Path(n).parts[0] in COMMITTED} == set()
