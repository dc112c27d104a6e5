"""Front doors as people write them: whose answer is whose, and what is not known."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.changed_copy import replace
from stacktest.core.model import Port, Service, Stack
from tests.adapters.routes.front_doors import apps, caddy, leads, nginx, stack, who

# Who shares a network


def tenant(name: str, **definition: dict[str, list[str]] | list[str]) -> Service:
    return Service(name=name, definition={"network_mode": "service:vpn", **definition})


@pytest.mark.case("field/b07")
@pytest.mark.case("field/c11")
def test_the_only_tenant_answers_at_the_address_of_its_network(tmp_path: Path) -> None:
    of = stack(tmp_path, Service(name="vpn"), tenant("app"))
    assert leads(caddy(tmp_path, "http://a.test {\n reverse_proxy vpn:8080\n}", of)) == {
        "a.test": "app:8080"
    }


@pytest.mark.parametrize(
    ("books", "films", "expected"),
    [
        ({"expose": ["8080"]}, {"expose": ["9090"]}, "books:8080"),
        ({"expose": ["9090/tcp"]}, {"healthcheck": {"test": ["CMD", "curl", "http://localhost:8080"]}}, "films:8080"),
        ({}, {}, "vpn or books or films listens at port 8080, they share a network: name it in a health check"),
    ],
)  # fmt: skip
@pytest.mark.case("compose/shared-network")
def test_tenants_are_told_apart_by_the_ports_that_they_declare(
    books: dict[str, Any], films: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    labels = {
        "traefik.http.routers.b.rule": "Host(`b.test`)",
        "traefik.http.routers.b.service": "b",
        "traefik.http.services.b.loadbalancer.server.port": "8080",
    }
    vpn = Service(name="vpn", labels=labels)
    of = stack(tmp_path, vpn, tenant("books", **books), tenant("films", **films))
    assert leads(read_routes(("traefik",), of)) == {"b.test": expected}
    text = "http://b.test {\n reverse_proxy vpn:8080\n}"
    assert leads(caddy(tmp_path, text, of)) == {"b.test": expected}


# Upstreams


@pytest.mark.parametrize(
    ("upstream", "expected"),
    [
        ("the-app:1", "app:1"),
        ("alias:1", "app:1"),
        ("http://app", "app:80"),
        ("https://app", "app:443"),
        ("h2c://app:9", "app:9"),
        ("host.docker.internal:8081", "app:80"),
        ("127.0.0.1:8081", "it is a program in the front door's own container"),
        ("outer:8081", "app:80"),
        ("192.0.2.7:8081", "app, if 192.0.2.7 is the machine that the stack runs on"),
        ("host.docker.internal:9", "no service of this stack publishes port 9"),
        ("192.0.2.7:5000", "192.0.2.7:5000"),
        ("of-another-project:1", "of-another-project:1"),
        ("unix//run/app.sock", "unix//run/app.sock is not an address on a network"),
        ("{http.vars.up}:1", "the upstream depends on {http.vars.up}"),
        ("{$UP}", "the variable UP is not set in the front door's environment"),
        ("{$SET}:7", "app:7"),
        ("{env.SET}:7", "app:7"),
        ("{labels.1}:7", "app:7"),
    ],
)
@pytest.mark.case("compose/upstream-outside")
def test_where_an_upstream_leads(upstream: str, expected: str, tmp_path: Path) -> None:
    app = Service(
        name="app",
        container_name="the-app",
        ports=(Port(target=80, published=8081),),
        definition={"networks": {"n": {"aliases": ["alias"]}}},
    )
    of = stack(
        tmp_path,
        app,
        environment={"SET": "app"},
        definition={"extra_hosts": ["outer=host-gateway"]},
    )
    routes = caddy(tmp_path, f"http://app.test {{\n reverse_proxy {upstream}\n}}", of)
    assert leads(routes) == {"app.test": expected}


def on(name: str, *networks: str, **options: Any) -> Service:
    """A service on these networks, with the same options on each."""
    definition = {"networks": dict.fromkeys(networks, options or None)}
    return Service(name=name, networks=networks, definition=definition)


@pytest.mark.parametrize(
    ("others", "door", "expected"),
    [
        ((on("app", "n"), on("other", "n", aliases=["app"])), {}, "app and other both have"),
        ((on("app", "n"), on("other", "m", aliases=["app"])), {}, "app:1"),
        ((on("app", "m"), on("other", "n", aliases=["app"])), {}, "other:1"),
        ((on("app", "m"),), {}, "app:1"),
        ((on("App", "n"),), {}, "App:1"),
        ((on("app", "n"), on("other", "n")), {"links": ["other:app"]}, "other:1"),
        ((on("app", "n"), on("other", "n")), {"links": ["app"]}, "app:1"),
        ((on("app", "n"),), {"extra_hosts": ["app=192.0.2.7"]}, "app:1 elsewhere"),
        (
            (on("app", "n"), on("other", "n", ipv4_address="172.30.0.9")),
            {"extra_hosts": {"app": "172.30.0.9"}},
            "other:1",
        ),
    ],
)
def test_a_name_means_what_it_means_in_the_front_doors_container(
    others: tuple[Service, ...], door: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    of = stack(tmp_path, *others, networks=("n",), definition={"networks": {"n": None}} | door)
    route = caddy(tmp_path, "http://a.test {\n reverse_proxy app:1\n}", of)[0]
    target = f"{route.service}:{route.port}" if route.service else f"{route.upstream} elsewhere"
    assert (route.unknown or target).startswith(expected)


@pytest.mark.parametrize("upstream", ["172.30.0.9:1", "[fd00::9]:1", "t-app-1:1"])
def test_a_service_by_its_address_or_its_containers_name(upstream: str, tmp_path: Path) -> None:
    app = on("app", "n", ipv4_address="172.30.0.9", ipv6_address="fd00::9")
    routes = caddy(
        tmp_path, f"http://a.test {{\n reverse_proxy {upstream}\n}}", stack(tmp_path, app)
    )
    assert leads(routes) == {"a.test": "app:1"}


def test_a_front_door_in_host_mode_reaches_published_ports(tmp_path: Path) -> None:
    app = Service(name="app", ports=(Port(target=80, published=8081),))
    of = stack(tmp_path, app, ports=(), definition={"network_mode": "host"})
    routes = caddy(tmp_path, "http://app.test {\n reverse_proxy localhost:8081\n}", of)
    assert leads(routes) == {"app.test": "app:80"}


# What a Caddy answers by itself


@pytest.mark.case("field/c17")
def test_caddys_redirect_to_https_is_its_own(tmp_path: Path) -> None:
    routes = caddy(tmp_path, "app.test {\n reverse_proxy app:1\n}", stack(tmp_path, *apps("app")))
    assert who(routes, "app.test", status=308) is None
    assert who(routes, "app.test", status=308, port=443) == "app"
    plain = caddy(
        tmp_path, "http://app.test {\n reverse_proxy app:1\n}", stack(tmp_path, *apps("app"))
    )
    assert who(plain, "app.test", status=308) == "app"


@pytest.mark.case("field/b42")
def test_a_matcher_with_several_paths(tmp_path: Path) -> None:
    text = """http://a.test {
 @api path /api/* /docs
 handle @api {
  reverse_proxy back:80
 }
 handle {
  reverse_proxy front:80
 }
}"""
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("front", "back")))
    paths = ("/", "/api/x", "/docs", "/docs/x")
    assert [who(routes, "a.test", path) for path in paths] == ["front", "back", "back", "front"]


@pytest.mark.case("field/b43")
@pytest.mark.case("freshness/c11-front-door-answers")
def test_what_a_sign_in_may_have_answered_is_nobodys(tmp_path: Path) -> None:
    text = "http://a.test {\n forward_auth auth:80 {\n  uri /v\n }\n reverse_proxy app:1\n}"
    of = stack(tmp_path, *apps("app", "auth"))
    routes = caddy(tmp_path, text, of)
    assert [who(routes, "a.test", status=s) for s in (200, 302, 401, 403)] == ["app"] + [None] * 3
    assert Stack(name="t", root=tmp_path, services=of.services, routes=routes).guards_of(
        "a.test"
    ) == ("auth",)


@pytest.mark.parametrize(
    ("lines", "request_", "status"),
    [
        ("respond /private/* no 403", {"path": "/private/x"}, 403),
        ("@no path /private/* *.key\n respond @no no 403", {"path": "/a.key"}, 403),
        ("basicauth {\n  me x\n }", {}, 401),
        ("basic_auth /private/* {\n  me x\n }", {"path": "/private/x"}, 401),
        ("@old path /old /older\n redir @old /new", {"path": "/old"}, 302),
        ("redir /old /new permanent", {"path": "/old"}, 301),
        ("@no path /private/* /q/*\n error @no 403", {"path": "/q/1"}, 403),
        ("@post method POST\n respond @post posted", {"method": "POST"}, 200),
        ('handle_errors {\n  respond "we are down" 200\n }', {}, 200),
        ("handle_errors {\n  reverse_proxy other:1\n }", {}, 200),
        ("handle_errors {\n  redir https://elsewhere.test\n }", {}, 302),
        ("handle_errors {\n  redir https://elsewhere.test/{err.status_code}\n }", {}, 302),
        ('handle_errors {\n  respond "it was {err.status_code}" 200\n }', {}, 200),
        ("handle_errors {\n  rewrite * /down\n  file_server\n }", {}, 308),
        ("rate_limit {\n }", {}, 429),
        ("some_plugin {\n }", {}, 200),
        ("reverse_proxy /api/* other:1", {"path": "/%61pi/x"}, 200),
        ("import /inside/the/image.caddy", {}, 200),
        ("respond {$UNSET}", {}, 200),
    ],
)
@pytest.mark.case("field/b44")
@pytest.mark.case("freshness/c11-front-door-answers")
def test_what_caddy_may_have_answered_is_nobodys(
    lines: str, request_: dict[str, Any], status: int, tmp_path: Path
) -> None:
    text = f"http://a.test {{\n {lines}\n reverse_proxy app:1\n}}"
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("app", "other")))
    given = {"method": "GET", **request_}
    assert who(routes, "a.test", status=status, **given) is None


@pytest.mark.case("freshness/c11-front-door-answers")
def test_paths_are_compared_as_caddy_compares_them(tmp_path: Path) -> None:
    text = "http://a.test {\n reverse_proxy /api/* other:1\n reverse_proxy web:1\n}"
    routes = caddy(tmp_path, text, stack(tmp_path, *apps("web", "other")))
    assert who(routes, "a.test", "/API/x") == "other"
    assert who(routes, "a.test", "/") == "web"


@pytest.mark.case("field/b45")
def test_files_beside_php_are_the_doors(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/style.css").write_text("body {}")
    text = "http://a.test {\n root * /site\n php_fastcgi app:9000\n file_server\n}"
    of = stack(tmp_path, *apps("app"), mounts={"/site": "site"})
    routes = caddy(tmp_path, text, of)
    paths = ("/style.css", "/x.php", "/")
    assert [who(routes, "a.test", path) for path in paths] == [None, "app", None]
    (tmp_path / "site/index.php").write_text("<?php")
    routes = caddy(tmp_path, text, of)
    assert [who(routes, "a.test", path) for path in paths] == [None, "app", "app"]


@pytest.mark.case("compose/caddy-block")
def test_the_block_of_an_import(tmp_path: Path) -> None:
    text = """(site) {
 http://{args[0]}.test {
  {block}
  {blocks.more}
 }
}
import site a {
 reverse_proxy app:3000
}
import site b {
 more {
  reverse_proxy app:4000
 }
}"""
    routes = caddy(tmp_path, text.replace("{blocks.more}", ""), stack(tmp_path, *apps("app")))
    assert leads(routes)["a.test"] == "app:3000"
    routes = caddy(tmp_path, text.replace("{block}\n", "\n"), stack(tmp_path, *apps("app")))
    assert leads(routes)["b.test"] == "app:4000"


@pytest.mark.case("compose/caddy-env-address")
def test_one_address_that_is_not_known_costs_that_name_only(tmp_path: Path) -> None:
    text = "\n".join(
        f"{address} {{\n reverse_proxy app:1\n}}"
        for address in ("http://{env.SITE}", "http://{env.SET}.test", "{$GONE}", "http://b.test")
    )
    of = stack(tmp_path, *apps("app"), environment={"SET": "a"})
    assert leads(caddy(tmp_path, text, of)) == {
        "a.test": "app:1",
        "b.test": "app:1",
        "http://{env.SITE}": "the address http://{env.SITE} is not known before Caddy runs",
        "{$GONE}": "the variable GONE is not set in the front door's environment",
    }


@pytest.mark.case("compose/caddyfile-other-name")
def test_a_caddyfile_by_any_name(tmp_path: Path) -> None:
    (tmp_path / "proxy.txt").write_text("http://a.test {\n reverse_proxy app:1\n}")
    routes = read_routes(("caddy:proxy.txt",), stack(tmp_path, *apps("app")))
    assert leads(routes) == {"a.test": "app:1"}


# What an nginx answers by itself


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ('auth_basic "x"; location / { proxy_pass http://app; }', 401),
        ("location / { auth_request /v; proxy_pass http://app; } location = /v { internal; proxy_pass http://auth; }", 401),
        ("location / { auth_request /v; proxy_pass http://app; } location = /v { internal; proxy_pass http://auth; } error_page 401 = @in; location @in { return 302 http://auth.test; }", 302),
        ("location / { auth_request /v; proxy_pass http://app; } location = /v { internal; proxy_pass http://app/v; }", 500),
        ("location / { proxy_intercept_errors on; error_page 404 =200 @gone; proxy_pass http://app; }", 500),
        ("location / { deny all; proxy_pass http://app; }", 403),
        ("allow 10.0.0.0/8; deny all; location / { proxy_pass http://app; }", 403),
        ("rewrite ^/ https://a.test/ permanent; location / { proxy_pass http://app; }", 301),
        ("if ($scheme = http) { return 301 https://a.test; } location / { proxy_pass http://app; }", 301),
        ("if ($http_x) { return 418; } location / { proxy_pass http://app; }", 418),
        ("error_page 502 =200 /down.html; location / { proxy_pass http://app; }", 200),
        ("location / { limit_req_status 429; limit_req zone=x; proxy_pass http://app; }", 429),
        ("location / { root /srv; }", 200),
        ("location / { include /etc/nginx/snippets/authelia.conf; proxy_pass http://app; }", 200),
        ("location / { rewrite ^/(.*)$ /x/$1 last; proxy_pass http://app; }", 200),
        ("location / { limit_except GET { deny all; } proxy_pass http://app; }", 403),
    ],
)  # fmt: skip
@pytest.mark.case("field/x06")
def test_what_nginx_may_have_answered_is_nobodys(lines: str, status: int, tmp_path: Path) -> None:
    text = f"server {{ listen 80; server_name a.test; {lines} }}"
    of = stack(tmp_path, *apps("app", "auth"))
    routes = nginx(tmp_path, text, of)
    assert who(routes, "a.test", status=status, method="GET") is None


@pytest.mark.case("field/b46")
def test_an_index_that_is_a_program(tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    (tmp_path / "www/index.php").write_text("<?php")
    (tmp_path / "www/style.css").write_text("body {}")
    text = """upstream php { server app:9000; }
server { listen 80; server_name a.test; root /srv/www; index index.php;
 location / { try_files $uri $uri/ /index.php$is_args$args; }
 location ~ \\.php(?:$|/) { include fastcgi_params; fastcgi_pass php; } }"""
    of = stack(tmp_path, *apps("app"), mounts={"/srv/www": "www"})
    routes = nginx(tmp_path, text, of)
    paths = ("/", "/index.php", "/any/route", "/style.css")
    assert [who(routes, "a.test", path) for path in paths] == ["app", "app", "app", None]


@pytest.mark.case("compose/nginx-dot")
def test_names_with_a_dot_a_star_and_an_expression(tmp_path: Path) -> None:
    text = """server { listen 443 ssl; location / { proxy_pass http://app:3000; }
 server_name .e.test www.e.org mail.* "quoted.test" ~^(?<sub>x.+)\\.rx\\.test$ $hostname; }
server { listen 80 default_server; server_name _; return 301 https://$host$request_uri; }"""
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app")))
    for host in ("e.test", "a.e.test", "b.a.e.test", "mail.any", "quoted.test", "x1.rx.test"):
        assert who(routes, host, port=443) == "app", host
        assert who(routes, host, port=80, status=301) is None
    assert who(routes, "y.rx.test", port=443) is None
    assert "$hostname" not in {route.host for route in routes}


@pytest.mark.case("compose/nginx-set")
@pytest.mark.case("field/c14")
def test_variables_of_the_server_of_maps_and_of_nobody(tmp_path: Path) -> None:
    text = """map $host $backend { i.test dav:9999; default dav:5232; }
map $http_x $other { default dav:1; }
server { listen 80; server_name one.test; set $up dav; location / { proxy_pass http://$up:3000; } }
server { listen 80; server_name two.test; location / { set $up dav; set $up_port 30; proxy_pass http://$up:$up_port; } }
server { listen 80; server_name i.test; location / { proxy_pass http://$backend; } }
server { listen 80; server_name j.test; location / { proxy_pass http://$other; } }
server { listen 80; server_name d.test; location / { proxy_pass http://192.0.2.7:25232; } }
server { listen 80; server_name s.test; location / { return 200 door; } }"""
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("dav")))
    assert leads(routes) == {
        "one.test": "dav:3000",
        "two.test": "dav:30",
        "i.test": "dav:9999",
        "j.test": "the upstream depends on $other",
        "d.test": "http://192.0.2.7:25232",
        "s.test": "",
    }


@pytest.mark.case("compose/nginx-template")
def test_the_suffix_of_templates_can_be_another(tmp_path: Path) -> None:
    (tmp_path / "x.tpl").write_text(
        "server { listen 80; server_name ${SITE}; location / { proxy_pass http://wiki; } }"
    )
    of = stack(
        tmp_path,
        *apps("wiki"),
        environment={"SITE": "wiki.test", "NGINX_ENVSUBST_TEMPLATE_SUFFIX": ".tpl"},
    )
    assert leads(read_routes(("nginx:x.tpl",), of)) == {"wiki.test": "wiki:80"}


def test_a_file_is_a_template_by_its_name_in_the_container(tmp_path: Path) -> None:
    text = "server { listen 80; server_name ${SITE}; location / { proxy_pass http://wiki; } }"
    (tmp_path / "wiki.conf").write_text(text)
    mounts = {"/etc/nginx/templates/wiki.conf.template": "wiki.conf"}
    of = stack(tmp_path, *apps("wiki"), mounts=mounts, environment={"SITE": "wiki.test"})
    assert leads(read_routes(("wiki.conf",), of)) == {"wiki.test": "wiki:80"}


@pytest.mark.parametrize(
    "inside",
    [
        "${MORE}\n location / { proxy_pass http://wiki; }",
        "location / { proxy_pass http://wiki; }\n # more\n ${MORE}\n\n ${TLS}\n",
    ],
)
def test_a_variable_that_stands_for_directives_is_not_known(tmp_path: Path, inside: str) -> None:
    (tmp_path / "wiki.template").write_text(
        f"server {{ listen 80; server_name ${{SITE}};\n {inside}}}\n"
        "server { listen 80; server_name b.test\n ${SITE}x ${NO}\n ${NOT}\n;\n location / { proxy_pass http://b; } }"
    )
    of = stack(tmp_path, *apps("wiki", "b"), environment={"SITE": "a.test"})
    routes = read_routes(("nginx:wiki.template",), of)
    assert leads(routes) == {"a.test": "wiki:80", "b.test": "b:80", "a.testx": "b:80"} | {
        f"${{{name}}}": f"the variable {name} is not set in the front door's environment"
        for name in ("NO", "NOT")
    }
    assert [who(routes, host) for host in ("a.test", "b.test")] == [None, "b"]
    unknown = {route.unknown for route in routes if route.host == "a.test"}
    assert "what ${MORE} says, which no mount shows" in unknown


@pytest.mark.parametrize(
    ("name", "domain", "host"),
    [
        ("localhost", "", "localhost"),
        ("localhost", "x.test", "localhost"),
        ("192.0.2.7", "", "localhost"),
        ("192.0.2.7 [2001:db8::7]", "x.test", "x.test"),
    ],
)
def test_a_server_that_is_named_like_the_machine_has_a_host(
    name: str, domain: str, host: str, tmp_path: Path
) -> None:
    of = replace(stack(tmp_path, *apps("wiki")), domain=domain)
    text = f"server {{ listen 80; server_name {name}; location / {{ proxy_pass http://wiki:1; }} }}"
    assert leads(nginx(tmp_path, text, of)) == {host: "wiki:1"}


def test_a_server_of_an_address_has_no_other_host_behind_the_default_server(tmp_path: Path) -> None:
    text = """server { listen 80; server_name a.test; location / { proxy_pass http://wiki:1; } }
server { listen 80; server_name 192.0.2.7; location / { proxy_pass http://wiki:2; } }"""
    assert leads(nginx(tmp_path, text, stack(tmp_path, *apps("wiki")))) == {"a.test": "wiki:1"}


@pytest.mark.case("field/b48")
@pytest.mark.case("compose/nginx-template")
def test_a_template_is_filled_in_with_the_doors_environment(tmp_path: Path) -> None:
    (tmp_path / "default.conf.template").write_text(
        "server { listen 80; server_name ${SITE};\n location / { proxy_pass http://${BACK}; } }\n"
        "server { listen 80; server_name ${GONE}; location / { proxy_pass http://$host; } }"
    )
    of = stack(tmp_path, *apps("wiki"), environment={"SITE": "wiki.test", "BACK": "wiki:3000"})
    routes = read_routes(("default.conf.template",), of)
    assert leads(routes) == {
        "wiki.test": "wiki:3000",
        "${GONE}": "the variable GONE is not set in the front door's environment",
    }
    assert routes[0].where == "default.conf.template:2"


@pytest.mark.case("compose/nginx-upstream-beside")
def test_an_upstream_in_a_file_beside(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    site = "server { listen 80; server_name a.test; location / { proxy_pass http://back; } }"
    (tmp_path / "conf.d/wiki.conf").write_text(site)
    (tmp_path / "conf.d/a-up.conf").write_text("upstream back { server wiki:3000; }")
    (tmp_path / "conf.d/other.conf").write_text(site.replace("a.test", "b.test"))
    (tmp_path / "conf.d/broken.conf").write_text("server {")
    of = stack(tmp_path, *apps("wiki"), mounts={"/etc/nginx/conf.d": "conf.d"})
    assert leads(read_routes(("conf.d/wiki.conf",), of)) == {"a.test": "wiki:3000"}


@pytest.mark.case("hard/F1-nginx-stream-block")
def test_a_stream_block_names_no_host_and_hides_none(tmp_path: Path) -> None:
    text = """events {}
http { server { listen 80; server_name a.test; location / { proxy_pass http://app:1; } } }
stream { server { listen 5432; proxy_pass app:5432; } }"""
    assert leads(nginx(tmp_path, text, stack(tmp_path, *apps("app")))) == {"a.test": "app:1"}


def test_a_stream_block_passes_names_through(tmp_path: Path) -> None:
    text = """events {}
stream { map $ssl_preread_server_name $to { raw.test raw:443; default 127.0.0.1:8443; }
 server { listen 443; ssl_preread on; proxy_pass $to; } }
http { server { listen 8443 ssl; server_name a.test; location / { proxy_pass http://app:1; } } }"""
    routes = nginx(tmp_path, text, stack(tmp_path, *apps("app", "raw")))
    assert leads(routes) == {"a.test": "app:1", "raw.test": "raw:443"}
    assert who(routes, "a.test", port=443) == "app"


@pytest.mark.case("hard/F4-caddy-port-typo")
def test_a_mistyped_port_names_file_and_line(tmp_path: Path) -> None:
    from stacktest.errors import UsageError

    with pytest.raises(UsageError, match="'8O80' is not a port number") as caught:
        caddy(tmp_path, "{\n http_port 8O80\n}\nhttp://a.test {\n}", stack(tmp_path))
    assert caught.value.where == "Caddyfile:2"


# Traefik


def labelled(name: str, rule: str, port: str = "", **more: str) -> Service:
    labels = {f"traefik.http.routers.{name}.rule": rule, **more}
    if port:
        labels[f"traefik.http.services.{name}.loadBalancer.server.port"] = port
    return Service(name=name, labels=labels)


@pytest.mark.case("compose/traefik-or")
@pytest.mark.case("field/b50")
def test_rules_with_or_not_and_any_case(tmp_path: Path) -> None:
    of = stack(
        tmp_path,
        labelled("wiki", "Host(`w.test`) || (Host(`all.test`) && PathPrefix(`/wiki`))", "3000"),
        labelled("second", "host(`second.test`)"),
        labelled("third", "Host(`third.test`) && !PathPrefix(`/admin`)"),
        labelled("fourth", r"HostRegexp(`^.+\.fourth\.test$`) && PathPrefix(`/x`)"),
        labelled("fifth", "HostRegexp(`{sub:[a-z]+}.fifth.test`)"),
        labelled(
            "sixth", "!(Host(`w.test`) || PathPrefix(`/n`)) && Host(`sixth.test`, `six.test`)"
        ),
    )
    routes = read_routes(("traefik",), of)
    assert leads(routes)["w.test"] == "wiki:3000"
    answers = {
        ("w.test", "/"): "wiki",
        ("all.test", "/"): None,
        ("all.test", "/wiki/a"): "wiki",
        ("second.test", "/"): "second",
        ("third.test", "/"): "third",
        ("third.test", "/admin"): None,
        ("a.fourth.test", "/x"): "fourth",
        ("a.fourth.test", "/"): None,
        ("x.test", "/x"): None,
        ("abc.fifth.test", "/"): "fifth",
        ("1.fifth.test", "/"): None,
        ("six.test", "/"): "sixth",
        ("sixth.test", "/n"): None,
    }
    assert {key: who(routes, *key) for key in answers} == answers


@pytest.mark.case("compose/traefik-file-provider")
@pytest.mark.parametrize("ending", ["yml", "toml"])
def test_the_file_provider(ending: str, tmp_path: Path) -> None:
    (tmp_path / "dynamic").mkdir()
    yml = """http:
  routers:
    wiki:
      rule: Host(`wiki.test`)
      service: wiki
      entryPoints: [secure]
      middlewares: [in]
  middlewares:
    in: {basicAuth: {users: ["a:b"]}}
  services:
    wiki: {loadBalancer: {servers: [{url: "http://wiki:3000"}]}}
"""
    toml = """[http.routers.wiki]
rule = "Host(`wiki.test`)"
service = "wiki"
entryPoints = ["secure"]
middlewares = ["in"]
[http.middlewares.in.basicAuth]
users = ["a:b"]
[[http.services.wiki.loadBalancer.servers]]
url = "http://wiki:3000"
"""
    (tmp_path / f"dynamic/wiki.{ending}").write_text({"yml": yml, "toml": toml}[ending])
    command = ("--providers.file.directory=/dynamic", "--entryPoints.secure.address=:443")
    plain = "--entrypoints.web.address=:80"
    redirect = "--entrypoints.web.http.redirections.entryPoint.to=secure"
    of = stack(
        tmp_path,
        *apps("wiki"),
        mounts={"/dynamic": "dynamic"},
        image="traefik:v3",
        command=(*command, plain, redirect),
    )
    routes = read_routes(("traefik",), of)
    assert leads(routes) == {"wiki.test": "wiki:3000"}
    assert routes[0].where.startswith(f"dynamic/wiki.{ending}:")
    assert who(routes, "wiki.test", port=443) == "wiki"
    assert who(routes, "wiki.test", port=443, status=401) is None
    assert who(routes, "wiki.test", port=80, status=301) is None


def test_a_file_provider_that_is_not_on_this_side_is_named(tmp_path: Path) -> None:
    of = stack(tmp_path, image="traefik:v3", command=("--providers.file.directory=/dynamic",))
    assert leads(read_routes(("traefik",), of)) == {
        "/dynamic": "Traefik's file provider reads it, and no mount shows it"
    }


@pytest.mark.parametrize(
    ("middleware", "status"),
    [
        ({"basicauth.users": "a:b"}, 401),
        ({"forwardauth.address": "http://auth:9000/x"}, 302),
        ({"redirectscheme.scheme": "https"}, 301),
        ({"redirectregex.regex": "x"}, 302),
        ({"ipwhitelist.sourcerange": "10.0.0.0/8"}, 403),
        ({"ipallowlist.rejectstatuscode": "404"}, 404),
        ({"errors.status": "500-599,404", "errors.service": "other"}, 500),
        ({"ratelimit.average": "1"}, 429),
        ({"plugin.any.thing": "1"}, 200),
        ({"chain.middlewares": "inner,gone@file"}, 200),
        ({"headers.sslredirect": "true"}, 301),
    ],
)
@pytest.mark.case("freshness/c11-front-door-answers")
def test_what_a_middleware_may_have_answered_is_nobodys(
    middleware: dict[str, Any], status: int, tmp_path: Path
) -> None:
    more = {f"traefik.http.middlewares.m.{key}": value for key, value in middleware.items()}
    more["traefik.http.routers.app.middlewares"] = "m"
    of = stack(tmp_path, labelled("app", "Host(`a.test`)", "80", **more), *apps("auth"))
    assert who(read_routes(("traefik",), of), "a.test", status=status) is None


CHAIN = """http: {middlewares: {
  all: {chain: {middlewares: [inner]}},
  inner: {%s: {prefix: /x}}}}
"""


def test_a_chain_finds_its_members_where_it_is_defined(tmp_path: Path) -> None:
    (tmp_path / "chains.yml").write_text(CHAIN % "addPrefix")
    more = {"traefik.http.routers.app.middlewares": "all@file"}
    of = stack(tmp_path, labelled("app", "Host(`a.test`)", "80", **more))
    routes = read_routes(("traefik", "traefik:chains.yml"), of)
    assert who(routes, "a.test") == "app"
    assert [route.unknown for route in routes if route.unknown] == []

    (tmp_path / "chains.yml").write_text(CHAIN % "stripPrefix")
    changed = read_routes(("traefik", "traefik:chains.yml"), of)
    assert changed[0].basis != routes[0].basis, "the chain is the same, its member is not"


def test_a_middleware_that_is_not_defined_may_answer_anything(tmp_path: Path) -> None:
    more = {"traefik.http.routers.app.middlewares": "gone@file"}
    routes = read_routes(("traefik",), stack(tmp_path, labelled("app", "Host(`a.test`)", **more)))
    assert who(routes, "a.test") is None


@pytest.mark.case("compose/one-host-unset")
def test_a_rule_without_a_host_costs_its_router_only(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        'labels: ["traefik.http.routers.draft.rule=Host(`${DRAFT_HOST}`)"]\n'
    )
    of = stack(tmp_path, labelled("draft", "Host(``)"), labelled("wiki", "Host(`w.test`)", "1"))
    of = replace(of, compose_files=(str(tmp_path / "compose.yaml"),))
    routes = read_routes(("traefik",), of)
    assert leads(routes) == {
        "w.test": "wiki:1",
        "draft@": "its rule names no host: DRAFT_HOST is not set",
    }
    assert not routes[-1].has_name


@pytest.mark.parametrize("unset", [{"ALT_HOST": ("services.app.labels",)}, {}])
def test_of_several_variables_of_a_rule_the_one_that_is_not_set_is_named(
    unset: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    rule = "Host(`app.${DOMAIN}`) || Host(`${ALT_HOST}`)"
    (tmp_path / "compose.yaml").write_text(f"traefik.http.routers.app.rule: {rule}\n")
    of = stack(tmp_path, labelled("app", "Host(`app.test`) || Host(``)", "1"))
    of = replace(of, compose_files=(str(tmp_path / "compose.yaml"),), unset_variables=unset)
    reason = "its rule names no host" + ": ALT_HOST is not set" * bool(unset)
    assert leads(read_routes(("traefik",), of)) == {"app.test": "app:1", "app@": reason}


@pytest.mark.case("compose/secret-in-rule")
def test_a_key_in_a_rule_is_not_shown(tmp_path: Path) -> None:
    rule = "Host(`a.test`) && (Headers(`X-Api-Key`, `0123456789`) || Query(`k`, `0123456789`)"
    for text in (rule, f"{rule})"):
        of = stack(tmp_path, labelled("films", text, "1"))
        routes = read_routes(("traefik",), of)
        shown = [f"{r!r} {r.match} {r.where} {r.unknown} {r.upstream}" for r in routes]
        assert "0123456789" not in "".join(shown)
        assert {route.host for route in routes} == {"a.test"}


def test_what_traefik_does_not_expose_is_named(tmp_path: Path) -> None:
    off = {"traefik.enable": "false"}
    routes = read_routes(("traefik",), stack(tmp_path, labelled("app", "Host(`a.test`)", **off)))
    assert leads(routes) == {
        "a.test": "Traefik does not expose the service: traefik.enable is not true"
    }


@pytest.mark.parametrize(
    "document",
    [
        "http: []",
        "http: {routers: [], services: x}",
        "http: {routers: {a: {rule: [1], service: s}}, services: {s: {loadBalancer: true}}}",
        "http: {routers: {a: {rule: 'Host(`a.test`)', service: s}}, services: {s: {weighted: {services: [{name: s}]}}}}",
        "http: {routers: {a: {rule: 'Host(`a.test`)', service: s, middlewares: m}}, middlewares: {m: {chain: {middlewares: [m]}}}}",
        "http: {routers: {a: {rule: 'Host(`a.test`)', service: s}}, services: {s: {loadBalancer: {servers: [1]}}}}",
        "[",
        "http: {routers: {a: {rule: '!!!!', priority: x}}}",
    ],
)  # fmt: skip
def test_a_file_that_says_nonsense_credits_nobody_and_breaks_nothing(
    document: str, tmp_path: Path
) -> None:
    (tmp_path / "dynamic.yml").write_text(document)
    of = stack(tmp_path, *apps("app"))
    assert {route.service for route in read_routes(("traefik:dynamic.yml",), of)} <= {None}


def test_a_label_that_says_nonsense_costs_its_router_only(tmp_path: Path) -> None:
    labels = {"traefik.http.services.app.loadbalancer": "true", "traefik.http.routers": "x"}
    of = stack(tmp_path, labelled("app", "Host(`a.test`)", **labels))
    assert leads(read_routes(("traefik",), of)) == {"a.test": "app:None"}


def test_a_password_in_an_upstream_is_not_shown(tmp_path: Path) -> None:
    text = "http://a.test {\n reverse_proxy http://me:hunter2@app:80\n}"
    (route,) = caddy(tmp_path, text, stack(tmp_path, *apps("app")))
    assert (route.service, route.upstream) == ("app", "http://app:80")
