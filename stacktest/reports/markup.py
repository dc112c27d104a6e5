"""Escapes foreign text for Markdown, as forges and documentation sites render it.

The text stays in its cell and cannot become markup, an image, a mention or a link.
"""

import re

from stacktest.printable import visible

ZERO_WIDTH = "&#8203;"


def cell(text: str) -> str:
    """Text in a cell of a table, or in an item of a list."""
    text = " ".join(visible(text).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"[\\|\[\]*~$]", r"\\\g<0>", text.replace("`", "'"))
    # Signs of headings and lists have a meaning only at the start of the text.
    text = re.sub(r"^(?=[#+-])", r"\\", text)
    # A forge searches for mentions and addresses in the rendered text.
    return re.sub(r"@|#(?=\d)|://|www\.", rf"\g<0>{ZERO_WIDTH}", text)


def code(text: str) -> str:
    """Text in a code span of a table; only the sign that ends the cell needs an escape."""
    text = " ".join(visible(text).split())
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`"
