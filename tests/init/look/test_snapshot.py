"""What of a page's snapshot is the same for two visitors, and will be for the next."""

import pytest

from stacktest.init.look.snapshot import MOST_LINES, common_snapshot

FIRST = """\
- banner:
  - heading "Our wiki" [level=1]
  - link "Sign in":
    - /url: /login?n=4711
- main:
  - text: 3 new messages
  - list:
    - listitem: A page
  - text: token abc
- contentinfo: Made by us"""
SECOND = FIRST.replace("token abc", "token xyz").replace("4711", "4712")
COMMON = """\
- banner:
  - heading "Our wiki" [level=1]
  - link "Sign in"
- main:
  - list:
    - listitem: A page
- contentinfo: Made by us"""


def test_addresses_numbers_and_what_differs_are_left_out() -> None:
    assert common_snapshot(FIRST, SECOND) == COMMON


def test_what_is_below_a_line_that_is_left_out_is_left_out_too() -> None:
    other = FIRST.replace("- main:", '- main "x":')
    assert "listitem" not in common_snapshot(FIRST, other)


@pytest.mark.parametrize("secret", ["Our wiki", "Sign in"])
def test_a_secret_is_left_out(secret: str) -> None:
    assert secret not in common_snapshot(FIRST, SECOND, {secret})


@pytest.mark.parametrize("text", ["", "- text: alone", "- text: 1\n- text: 2\n- text: 3"])
def test_too_little_is_nothing(text: str) -> None:
    assert common_snapshot(text, text) == ""


def test_a_long_page_is_cut() -> None:
    text = "\n".join(f'- link "{"w" * number}"' for number in range(1, 40))
    assert len(common_snapshot(text, text).splitlines()) == MOST_LINES
