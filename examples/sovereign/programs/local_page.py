"""Has Chainlit serve a copy of its page that loads nothing from other hosts.

The page as it is delivered asks two hosts for fonts and a style sheet.
"""

import os
import re
import shutil
from pathlib import Path

ROOT = Path(os.environ["CHAINLIT_APP_ROOT"])
ELSEWHERE = re.compile(r'<link\b[^>]*\bhref="https://[^"]*"[^>]*>')


def main() -> None:
    """Copy the page, take the links out, and name the copy in Chainlit's configuration."""
    ROOT.mkdir(exist_ok=True)
    from chainlit import config  # noqa: PLC0415 - makes folders in ROOT, which has to be there

    page = ROOT / "page"
    shutil.copytree(Path(config.BACKEND_ROOT) / "frontend" / "dist", page, dirs_exist_ok=True)
    index = page / "index.html"
    text, number = ELSEWHERE.subn("", index.read_text(encoding="utf-8"))
    if not number:
        raise SystemExit("the page has no such links any more: serve it as it is")
    index.write_text(text, encoding="utf-8")
    file = Path(config.config_file)
    settings = file.read_text(encoding="utf-8")
    file.write_text(
        settings.replace("[UI]\n", '[UI]\ncustom_build = "./page"\n', 1), encoding="utf-8"
    )


main()
