"""Real inputs that the repository holds no file of, one of each kind that its users write."""

from typing import Any

COMPLAINTS = [
    b"yaml: line 3: mapping values are not allowed in this context\n",
    b"services.web.ports must be a list\n",
    b'service "web" depends on undefined service db: invalid compose project\n',
    b"validating /srv/compose.yaml: services.web Additional property imagee is not allowed\n",
    b"error while interpolating services.web.image: required variable TAG is missing a value: set it\n",
    b"env file /srv/a.env not found: stat /srv/a.env: no such file or directory\n",
    b'time="2026-11-20T10:00:00Z" level=warning msg="The \\"A\\" variable is not set. Defaulting to a blank string."\n',
]
ENV = [
    b"A=1\nB='two words'\nC=\"x\n y\"\nexport D=${A:-x}\n# no\nE: yaml\nF=${B}$$\n",
    b"\xef\xbb\xbfPASSWORD=a#b\r\nX=\r\n",
]
DOCKERFILES = [
    b"# syntax=docker/dockerfile:1\nARG V=1\nFROM debian:${V} AS build\nCOPY --from=x a b /c/\nRUN <<EOF\necho\nEOF\n"
    b'FROM build\nADD ["a b", "/x/"]\nCOPY . \\\n  /app\nENTRYPOINT ["x"]\n'
]
DOCKERIGNORE = [
    b"*\n!app\n**/*.pyc\n# comment\n/node_modules/\n!a/b/**\n",
    b"[a-z]*\n?.txt\n\\!x\n",
    b"caf\xe9/**\n*.m\xfcll\n",
]
BOMB = (
    b"a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\n"
    b"d: &d [*c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e]\n"
    b"g: &g [*f, *f, *f, *f, *f, *f, *f, *f]\nh: &h [*g, *g, *g, *g, *g, *g, *g, *g]\n"
)
"""Anchors that write out to 150 million values."""
CADDY = [
    b"{\n\thttp_port 8080\n\thttps_port 8443\n\tauto_https off\n\tadmin off\n\torder rate_limit before basicauth\n}\n"
    b"(common) {\n\tencode gzip\n\theader {args[0]} {$X:y}\n}\n*.stack.local, http://b:81 {\n\timport common a\n"
    b"\t@app host app.stack.local\n\thandle @app {\n\t\treverse_proxy app:8000 other:1\n\t}\n\troute /api/* {\n"
    b'\t\turi strip_prefix /api\n\t\trespond "no" 403\n\t}\n\tredir https://x{uri} 308\n\thandle_errors {\n\t\trespond <<EOF\n'
    b"\t\t\tgone\n\t\t\tEOF 502\n\t}\n\tforward_auth app:9091 {\n\t\turi /verify\n\t}\n}\n"
]
NGINX = [
    b"events {}\nhttp {\n  upstream a { server app:80; server other:81 backup; }\n  map $host $up { default app:80; ~^b b:1; }\n"
    b"  server { listen 80 default_server; listen [::]:443 ssl; server_name a.stack.local *.b ~^(?<n>.+)\\.c$;\n"
    b"    set $x app; if ($host = a) { return 301 https://$host$request_uri; }\n    error_page 502 =200 @off;\n"
    b"    location / { proxy_pass http://a; auth_request /auth; }\n    location ~* \\.(js|css)$ { root /srv; }\n"
    b"    location = /auth { internal; proxy_pass http://$up; }\n    location @off { return 503; }\n"
    b"    location ^~ /s/ { rewrite ^/s/(.*)$ /$1 break; try_files $uri /index.html =404; }\n  }\n}\n"
    b"stream { map $ssl_preread_server_name $u { a app:80; } server { listen 443; ssl_preread on; proxy_pass $u; } }\n",
    b"server { listen 80; server_name ${DOMAIN}; include conf/*.inc; location / { proxy_pass http://app:8000/x; } }\n",
]
TRAEFIK: list[Any] = [
    {
        "http": {
            "routers": {
                "app": {
                    "rule": "Host(`a.stack.local`) && (PathPrefix(`/x`) || !Path(`/y`))", "service": "app", "priority": 5,
                    "middlewares": ["auth@file", "r"], "entryPoints": ["web"], "tls": {},
                }
            },
            "services": {"app": {"loadBalancer": {"servers": [{"url": "http://app:8000"}]}}},
            "middlewares": {
                "auth": {"forwardAuth": {"address": "http://app:9091/v"}},
                "r": {"redirectRegex": {"regex": "^(.*)$", "replacement": "https://$1", "permanent": True}},
                "e": {"errors": {"status": ["500-599", "403"], "service": "app", "query": "/{status}"}},
            },
        }
    }
]  # fmt: skip
TRAEFIK_YAML = b'http:\n  routers: &r\n    app: {rule: "HostRegexp(`{n:[a-z]+}.x`)", service: app}\n  services:\n    app:\n      weighted: {services: [{name: app, weight: 1}]}\n'
TRAEFIK_TOML = b'[http.routers.app]\nrule = \'Host(`a.stack.local`)\'\nservice = "app"\n[[http.services.app.loadBalancer.servers]]\nurl = "http://app:8000"\n'
LABELS: list[dict[str, str]] = [
    {
        "traefik.enable": "true", "traefik.http.routers.a.rule": "Host(`a.stack.local`) || HostRegexp(`^b\\..+$`)",
        "traefik.http.routers.a.middlewares": "m@docker", "traefik.http.services.a.loadbalancer.server.port": "8000",
        "traefik.http.middlewares.m.ipwhitelist.sourcerange": "10.0.0.0/8", "traefik.http.routers.a.priority": "10",
        "stacktest.ready": "tcp:8000", "stacktest.timeout": "1m30s", "stacktest.uses": "door, x",
    }
]  # fmt: skip
RULES = [
    b"healthy",
    b"exited(0)",
    b"tcp:8000",
    b"http:8000/health 204",
    b"http:/x",
    b"running",
]
STACKTEST = [
    b'[stack]\ndomain = "stack.local"\nroutes = ["Caddyfile"]\nsuites = ["suites"]\n[stack.hosts]\n"a.stack.local" = "app:8000"\n'
    b'[services.app]\nready = "http(8000, /health)"\ntimeout = "1m30s"\nuses = ["door"]\n[phases.phase1]\ntitle = "x"\n'
    b'[freshness]\nmax_age = "30d"\nmust_run = ["app"]\n[[exempt]]\nservice = "app"\nreason = "x"\nuntil = 2026-12-31\n'
    b'[[notify]]\nkind = "ntfy"\nurl_env = "NTFY"\n[people.admin]\nusername = "a"\npassword_env = "P"\n'
]
PYPROJECT = b'[tool.stacktest.stack]\ndomain = "x"\n[tool.pytest.ini_options]\naddopts = ["-q"]\n'
TESTS = [
    b'import json\nfrom .helpers import check\nfrom os import *\npytest_plugins = ["a.b"]\nCASES = json.loads(open("cases.json").read())\n'
    b'@pytest.mark.parametrize("x", [1, 2])\n@pytest.mark.service("app", "db")\nasync def test_x(x, inside):\n    """It works."""\n'
    b'    match x:\n        case {"a": [1, *_]}:\n            assert (y := x) == 1, f"{y!r:>{10}}"\n    with a as b, c:\n        raise AssertionError\n'
]
INI = [
    b"[pytest]\naddopts = -p no:cacheprovider --strict-markers 'a b'\npythonpath = . src\ntestpaths = suites\nmarkers =\n    x: y\n",
    b"[pytest]\npython_files = check_*.py\n%(here)s = 1\n",
]  # fmt: skip
GIT = [
    b"\x00" + b"ab" * 20 + b"\x1f" + b"cd" * 20 + b" " + b"ef" * 20 + b"\x1f2026-11-20T10:00:00+01:00\x00\ncaf\xe9.conf\x00a b\x00\x00"
    + b"cd" * 20 + b"\x1f\x1f2026-11-19T10:00:00Z\x00\nx\x00"
]  # fmt: skip
DEFINITION: dict[str, Any] = {
    "image": "x", "command": ["a"], "environment": {"A": "1", "B": None}, "ports": [{"target": 80, "published": "8080"}],
    "ulimits": {"nofile": {"soft": 1, "hard": 2}, "nproc": 3}, "healthcheck": {"test": ["CMD", "x"], "interval": "10s"},
    "deploy": {"resources": {"limits": {"cpus": "0.5", "memory": "1073741824"}}}, "cap_add": ["SYS_ADMIN"], "tmpfs": ["/x:size=1m"],
    "restart": "on-failure:3", "extra_hosts": ["a=1.2.3.4"], "sysctls": {"net.core.somaxconn": "1"}, "stop_grace_period": "1m0s",
    "networks": {"default": {"aliases": ["y"], "ipv4_address": "10.0.0.2"}}, "devices": ["/dev/a:/dev/b:rw"], "logging": {"driver": "none"},
    "volumes": [{"type": "bind", "source": "/a", "target": "/b", "read_only": True}], "security_opt": ["seccomp:unconfined"],
}  # fmt: skip
