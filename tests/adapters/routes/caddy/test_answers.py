"""What is read of Caddyfiles against the answers of a Caddy that runs."""

import random
from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.model import Mount, Port, Service, Stack
from tests.adapters.routes.answers import HEADER, Claim, claims, running

IMAGE = "stacktest/caddy:2.6.2"
SERVICES = {"web": 9001, "api": 9002, "auth": 9003, "deny": 9004}
PATHS = (
    "/", "/api", "/api/", "/api/x", "/API/x", "/%61pi/x", "//api/x", "/x/../api/x", "/old", "/new",
    "/style.css", "/docs", "/docs/a/b", "/private/x", "/a.key", "/sub/", "/q?a=b",
)  # fmt: skip

SNIPPETS = (
    "reverse_proxy web:9001",
    "reverse_proxy /api/* api:9002",
    "reverse_proxy /api* api:9002",
    "reverse_proxy *.css api:9002",
    "reverse_proxy */x api:9002",
    "reverse_proxy /docs/*/b api:9002",
    "reverse_proxy web:9001 api:9002",
    "handle /api/* {\n  reverse_proxy api:9002\n }",
    "handle_path /api/* {\n  reverse_proxy api:9002\n }",
    'handle_path /docs/* {\n  reverse_proxy /a/* api:9002\n  respond "no" 404\n }',
    "handle {\n  reverse_proxy web:9001\n }",
    "handle /new {\n  header X y\n }",
    "handle /docs* {\n  uri strip_prefix /docs\n  reverse_proxy api:9002\n }",
    "@many path /docs /docs/* /private/*\n handle @many {\n  reverse_proxy api:9002\n }",
    "@not not path /api/* /docs\n reverse_proxy @not web:9001",
    '@post method POST\n respond @post "posted" 200',
    "@both {\n  path /api/*\n  method GET\n }\n reverse_proxy @both api:9002",
    "@head header X-None *\n reverse_proxy @head api:9002",
    "@re path_regexp ^/(api|docs)\n reverse_proxy @re api:9002",
    'respond /private/* "no" 403',
    "respond /docs 204",
    "@blocked path /private/* *.key\n respond @blocked nope 403",
    "redir /old /new",
    "redir /docs /new permanent",
    'error /private/* "no" 403',
    "rewrite /old /api/x",
    "rewrite /new /old",
    "basicauth /private/* {\n  me JDJhJDE0JEtOZ0RqLk1GaFlKZFdCdzR0RmhDbHVOY2VCUDVUYnR1VXpZQnpLNlJxOHFQN0ptYlVyVVcy\n }",
    "forward_auth auth:9003 {\n  uri /verify\n }",
    "forward_auth /private/* deny:9004 {\n  uri /verify\n }",
    'route {\n  respond /old "first" 200\n  reverse_proxy /old* api:9002\n }',
    'route /docs/* {\n  reverse_proxy api:9002\n  respond "never" 200\n }',
    "root * /site\n file_server",
    "root * /site\n file_server /sub/* {\n  pass_thru\n }",
    'handle_errors {\n  respond "{err.status_text}" {err.status_code}\n }',
    'handle_errors {\n  respond "we are down" 200\n }',
    'handle_errors {\n  respond "we are down"\n }',
    "handle_errors {\n  redir https://status.test/{err.status_code}\n }",
    "handle /private/* {\n  respond /private/none 204\n }",
    "try_files {path} /style.css",
    "import common api:9002",
    "encode gzip\n header -Server",
    "method POST",
    'handle "/docs/*" {\n  reverse_proxy api:9002\n }',
    "route {\n  uri strip_prefix /docs\n  reverse_proxy /a* api:9002\n }",
    "@get method GET\n reverse_proxy @get api:9002",
    "reverse_proxy /docs* {\n  dynamic a api 9002\n }",
)  # fmt: skip

HEAD = """{
 admin off
 auto_https off
}
(common) {
 reverse_proxy /docs* {args.0}
}
http://ready.test {
 respond "ready"
}
"""


def caddyfile(seed: int, sites: int) -> str:
    """Sites of snippets in an order that the seed decides, and the programs behind them."""
    chance = random.Random(seed)
    text = HEAD
    for name, port in SERVICES.items():
        status = "403" if name == "deny" else "200"
        text += f'http://:{port} {{\n header {HEADER} {name}\n respond "{name}" {status}\n}}\n'
    for number in range(sites):
        chosen = [*chance.sample(SNIPPETS, chance.randint(1, 4)), *chance.sample(SNIPPETS[:1], 1)]
        matchers: set[str] = set()
        kept = []
        for snippet in chosen:
            # A site may define a matcher once.
            name = snippet.split()[0] if snippet.startswith("@") else ""
            if name in matchers or (snippet.startswith("root") and "root" in matchers):
                continue
            matchers |= {name or snippet.split()[0]}
            kept.append(snippet)
        text += f"http://s{number}.test {{\n " + "\n ".join(kept) + "\n}\n"
    return text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    (tmp_path / "site/sub").mkdir(parents=True)
    (tmp_path / "site/style.css").write_text("body {}")
    (tmp_path / "site/sub/index.html").write_text("<p>sub</p>")
    for path in (tmp_path / "site", *(tmp_path / "site").rglob("*")):
        path.chmod(0o755)
    return tmp_path


def asked(folder: Path, text: str, hosts: list[str], methods: tuple[str, ...]) -> list[Claim]:
    """The claims of a Caddyfile for hosts, against a Caddy that runs it."""
    (folder / "Caddyfile").write_text(text)
    (folder / "Caddyfile").chmod(0o644)
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
    routes = read_routes(("Caddyfile",), stack)
    argv = [f"--add-host={name}:127.0.0.1" for name in SERVICES]
    argv += ["-v", f"{folder}/Caddyfile:/etc/caddy/Caddyfile:ro", "-v", f"{folder}/site:/site:ro"]
    with running([*argv, IMAGE]) as port:
        return list(claims(routes, port, hosts, PATHS, methods))


@pytest.mark.real_docker
@pytest.mark.parametrize("seed", [1, 2])
def test_no_answer_of_another_is_credited_and_most_of_ones_own_are(seed: int, folder: Path) -> None:
    count = 60
    hosts = [f"s{number}.test" for number in range(count)]
    results = asked(folder, caddyfile(seed, count), hosts, ("GET", "POST"))
    assert [claim for claim in results if claim.is_wrong] == []
    own = [claim for claim in results if claim.actual in {"web", "api"}]
    credited = [claim for claim in own if claim.claimed]
    assert len(own) > 500
    assert len(credited) / len(own) > 0.5
