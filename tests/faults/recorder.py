"""A pytest plugin for the runs against a seeded fault: chooses files, writes one word per test."""

import json
import os
from pathlib import Path

import pytest

RECORD, FILES = "STACKTEST_FAULTS_RECORD", "STACKTEST_FAULTS_FILES"

_words: dict[str, str] = {}
_reasons: dict[str, str] = {}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the chosen files; everything is collected, so nothing runs twice."""
    wanted = set(os.environ.get(FILES, "").split(",")) - {""}
    if not wanted:
        return
    left_out = [item for item in items if item.path.stem not in wanted]
    items[:] = [item for item in items if item.path.stem in wanted]
    config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Every chosen test is written down, even when the run ends before it."""
    _words.update(dict.fromkeys((item.nodeid for item in session.items), "unfinished"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test passed when all of its three stages did."""
    if report.failed:
        _words[report.nodeid] = "failed"
        _reasons.setdefault(report.nodeid, _last_line(report.longreprtext))
    elif report.skipped:
        _words[report.nodeid] = "skipped"
    elif report.when == "call" and _words.get(report.nodeid) == "unfinished":
        _words[report.nodeid] = "passed"


def pytest_unconfigure() -> None:
    """Write what was heard."""
    if path := os.environ.get(RECORD):
        Path(path).write_text(json.dumps({"words": _words, "reasons": _reasons}))


def _last_line(text: str) -> str:
    marked = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return (marked or [""])[0][:200]
