"""What an update says that it will do."""

import pytest

from stacktest.core.update.journal import Candidate, OldContainer
from stacktest.reports.terminal.update import plan_lines


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        ("sha256:bbbbbbbbbbbbbbbb", "aaaaaaaaaaaa → bbbbbbbbbbbb"),
        ("sha256:aaaaaaaaaaaaaaaa", "made again of the same image, aaaaaaaaaaaa"),
    ],
)
def test_an_image_that_stays_is_named_once(after: str, shown: str) -> None:
    candidate = Candidate(service="wiki", image=after, named="", digest="1", differs=("env:SITE",))
    old = OldContainer(
        service="wiki",
        container="1",
        name="home-wiki-1",
        image="sha256:aaaaaaaaaaaaaaaa",
        spare="",
        ran=True,
    )
    assert list(plan_lines((candidate,), (old,), ())) == [
        f"update    wiki: {shown}",
        "          env:SITE",
    ]
