"""What tests threw away is still looked at, and nothing is looked at in vain."""

import gc
from collections.abc import Iterator

import pytest

from stacktest.pytest_plugin.garbage import hide_survivors, show_survivors
from tests.support.fake_stack import Shop


class Collector:
    """Stands in for the collector: each collection finds as many objects as the next number."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = [*numbers]
        self.calls: list[str] = []

    def collect(self) -> int:
        self.calls.append("collect")
        return self.numbers.pop(0)

    def freeze(self) -> None:
        self.calls.append("freeze")

    def unfreeze(self) -> None:
        self.calls.append("unfreeze")


@pytest.fixture
def nothing_hidden() -> Iterator[None]:
    frozen = gc.get_freeze_count()
    show_survivors()
    yield
    show_survivors()
    if frozen and not gc.get_freeze_count():
        gc.freeze()  # As the whole test session has it.


@pytest.mark.usefixtures("nothing_hidden")
@pytest.mark.parametrize(
    ("numbers", "calls"),
    [
        ([0], ["collect", "freeze", "unfreeze"]),
        ([7, 2, 0], ["collect", "collect", "collect", "freeze", "unfreeze"]),
        # Garbage without end: pytest's own collections go on.
        ([1, 1, 1, 1], ["collect"] * 4),
    ],
)
def test_objects_are_hidden_after_a_collection_that_finds_nothing(
    monkeypatch: pytest.MonkeyPatch, numbers: list[int], calls: list[str]
) -> None:
    collector = Collector(*numbers)
    for name in ("collect", "freeze", "unfreeze"):
        monkeypatch.setattr(gc, name, getattr(collector, name))
    hide_survivors()
    show_survivors()
    show_survivors()
    assert collector.calls == calls


@pytest.mark.usefixtures("nothing_hidden")
def test_what_is_hidden_is_shown_to_the_next_run_in_the_process() -> None:
    hide_survivors()
    assert gc.get_freeze_count() > 0
    show_survivors()
    assert gc.get_freeze_count() == 0


@pytest.mark.processes
def test_an_error_in_what_a_test_threw_away_is_still_reported(shop: Shop) -> None:
    shop.story(services={"web": {}}, running=["web"])
    shop.suite(
        "phase1_x/test_web.py",
        """
        class Broken:
            def __init__(self):
                self.itself = self

            def __del__(self):
                raise RuntimeError("thrown away")

        @pytest.mark.service("web")
        def test_it_answers(touch):
            touch("web")
            Broken()
            assert True is not False
        """,
    )
    done = shop.run("-W", "default::pytest.PytestUnraisableExceptionWarning")
    assert done.ret == 0
    assert "RuntimeError: thrown away" in done.stderr.str()
