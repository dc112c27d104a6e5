"""Where nginx's rewrite phase ends, and what is not reached behind it."""

from pathlib import Path

import pytest

from tests.adapters.routes.front_doors import apps, nginx, stack, who

PROXY = "location / { proxy_pass http://$up; }"
FIRST, SECOND = (f"if ($host = a.test) {{ proxy_pass http://{name}; }}" for name in ("app", "web"))


@pytest.mark.parametrize(
    ("lines", "path", "status", "service"),
    [
        (f"set $up app; break; return 404; {PROXY}", "/", 200, "app"),
        (f"set $up app; if ($host = a.test) {{ break; }} set $up web; {PROXY}", "/", 200, "app"),
        (f"set $up app; if ($host = b.test) {{ break; }} set $up web; {PROXY}", "/", 200, "web"),
        (f"set $up app; if ($http_x) {{ break; }} set $up web; {PROXY}", "/", 200, None),
        (f"set $up app; if ($http_x) {{ break; }} return 404; {PROXY}", "/", 200, "app"),
        (f"set $up app; if ($http_x) {{ break; }} return 404; {PROXY}", "/", 404, None),
        (f"set $up app; if ($uri ~ ^/x) {{ break; }} return 404; {PROXY}", "/x", 200, "app"),
        (f"set $up app; rewrite ^/x /y break; set $up web; {PROXY}", "/x", 200, None),
        (f"set $up app; rewrite ^/x /y; set $up web; {PROXY}", "/x", 200, "web"),
        (f"set $up app; rewrite ^/x /y last; return 404; {PROXY}", "/x", 200, "app"),
        (f"set $up app; rewrite ^/x /y last; return 404; {PROXY}", "/z", 200, None),
        (f"location / {{ {FIRST} {SECOND} }}", "/", 200, None),
        (f"location / {{ {FIRST} if ($http_x) {{ proxy_pass http://web; }} }}", "/", 200, None),
        (
            f"location / {{ {FIRST} if ($host = b.test) {{ proxy_pass http://web; }} }}",
            "/",
            200,
            "app",
        ),
        (f"location / {{ {FIRST} return 403; }}", "/", 403, None),
        (f"location / {{ {FIRST.replace('; }', '; break; }')} {SECOND} }}", "/", 200, "app"),
        ("location / { break; return 404; proxy_pass http://app; }", "/", 200, "app"),
        ("location / { rewrite ^ /y break; return 404; proxy_pass http://app; }", "/", 200, "app"),
    ],
)
def test_who_answers_behind_an_end(
    lines: str, path: str, status: int, service: str | None, tmp_path: Path
) -> None:
    text = f"server {{ listen 80; server_name a.test; {lines} }}"
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app", "web")))
    assert who(routes, "a.test", path, status) == service
