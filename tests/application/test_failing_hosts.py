"""Whose certificate is looked at after a failure: that of each host that its text names."""

from pathlib import Path

import pytest

from stacktest.application.diagnose import _hosts
from stacktest.core.diagnosis.facts import Failure
from stacktest.core.model import Stack


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("GET https://wiki.home.lan/x: certificate verify failed", ["wiki.home.lan"]),
        ("wss://chat.home.lan:443/ws: certificate verify failed", ["chat.home.lan"]),
        ("ws://chat.home.lan/ws http://wiki.home.lan", []),
    ],
)
def test_the_hosts_that_a_text_names(text: str, hosts: list[str]) -> None:
    stack = Stack(name="home", root=Path("/srv/home"), services={})
    assert list(_hosts(stack, Failure(services=(), text=text))) == hosts
