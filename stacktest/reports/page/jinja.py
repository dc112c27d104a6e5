"""The one way in which reports become HTML: escaped by default, and no undefined name passes."""

from base64 import b64encode
from hashlib import sha256
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


def with_script(templates: Any) -> Any:
    """The same, with the script that pages hold and the digest by which a browser knows it."""
    from markupsafe import Markup

    script, _, _ = templates.loader.get_source(templates, "page.js")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    templates.globals |= {"script": Markup(script), "script_digest": f"sha256-{digest}"}  # noqa: S704
    return templates
