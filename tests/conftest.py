"""What all tests of the tool share."""

# httpx maps the errors of httpcore once: a pytest within a test, whose modules are forgotten
# afterwards, must not be the first to load it.
import httpcore  # noqa: F401
import pytest

pytest_plugins = ["pytester", "tests.support.fake_stack", "tests.support.pair"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Put the cases that a test holds on its reports, where `python -m tests.cases` counts them."""
    item.user_properties += [("case", case) for m in item.iter_markers("case") for case in m.args]
