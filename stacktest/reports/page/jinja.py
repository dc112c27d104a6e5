"""The Jinja environments of all HTML reports: autoescaped, and undefined names are errors."""

from base64 import b64encode
from hashlib import sha256
from typing import Any

from stacktest.core import timestamps
from stacktest.reports import wording


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


def page_environment() -> Any:
    """The environment for status pages, with their filters, their script and its digest."""
    from markupsafe import Markup

    templates = environment()
    templates.filters |= {
        "said": wording.reason,
        "at": wording.at,
        "ago": wording.ago,
        "iso": timestamps.to_text,
    }
    templates.globals |= {"count": wording.count, "tone": wording.tone, "word": wording.word}
    script, _, _ = templates.loader.get_source(templates, "page.js")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    templates.globals |= {"script": Markup(script), "script_digest": f"sha256-{digest}"}  # noqa: S704
    return templates
