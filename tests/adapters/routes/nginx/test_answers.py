"""What is read of nginx's files against the answers of an nginx that runs."""

import random
import subprocess
from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.model import Mount, Port, Service, Stack
from tests.adapters.routes.answers import HEADER, Claim, claims, running

IMAGE = "stacktest-tests/nginx:1.22"
BUILD = Path(__file__).parents[3] / "stacks/nginx-demo/images/nginx"
SERVICES = {"web": 9001, "api": 9002, "auth": 9003, "deny": 9004}
PATHS = (
    "/", "/api", "/api/", "/api/x", "/API/x", "/%61pi/x", "//api/x", "/x/../api/x", "/old", "/new",
    "/style.css", "/docs", "/docs/a/b", "/private/x", "/a.key", "/sub/", "/sub", "/x.php", "/q?a=b",
    "/api/x.php", "/deep/er/x", "/verify",
)  # fmt: skip

WEB, API = "proxy_pass http://web:9001;", "proxy_pass http://api:9002;"
SNIPPETS = (
    f"location /api/ {{ {API} }}",
    f"location /api {{ {API} }}",
    f"location = /api {{ {API} }}",
    f"location ^~ /api/ {{ {API} }}",
    f"location ^~ /deep/ {{ {API} }}",
    f"location /deep/er/ {{ {WEB} }}",
    f"location ~ \\.php$ {{ {API} }}",
    f"location ~* ^/api {{ {API} }}",
    f"location ~ ^/docs/(?<page>.+)$ {{ {API} }}",
    f"location /docs/ {{ {WEB} location ~ b$ {{ {API} }} }}",
    "location /docs { set $up api; set $up_port 9002; proxy_pass http://$up:$up_port; }",
    "location /old { return 301 /new; }",
    "location = /old { return 200 old; }",
    "rewrite ^/old$ /new permanent;",
    "rewrite ^/new /api/x last;",
    f"location /new {{ rewrite ^/new/?(.*)$ /api/$1 break; {API} }}",
    f"location /private/ {{ rewrite ^/private/(.*)$ /api/$1 last; {WEB} }}",
    f"location /private {{ deny all; {WEB} }}",
    f"location /private {{ allow 127.0.0.1; deny all; {WEB} }}",
    f'location /private/ {{ auth_basic "x"; auth_basic_user_file /etc/nginx/users; {WEB} }}',
    (f"location /private/ {{ auth_request /verify; {WEB} }} "
    "location = /verify { internal; proxy_pass http://deny:9004; }"),
    (f"location /private/ {{ auth_request /allowed; {WEB} }} "
    "location = /allowed { internal; proxy_pass http://auth:9003; }"),
    f"location /private/ {{ limit_except GET {{ deny all; }} {WEB} }}",
    "root /site; location /sub/ { try_files $uri $uri/ =404; }",
    f"root /site; location /sub {{ try_files $uri @up; }} location @up {{ {API} }}",
    "root /site; location /style.css { }",
    "if ($request_method = POST) { return 204; }",
    "if ($scheme = https) { return 301 /never; }",
    "if ($http_x_none) { return 403; }",
    "if ($host ~ ^s1) { return 307 /other; }",
    "error_page 502 =200 /style.css;",
    "error_page 404 = @down; location @down { return 503; }",
    "location /deep { proxy_pass http://both; }",
    "location /q { proxy_pass http://$backend; }",
    "return 404;",
)  # fmt: skip
DEAD = "proxy_pass http://dead:9009;"
"""An upstream that does not listen."""
FAILING = (
    f"error_page 502 /down; location /down {{ return 302 /x; }} location / {{ {DEAD} }}",
    f"error_page 502 @down; location @down {{ return 302 /x; }} location / {{ {DEAD} }}",
    f"error_page 502 @down; location @down {{ return 200 ok; }} location / {{ {DEAD} }}",
    f"error_page 502 @down; location @down {{ {WEB} }} location / {{ {DEAD} }}",
    f"error_page 502 @down; location @down {{ root /site; try_files /none =404; }} location / {{ {DEAD} }}",
    f"error_page 502 =503 /down; location = /down {{ return 404; }} location / {{ {DEAD} }}",
    f"error_page 502 /none.html; location = /none.html {{ root /site; }} location / {{ {DEAD} }}",
    f"error_page 502 /none.html; root /site; location / {{ {DEAD} }}",
    f"error_page 502 /sub; location /sub {{ root /site; }} location / {{ {DEAD} }}",
    f"error_page 502 https://status.test/; location / {{ {DEAD} }}",
    (f"auth_request /a; location / {{ {WEB} }} location = /a {{ auth_request off; {DEAD} }} "
    "error_page 401 403 500 @in; location @in { return 302 /x; }"),
    (f"auth_request /a; location / {{ {WEB} }} error_page 403 @in; location @in {{ return 307 /x; }} "
    "location = /a { auth_request off; proxy_pass http://deny:9004; }"),
    f"location / {{ limit_except POST {{ {API} }} {WEB} }}",
    "location / { proxy_pass http://$kind; }",
    f"location / {{ proxy_cache z; {WEB} }}",
    f"auth_request /a; location = /a {{ auth_request off; {DEAD} }} location / {{ {DEAD} }}",
    f"error_page 404 502 =200 @gone; location / {{ {DEAD} }}",
    f"error_page 502 @down; location @down {{ root /site; rewrite ^ /style.css break; }} location / {{ {DEAD} }}",
    f"root /site; location / {{ try_files $uri @up; if ($http_host) {{ set $a b; }} }} location @up {{ {WEB} }}",
)  # fmt: skip
"""Sites on which nginx answers in the place of an upstream, or sends a request to another one."""
MAPS = """proxy_cache_path /tmp/cache keys_zone=z:1m;
map $host $kind { hostnames; default web:9001; *.test web:9001; f13.test api:9002; }
"""
ROOTS = (f"location / {{ {WEB} }}", f"location / {{ {WEB} }}", "root /site;",
         f"root /site; location / {{ try_files $uri $uri/ @app; }} location @app {{ {WEB} }}",
         f"root /site; location / {{ try_files $uri /index.php$is_args$args; }} location ~ \\.php {{ {API} }}")  # fmt: skip

