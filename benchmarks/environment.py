"""What is installed here beside stacktest, and what of it a measurement leaves out."""

TEST_PLUGINS = (
    *("hypothesispytest", "rerunfailures", "randomly", "timeout"),
    *("html", "html_fixtures", "metadata"),
)
"""Plugins of pytest that this repository's tests need; nobody gets them with stacktest."""


def without(*plugins: str) -> tuple[str, ...]:
    """Options of pytest that leave plugins out."""
    return tuple(part for name in plugins for part in ("-p", f"no:{name}"))
