"""Answers that Caddy gives in place of an upstream's, and those that it hands on."""

from pathlib import Path

import pytest

from tests.adapters.routes.front_doors import apps, caddy, stack, who

PAGE = "@late status 5xx\n  handle_response @late {{\n   {}\n  }}"


@pytest.mark.parametrize(
    ("inner", "status"),
    [
        ('respond "later" 200', 200),
        ("redir https://status.test", 302),
        ("root * /pages\n   file_server", 200),
        ("reverse_proxy other:1", 200),
        ("respond {http.intercept.status_code}", 200),
    ],
)
@pytest.mark.parametrize("where", ["intercept", "reverse_proxy"])
def test_what_caddy_answers_in_place_of_an_upstream_is_nobodys(
    where: str, inner: str, status: int, tmp_path: Path
) -> None:
    block = "{\n  " + PAGE.format(inner) + "\n }"
    intercept = f"intercept {block}\n " if where == "intercept" else ""
    proxy = f"reverse_proxy app:1 {'' if intercept else block}"
    text = f"http://a.test {{\n {intercept}{proxy}\n}}"
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("app", "other")))
    assert who(routes, "a.test", status=status) is None
    if inner.startswith("redir") or "later" in inner:
        assert who(routes, "a.test", status=404) == "app"


def test_an_answer_that_is_handed_on_is_the_upstreams(tmp_path: Path) -> None:
    text = (
        "http://a.test {\n reverse_proxy app:1 {\n  @well status 2xx\n"
        "  handle_response @well {\n   copy_response_headers\n   copy_response\n  }\n }\n}"
    )
    assert who(caddy(tmp_path, text, stack(tmp_path, *apps("app"))), "a.test") == "app"


def test_an_answer_that_lets_the_request_go_on_is_nobodys(tmp_path: Path) -> None:
    text = (
        "http://a.test {\n reverse_proxy app:1 {\n  @well status 2xx\n"
        "  handle_response @well {\n   request_header X-User me\n  }\n }\n respond late\n}"
    )
    assert who(caddy(tmp_path, text, stack(tmp_path, *apps("app"))), "a.test") is None
