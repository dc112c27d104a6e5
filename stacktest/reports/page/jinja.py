"""The one way in which reports become HTML: escaped by default, and no undefined name passes."""

from typing import Any


def environment() -> Any:
    """A new `jinja2.Environment` over the templates of the reports."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("stacktest.reports.page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
