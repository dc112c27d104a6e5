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


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        (
            'handle "/api/*" {\n reverse_proxy api:1\n}\nhandle {\n reverse_proxy app:1\n}',
            ("app", "api"),
        ),
        ('reverse_proxy "/api/*" api:1\nreverse_proxy app:1', ("app", "api")),
        ('"@a" path /api/*\nreverse_proxy "@a" api:1\nreverse_proxy app:1', ("app", "api")),
        ('respond "/api/*" 200\nreverse_proxy app:1', ("app", None)),
        ('reverse_proxy "*" app:1', ("app", "app")),
    ],
)
def test_quotes_change_nothing_of_a_matcher(
    lines: str, answers: tuple[str | None, ...], tmp_path: Path
) -> None:
    routes = caddy(tmp_path, f"http://a.test {{\n{lines}\n}}", stack(tmp_path, *apps("app", "api")))
    assert tuple(who(routes, "a.test", path) for path in ("/", "/api/x")) == answers


def test_a_status_in_quotes_is_one(tmp_path: Path) -> None:
    text = 'http://a.test {\n respond "404"\n}\n'
    routes = caddy(tmp_path, text, stack(tmp_path))
    assert [route.statuses for route in routes] == [frozenset({404})]


def test_a_path_below_a_path_that_is_cut_off_is_not_shown_as_a_path(tmp_path: Path) -> None:
    text = """http://a.test {
 handle_path /admin/* {
  handle_path /wiki/* {
   reverse_proxy wiki:1
  }
 }
 handle /files/* {
  handle /files/new/* {
   reverse_proxy new:1
  }
 }
 reverse_proxy app:1
}"""
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("app", "wiki", "new")))
    assert {route.service: route.match for route in routes if route.service} == {
        "wiki": "/admin/* /wiki/*",
        "new": "/files/new/*",
        "app": "",
    }
    assert who(routes, "a.test", "/wiki/x") == "app"
