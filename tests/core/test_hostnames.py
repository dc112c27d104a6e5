"""Names are A-labels inside and U-labels for people, and nothing that is not a name breaks either."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.core.hostnames import to_ascii, to_unicode


@pytest.mark.parametrize(
    ("written", "inside", "shown"),
    [
        ("grafana.home.lan", "grafana.home.lan", "grafana.home.lan"),
        ("Grafana.Home.LAN.", "grafana.home.lan", "grafana.home.lan"),
        ("bücher.home.lan", "xn--bcher-kva.home.lan", "bücher.home.lan"),
        ("BÜCHER.home.lan", "xn--bcher-kva.home.lan", "bücher.home.lan"),
        ("faß.test", "xn--fa-hia.test", "faß.test"),
        ("*.müller.test", "*.xn--mller-kva.test", "*.müller.test"),
        ("my_host.test", "my_host.test", "my_host.test"),
        ("[FD00:0::5]", "fd00::5", "fd00::5"),
        ("0:0:0:0:0:0:0:1", "::1", "::1"),
        ("a.test:8080", "a.test:8080", "a.test:8080"),
        ("", "", ""),
    ],
)
def test_names(written: str, inside: str, shown: str) -> None:
    assert to_ascii(written) == inside
    assert to_unicode(inside) == shown


def test_what_is_not_a_name_stays_as_it_is() -> None:
    assert to_ascii("a b☃\u200d.test") == "a b☃\u200d.test"
    assert to_unicode("xn--zzzzzz99999.test") == "xn--zzzzzz99999.test"


@given(st.text(alphabet="abcßüñ漢字-.*_ ", max_size=20))
def test_a_name_is_the_same_the_second_time(name: str) -> None:
    assert to_ascii(to_ascii(name)) == to_ascii(name)
