"""What all tests of the tool share."""

import gc
import signal

# httpx maps the errors of httpcore once: a pytest within a test, whose modules are forgotten
# afterwards, must not be the first to load it.
import httpcore  # noqa: F401
import pytest
from _pytest import unraisableexception

pytest_plugins = ["pytester", "tests.support.fake_stack", "tests.support.pair"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Put the cases that a test holds on its reports, where `python -m tests.cases` counts them."""
    item.user_properties += [("case", case) for m in item.iter_markers("case") for case in m.args]


def pytest_collection_finish() -> None:
    """Keep the thousands of collected tests out of sight of the garbage collector."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """pytest's own, whose configurations end without a search for garbage in all that is loaded.

    Its runs within a test leave that out by themselves; a mere collection takes seconds with it.
    """
    monkeypatch.setattr(unraisableexception, "gc_collect_harder", lambda _: None)
    return pytester


def pytest_configure() -> None:
    """Let signals end the programs that tests start, also after `nohup` and a shell's `&`.

    A program that is started ignores what its parent ignores, and not what its parent handles.
    """
    for number in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
