"""Which requests a named matcher fits."""

from pathlib import Path

import pytest

from tests.adapters.routes.front_doors import apps, caddy, stack, who


@pytest.mark.parametrize(
    ("matcher", "at_x", "elsewhere"),
    [
        ("not {\n  path /x*\n }", "app", "other"),
        ("{\n  not {\n   path /x*\n  }\n }", "app", "other"),
        ("not path /x*", "app", "other"),
        ("not {\n  path /x*\n  method POST\n }", None, None),
        ("{\n  path /x*\n }", "other", "app"),
    ],
)
def test_a_negated_block(matcher: str, at_x: str, elsewhere: str, tmp_path: Path) -> None:
    text = f"http://a.test {{\n @m {matcher}\n reverse_proxy @m other:1\n reverse_proxy app:1\n}}"
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("app", "other")))
    assert (who(routes, "a.test", "/x1"), who(routes, "a.test", "/")) == (at_x, elsewhere)
