"""Trace, screenshot, refused answers and page of a failed browser test lie in one folder."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser_suite import CONFTEST

pytestmark = pytest.mark.real_browser

OWN_FOLDER = """

from stacktest.pytest_plugin.browser_output import page_options

@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    page_options(session.config, "r1", "main")
"""
FAILS = """
def test_it_fails(page, api):
    assert api("app.stack.local").get("/status/503").status_code == 503
    page.goto("https://app.stack.local/")
    assert page.title() == "another"
"""


def test_one_folder_has_it_all(
    pytester: pytest.Pytester, pki: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeconftest(CONFTEST + OWN_FOLDER)
    doors = {443: pki.ports["good"], 80: serve()}
    value = {"root": str(pytester.path), "ca": str(pki.ca), "doors": doors}
    monkeypatch.setenv("GIVEN", json.dumps(value))
    pytester.makepyfile(FAILS)
    done = pytester.runpytest_subprocess("-p", "no:xdist", "--browser=chromium", timeout=170)
    done.assert_outcomes(failed=1)
    (page,) = pytester.path.glob("reports/evidence/r1/*/index.html")
    names = {path.name for path in page.parent.iterdir()}
    assert {"trace.zip", "test-failed-1.png", "message.txt", "answers.txt", "events.txt"} <= names
    assert any(name.startswith("answer-") for name in names)
    html = page.read_text()
    links = {name for name in re.findall(r'href="([^":]+)"', html) if name != "data:,"}
    assert links <= names
    assert {"trace.zip", "test-failed-1.png"} <= links
    assert "another" in html
    assert {Path(page.parent, name).stat().st_mode & 0o077 for name in names} == {0}