HEAD = """upstream both { server web:9001; server api:9002; }
map $host $backend { default api:9002; s3.test web:9001; }
server { listen 80 default_server; server_name _; return 421; }
"""


def configuration(seed: int, sites: int) -> str:
    """Servers of snippets in an order that the seed decides, and the programs behind them."""
    chance = random.Random(seed)
    text = HEAD
    for name, port in SERVICES.items():
        status = "403" if name == "deny" else "200"
        text += (
            f"server {{ listen {port}; add_header {HEADER} {name} always; return {status} x; }}\n"
        )
    for number in range(sites):
        keys: set[str] = set()
        kept = []
        for snippet in [*chance.sample(SNIPPETS, chance.randint(1, 5)), chance.choice(ROOTS)]:
            # A server may have a location once.
            names = [part.split("{")[0].split() for part in snippet.split("location ")[1:]]
            own = {"".join(name).removeprefix("^~").removeprefix("=") for name in names}
            own |= {"root"} if snippet.startswith("root") else set()
            if not own & keys:
                keys |= own
                kept.append(snippet)
        text += f"server {{ listen 80; server_name s{number}.test;\n " + "\n ".join(kept) + "\n}\n"
    return text


@pytest.fixture(scope="module")
def image() -> str:
    argv = ["docker", "build", "-q", "-t", IMAGE, "--build-arg", "BASE=stacktest-base:bookworm"]
    subprocess.run([*argv, str(BUILD)], check=True, capture_output=True, timeout=300)
    return IMAGE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    (tmp_path / "site/sub").mkdir(parents=True)
    (tmp_path / "site/style.css").write_text("body {}")
    (tmp_path / "site/sub/index.html").write_text("<p>sub</p>")
    for path in (tmp_path / "site", *(tmp_path / "site").rglob("*")):
        path.chmod(0o755)
    return tmp_path


def asked(folder: Path, image: str, text: str, hosts: list[str]) -> list[Claim]:
    """The claims of a configuration for hosts, against an nginx that runs it."""
    (folder / "all.conf").write_text(text)
    (folder / "all.conf").chmod(0o644)
    mounts = (Mount(kind="bind", source=str(folder / "site"), target="/site", read_only=True),)
    door = Service(name="door", ports=(Port(target=80, published=80),), mounts=mounts)
    services = {name: Service(name=name) for name in SERVICES}
    stack = Stack(
        name="t",
        root=folder,
        services={"door": door, **services},
        domain="x.test",
        front_door="door",
    )
    routes = read_routes(("all.conf",), stack)
    argv = [f"--add-host={name}:127.0.0.1" for name in SERVICES]
    argv += [
        "-v",
        f"{folder}/all.conf:/etc/nginx/conf.d/all.conf:ro",
        "-v",
        f"{folder}/site:/site:ro",
    ]
    with running([*argv, image]) as port:
        return list(claims(routes, port, hosts, PATHS, ("GET", "POST")))


@pytest.mark.real_docker
@pytest.mark.parametrize("seed", [1, 2])
def test_no_answer_of_another_is_credited_and_most_of_ones_own_are(
    seed: int, image: str, folder: Path
) -> None:
    count = 60
    results = asked(folder, image, configuration(seed, count), [f"s{n}.test" for n in range(count)])
    assert [claim for claim in results if claim.is_wrong] == []
    own = [claim for claim in results if claim.actual in {"web", "api"}]
    credited = [claim for claim in own if claim.claimed]
    assert len(own) > 500
    assert len(credited) / len(own) > 0.5


@pytest.mark.real_docker
def test_no_answer_is_credited_to_an_upstream_that_does_not_listen(
    image: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = MAPS + configuration(0, 0)
    for number, lines in enumerate(FAILING):
        text += f"server {{ listen 80; server_name f{number}.test; {lines} }}\n"
    monkeypatch.setitem(SERVICES, "dead", 9009)
    results = asked(folder, image, text, [f"f{number}.test" for number in range(len(FAILING))])
    assert [claim for claim in results if claim.is_wrong] == []
    assert {claim.claimed for claim in results} == {"api", "web", None}
