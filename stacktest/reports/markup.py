"""Text from elsewhere within Markdown, as forges and documentation sites render it.

Nothing in it leaves its place or becomes markup, an image, a mention or a link.
"""

import re

from stacktest.printable import visible

ZERO_WIDTH = "&#8203;"


def cell(text: str) -> str:
    """Text in a cell of a table, or in an item of a list."""
    text = " ".join(visible(text).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"[\\|\[\]*~$]", r"\\\g<0>", text.replace("`", "'"))
    # What begins a heading or a list does so only at the beginning.
    text = re.sub(r"^(?=[#+-])", r"\\", text)
    # A forge looks for mentions and addresses in the text that it has rendered.
    return re.sub(r"@|#(?=\d)|://|www\.", rf"\g<0>{ZERO_WIDTH}", text)


def code(text: str) -> str:
    """Text in a code span of a table: nothing in it is markup but the end of the cell."""
    text = " ".join(visible(text).split())
    return "`" + text.replace("|", "\\|").replace("`", "'") + "`"
