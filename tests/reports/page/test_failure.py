"""The page about a failed test: whole, escaped, and without anything from elsewhere."""

import re

from stacktest.reports.page.failure import FailurePage, LeftText, render_failure

BAD = "<script>alert('x')</script>\x1b[31m & \"q\""


def page() -> str:
    return render_failure(
        FailurePage(
            test=f"t.py::t[{BAD}]",
            services=(BAD,),
            message=f"assert 502 == 200 {BAD}",
            diagnosis=BAD,
            command=BAD,
            reproduce=BAD,
            texts=[LeftText(name="a b.log", title=BAD, text=f"{BAD}\n" * 100)],
            pictures=["test-failed-1.png"],
            traces=[("trace.zip", "playwright show-trace trace.zip")],
            other=["x%y"],
        )
    )


def test_whatever_it_shows_is_text() -> None:
    assert "<script" not in page()
    assert "\x1b" not in page()
    assert "assert 502 == 200" in page()


def test_it_needs_nothing_from_elsewhere() -> None:
    assert "default-src 'none'" in page()
    links = re.findall(r'(?:href|src)="([^"]+)"', page())
    assert links == [
        "data:,", "test-failed-1.png", "test-failed-1.png", "trace.zip", "a%20b.log", "x%25y",
    ]  # fmt: skip


def test_only_the_end_of_a_log_is_shown() -> None:
    assert page().count("alert(") < 75
