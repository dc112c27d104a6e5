"""The part of a page's accessibility snapshot that is the same for every visitor.

- banner:                       kept with the lines below it
  - heading "Wiki" [level=1]    kept
  - text: 3 new messages        left out: it contains a number
  - link "Sign in":             kept
    - /url: /login?n=4711       left out: an address is not visible on the page
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from stacktest.init.look.candidates import is_volatile

MOST_LINES = 12
_FEWEST_LINES = 2
_LEVEL = re.compile(r"\[level=\d\]")


def common_snapshot(first: str, second: str, secrets: Collection[str] = ()) -> str:
    """The lines that both have, below the same parents, as a snapshot; empty if too few."""
    lines, others = first.splitlines(), second.splitlines()
    blocks = SequenceMatcher(a=lines, b=others, autojunk=False).get_matching_blocks()
    common = {number for block in blocks for number in range(block.a, block.a + block.size)}
    steady = list(_with_parents(lines, common, secrets))[:MOST_LINES]
    return "\n".join(_closed(steady)) if len(steady) >= _FEWEST_LINES else ""


# Private


def _with_parents(
    lines: Sequence[str], common: Collection[int], secrets: Collection[str]
) -> Iterator[str]:
    """Lines that are common and steady, and whose parents all are, too."""
    dropped: int | None = None
    for number, line in enumerate(lines):
        depth = _depth(line)
        if dropped is not None and depth > dropped:
            continue
        dropped = None if number in common and _is_steady(line, secrets) else depth
        if dropped is None:
            yield line


def _is_steady(line: str, secrets: Collection[str]) -> bool:
    is_address = line.lstrip().startswith("- /")
    is_plain = "\\" not in line and '"""' not in line and line.isprintable()
    is_own = not any(secret in line for secret in secrets)
    return is_plain and is_own and not is_address and not is_volatile(_LEVEL.sub("", line))


def _closed(lines: Iterable[str]) -> Iterator[str]:
    """The lines, without the colon at the end if no line is left below."""
    listed = list(lines)
    for line, following in zip(listed, [*listed[1:], ""], strict=True):
        has_more = _depth(following) > _depth(line)
        yield line if has_more else line.removesuffix(":")


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
