"""Which Chromium is started, by what is installed and by whether somebody looks on."""

from pathlib import Path

import pytest

from stacktest.adapters.browser.chromium import WITH_WINDOW, WITHOUT_WINDOW, find_chromium

WHOLE = "chromium-1200/chrome-linux/chrome"
SHELL = "chromium_headless_shell-1200/chrome-linux/headless_shell"
NEWER = "chromium_headless_shell-1200/chrome-headless-shell-linux64/chrome-headless-shell"
ANOTHER = "chromium_headless_shell-1100/chrome-linux/headless_shell"


def installed(*names: str, folder: Path) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        path.chmod(0o755)


@pytest.mark.parametrize(
    ("there", "headless", "found"),
    [
        ([WITHOUT_WINDOW, "chromium"], True, WITHOUT_WINDOW),
        ([WITHOUT_WINDOW, "chromium"], False, "chromium"),
        (["google-chrome", "chromium-browser"], True, "chromium-browser"),
        ([WITHOUT_WINDOW], False, None),
        ([], True, None),
        ([], False, None),
    ],
)
def test_of_the_system(
    there: list[str],
    headless: bool,
    found: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed(*there, folder=tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium(headless=headless) == (found and str(tmp_path / found))
    # Where Playwright would keep its own build tells nothing when that is not installed.
    missing = str(tmp_path / WHOLE)
    assert find_chromium(headless=headless, own=missing) == (found and str(tmp_path / found))


@pytest.mark.parametrize(
    ("there", "headless", "found"),
    [
        ([WHOLE, SHELL], True, SHELL),
        ([WHOLE, NEWER], True, NEWER),
        ([SHELL], True, SHELL),
        ([WHOLE, SHELL], False, WHOLE),
        ([WHOLE, ANOTHER], True, WHOLE),
        ([WHOLE], True, WHOLE),
    ],
)
def test_playwrights_own_build_goes_first(
    there: list[str], headless: bool, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(*there, folder=tmp_path)
    installed(WITHOUT_WINDOW, *WITH_WINDOW, folder=tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    own = str(tmp_path / WHOLE)
    assert find_chromium(headless=headless, own=own) == str(tmp_path / found)
