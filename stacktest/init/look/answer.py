"""A recorded HTTP answer, in the forms that checks examine."""

import json
import re
from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct, field

from stacktest.core.json_data import Json

LONGEST = 200_000
"""The number of characters of a body that are recorded."""
_HEAD = 1000
TITLE = re.compile(r"<title[^<>]*>([^<>]*)</title>", re.IGNORECASE)


class RecordedAnswer(Struct, frozen=True, kw_only=True, dict=True):
    """The last answer to a request, redirects on the same host followed."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    text: str = ""
    moves: int = 0
    """How many redirects were followed."""

    @cached_property
    def document(self) -> Json:
        """The body as JSON; None if it is not JSON, or not an object."""
        if "json" not in self.headers.get("content-type", ""):
            return None
        try:
            document = json.loads(self.text)
        except ValueError:
            return None
        return document if isinstance(document, dict) else None

    @cached_property
    def shown(self) -> str:
        """Headers and body as one text, in which the front door's test searches for a marker."""
        lines = (f"{name}: {value}" for name, value in self.headers.items())
        return "\n".join([*lines, self.text])

    @property
    def is_page(self) -> bool:
        """Whether it is an HTML page."""
        is_declared = "html" in self.headers.get("content-type", "")
        return is_declared or "<html" in self.text[:_HEAD].lower()
