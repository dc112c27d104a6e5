"""What is proposed follows from the compose model; what does not follow is named, not guessed."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from stacktest import config
from stacktest.adapters.atomic_write import create_file
from stacktest.core.changed_copy import replace
from stacktest.core.model import Dependency, Mount, Port, Service, Stack
from stacktest.core.route import Route
from stacktest.init import initialise, propose
from stacktest.init.front_door import FrontDoor, _source, find_front_door
from stacktest.init.look.look import Look, Visit
from stacktest.init.phases import propose_phases
from stacktest.init.places import find_places
from stacktest.init.programs import PROGRAMS, image_path, recognise
from tests.support.known import known
from tests.support.properties import examples

CADDYS_CA = "caddy/pki/authorities/local/root.crt"
DOOR = FrontDoor(service="caddy", kind="caddy", sources=("Caddyfile",), has_tls=True)


def service(name: str, image: str = "", **more: Any) -> Service:
    needs = tuple(Dependency(service=one) for one in more.pop("needs", ()))
    return Service(name=name, image=image or f"{name}:1", depends_on=needs, **more)


def stack(
    *services: Service,
    root: Path = Path("stack"),
    hosts: dict[str, str] | None = None,
    **more: Any,
) -> Stack:
    routes = tuple(Route(host=host, service=to) for host, to in (hosts or {}).items())
    found = {one.name: one for one in services}
    return Stack(name="demo", root=root, services=found, routes=routes, **more)


# Programs


@pytest.mark.parametrize(
    ("image", "path"),
    [
        ("grafana/grafana:11.0.0", "grafana/grafana"),
        ("docker.io/library/postgres:16-alpine", "library/postgres"),
        ("registry:5000/own/redis", "own/redis"),
        ("localhost/redis:7", "redis"),
        ("vaultwarden/server@sha256:abc", "vaultwarden/server"),
        ("lscr.io/linuxserver/nextcloud:30.0@sha256:abc", "linuxserver/nextcloud"),
        ("redis", "redis"),
    ],
)
def test_registry_tag_and_digest_are_no_part_of_the_program(image: str, path: str) -> None:
    assert image_path(image) == path


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("grafana/grafana-oss:latest", "Grafana"),
        ("prom/prometheus:v3", "Prometheus"),
        ("prom/alertmanager", "Alertmanager"),
        ("grafana/loki:3.2.1", "Loki"),
        ("postgres:16", "PostgreSQL"),
        ("bitnami/postgresql:16", "PostgreSQL"),
        ("mariadb:11", "MariaDB"),
        ("mysql:8", "MySQL"),
        ("valkey/valkey:8", "Redis"),
        ("mongo:7", "MongoDB"),
        ("nextcloud:30-apache", "Nextcloud"),
        ("vaultwarden/server:1.32", "Vaultwarden"),
        ("gitea/gitea:1.22", "Gitea"),
        ("codeberg.org/forgejo/forgejo:9", "Forgejo"),
        ("jellyfin/jellyfin", "Jellyfin"),
        ("homeassistant/home-assistant:stable", "Home Assistant"),
        ("authelia/authelia:4", "Authelia"),
        ("adminer:4.8.1", "Adminer"),
        ("nginx:1.27-alpine", "nginx"),
        ("caddy:2", "Caddy"),
        ("traefik:v3.1", "Traefik"),
    ],
)
def test_a_well_known_image_is_recognised(image: str, name: str) -> None:
    assert known(recognise(service("x", image))).name == name


@pytest.mark.parametrize(
    "image", ["sha256", "server:1", "own/grafana-backup:1", "mygrafana", "redisinsight"]
)
def test_a_name_that_only_looks_alike_is_not(image: str) -> None:
    assert recognise(service("x", image)) is None


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ((), "/-/ready"),
        (("--web.route-prefix=/prom/",), "/prom/-/ready"),
        (("--web.external-url=https://x.test/prom",), "/prom/-/ready"),
        (("--web.external-url", "https://x.test/a/b/"), "/a/b/-/ready"),
        (("--web.external-url=https://x.test/prom", "--web.route-prefix=/"), "/-/ready"),
        (("--web.external-url=https://x.test",), "/-/ready"),
    ],
)
def test_a_program_answers_below_the_path_that_its_command_names(
    words: tuple[str, ...], path: str
) -> None:
    answer = known(recognise(service("x", "prom/prometheus:v3", command=words))).answer
    assert answer is not None
    assert answer.path == path


@pytest.mark.parametrize(
    ("image", "program"),
    [
        ("cloudflare/cloudflared:latest", "cloudflared"),
        ("tailscale/tailscale", "Tailscale"),
        ("fosrl/newt:1", "Pangolin"),
    ],
)
def test_a_way_in_that_is_not_read_is_named_with_its_place(
    tmp_path: Path, image: str, program: str
) -> None:
    compose = tmp_path / "compose.yaml"
    compose.write_text("services:\n  way:\n    image: x\n")
    model = stack(service("way", image), root=tmp_path, compose_files=(str(compose),))
    assert find_front_door(model).unknown[1] == (
        "which host names way leads to which service: stacktest does not read the configuration "
        f"of {program} (compose.yaml:2)"
    )


@pytest.mark.parametrize("way", ["labels", "file"])
def test_a_front_door_that_publishes_nothing_is_not_said_to_be_elsewhere(
    tmp_path: Path, way: str
) -> None:
    (tmp_path / "Caddyfile").write_text("http://a.b.c {\n reverse_proxy a:80\n}\n")
    door = service("door", "caddy:2", mounts=mounted(tmp_path, "Caddyfile"))
    if way == "labels":
        door = service("door", "traefik:v3")
    app = service("a", labels=LABEL if way == "labels" else {})
    front = find_front_door(stack(door, app, service("t", "cloudflared"), root=tmp_path))
    assert (front.service, front.sources) == ("", ("traefik",) if way == "labels" else ())
    assert front.unknown[0].startswith("how door is reached: it publishes no port, so its host")
    assert "cloudflared" in front.unknown[1]


def test_no_image_belongs_to_two_programs() -> None:
    images = [image for program in PROGRAMS for image in program.images]
    assert len(images) == len(set(images))


# The front door


def mounted(root: Path, name: str, target: str = "/etc/caddy/Caddyfile") -> tuple[Mount]:
    return (Mount(kind="bind", source=str(root / name), target=target),)


def test_the_door_is_who_publishes_443_and_its_file_comes_from_its_mounts(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/Caddyfile").write_text("")
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs/ca.crt").write_bytes(trustme.CA().cert_pem.bytes())
    caddy = service(
        "caddy",
        ports=(Port(target=443, published=443),),
        mounts=mounted(tmp_path, "conf", "/etc/caddy"),
    )
    door = find_front_door(stack(caddy, service("app"), root=tmp_path))
    assert door == FrontDoor(
        service="caddy", kind="caddy", sources=("conf/Caddyfile",), ca="certs/ca.crt", has_tls=True
    )


def test_a_file_that_the_caddyfile_imports_is_not_named_beside_it(tmp_path: Path) -> None:
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "a.caddy").write_text("a.test {\n import lan\n}")
    (tmp_path / "Caddyfile").write_text("(lan) {\n respond 204\n}\nimport sites/*.caddy")
    mounts = (
        *mounted(tmp_path, "sites", "/etc/caddy/sites"),
        *mounted(tmp_path, "Caddyfile", "/etc/caddy/Caddyfile"),
    )
    caddy = service("caddy", ports=(Port(target=80, published=80),), mounts=mounts)
    assert find_front_door(stack(caddy, root=tmp_path)).sources == ("Caddyfile",)


@pytest.mark.parametrize(
    ("image", "command", "target", "sources"),
    [
        ("caddy:2", ("caddy", "run", "--config", "/etc/caddy/Other"), "/etc/caddy", "caddy:Other"),
        ("caddy:2", ("caddy", "run", "--config=Other"), "/srv", "caddy:Other"),
        ("caddy:2", ("sh", "-c", "caddy run -c '/srv/Other'"), "/srv", "caddy:Other"),
        ("caddy:2", ("caddy", "run", "--config", "/etc/caddy/c.json"), "/etc/caddy", ""),
        ("caddy:2", ("caddy", "run", "--config", "/only/inside"), "/etc/caddy", ""),
        (
            "caddy:2",
            ("caddy", "run", "--config", "/etc/caddy/Caddyfile"),
            "/etc/caddy",
            "Caddyfile",
        ),
        ("nginx:1", ("nginx", "-c", "/etc/nginx/other.conf"), "/etc/nginx", "other.conf"),
        ("nginx:1", ("nginx", "-g", "daemon off;", "-c", "other.conf"), "/etc/nginx", "other.conf"),
        ("nginx:1", ("nginx", "-c", "/etc/nginx/nginx.conf"), "/etc/nginx", "nginx.conf"),
        ("nginx:1", ("sh", "-c", "nginx -g 'daemon off;'"), "/etc/nginx", "nginx.conf"),
        ("openresty/openresty", (), "/usr/local/openresty/nginx/conf", "nginx.conf"),
        ("bitnami/nginx", (), "/opt/bitnami/nginx/conf/server_blocks", "nginx.conf other.conf"),
    ],
)
def test_the_file_is_the_one_that_the_front_door_is_started_with(
    tmp_path: Path, image: str, command: tuple[str, ...], target: str, sources: str
) -> None:
    for name in ("Caddyfile", "Other", "c.json", "nginx.conf", "other.conf"):
        (tmp_path / name).write_text("")
    door = service(
        "door",
        image,
        ports=(Port(target=80, published=80),),
        mounts=mounted(tmp_path, ".", target),
        command=command,
    )
    assert find_front_door(stack(door, root=tmp_path)).sources == tuple(sources.split())


def test_a_volume_that_is_a_folder_of_this_machine_is_read_and_kept_free(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    text = "server { location / { proxy_pass http://a; } }"
    (tmp_path / "data/site.conf").write_text(text)
    options = {"type": "none", "o": "bind", "device": str(tmp_path / "data")}
    door = service(
        "door",
        "nginx:1",
        ports=(Port(target=80, published=80),),
        mounts=(Mount(kind="volume", source="conf", target="/etc/nginx/conf.d"),),
    )
    model = stack(door, root=tmp_path, definitions={"volumes": {"conf": {"driver_opts": options}}})
    assert find_front_door(model).sources == ("data/site.conf",)
    assert find_places(model).ledger == "stacktest-ledger"


LABEL = {"traefik.http.routers.a.rule": "Host(`a.b.c`)"}


@pytest.mark.parametrize(
    ("text", "environment", "ca"),
    [
        ("{\n\tlocal_certs\n}\n", {}, f"web:/data/{CADDYS_CA}"),
        ("a.lan {\n\ttls internal\n}\n", {}, f"web:/data/{CADDYS_CA}"),
        ("{\n\tlocal_certs\n}\n", {"XDG_DATA_HOME": "/state/"}, f"web:/state/{CADDYS_CA}"),
        ("a.lan {\n\ttls /certs/a.crt /certs/a.key\n}\n", {}, ""),
        ("# local_certs\na.lan {\n\t# tls internal\n}\n", {}, ""),
        ("a.lan {\n\ttls admin@a.lan\n}\n", {}, ""),
    ],
)
def test_a_ca_that_caddy_makes_itself_is_named_where_it_keeps_it(
    tmp_path: Path, text: str, environment: dict[str, str | None], ca: str
) -> None:
    (tmp_path / "Caddyfile").write_text(text)
    web = service(
        "web",
        "caddy:2",
        ports=(Port(target=8443, published=8443),),
        mounts=mounted(tmp_path, "Caddyfile"),
        environment=environment,
    )
    assert find_front_door(stack(web, root=tmp_path)).ca == ca


def test_labels_are_read_beside_another_front_door(tmp_path: Path) -> None:
    proxy = service("proxy", "caddy:2", ports=(Port(target=80),))
    door = find_front_door(stack(proxy, service("a", labels=LABEL), root=tmp_path))
    assert (door.service, door.kind, door.sources) == ("proxy", "caddy", ("traefik",))


@pytest.mark.case("compose/labels-door-elsewhere", "field/b09")
def test_labels_of_a_front_door_in_another_project_keep_their_names(tmp_path: Path) -> None:
    door = find_front_door(stack(service("a", labels=LABEL), root=tmp_path))
    assert (door.service, door.sources) == ("", ("traefik",))
    assert door.unknown[0].startswith("where Traefik is: labels name hosts, and no service")


NAMES: dict[str, dict[str, Any]] = {
    "traefik": {"labels": LABEL},
    "caddy-docker-proxy": {
        "labels": {"caddy_0": "a.b.c", "caddy_0.reverse_proxy": "{{upstreams}}"}
    },
    "nginx-proxy": {"environment": {"VIRTUAL_HOST": "a.b.c"}},
}


@pytest.mark.parametrize("word", NAMES)
def test_names_that_services_declare_are_kept_wherever_their_front_door_is(
    tmp_path: Path, word: str
) -> None:
    app = service("a", **NAMES[word])
    door = find_front_door(stack(app, root=tmp_path))
    assert (door.service, door.sources) == ("", (word,))
    assert "no service of this compose project is" in door.unknown[0]
    image = {"traefik": "traefik:v3", "nginx-proxy": "nginxproxy/nginx-proxy:1"}.get(
        word, "lucaslorentz/caddy-docker-proxy:2"
    )
    proxy = service("proxy", image, ports=(Port(target=80, published=80),))
    door = find_front_door(stack(app, proxy, root=tmp_path))
    assert (door.service, door.kind, door.sources) == ("proxy", word, (word,))
    assert door.unknown == ()


@pytest.mark.parametrize(
    ("image", "word"), [("own/caddy:1", "caddy-docker-proxy"), ("nginx:1", "nginx-proxy")]
)
def test_a_plain_image_without_files_goes_by_what_services_declare(
    tmp_path: Path, image: str, word: str
) -> None:
    proxy = service("proxy", image, ports=(Port(target=80, published=80),))
    door = find_front_door(stack(service("a", **NAMES[word]), proxy, root=tmp_path))
    assert (door.service, door.kind, door.sources) == ("proxy", word, (word,))


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("jc21/nginx-proxy-manager:2", "Nginx Proxy Manager keeps that in its database"),
        ("zoeyvid/npmplus", "Nginx Proxy Manager keeps that in its database"),
        ("haproxy:3", "stacktest does not read the configuration of HAProxy"),
        ("envoyproxy/envoy:v1", "stacktest does not read the configuration of Envoy"),
        ("nginxproxy/nginx-proxy:1", "no service has a VIRTUAL_HOST"),
        ("lucaslorentz/caddy-docker-proxy:2", "no service has a label caddy"),
    ],
)
def test_a_front_door_that_cannot_be_read_is_named_with_file_and_line(
    tmp_path: Path, image: str, why: str
) -> None:
    compose = tmp_path / "compose.yaml"
    compose.write_text(f"# proxy: none\nservices:\n  app: {{}}\n  proxy:\n    image: {image}\n")
    proxy = service("proxy", image, ports=(Port(target=80, published=80),))
    door = find_front_door(
        stack(proxy, service("app"), root=tmp_path, compose_files=(str(compose),))
    )
    assert door.sources == ()
    assert door.unknown[0] == (
        "where proxy says which host name leads to which service: "
        f"{why}; write [stack.hosts] in stacktest.toml (compose.yaml:4)"
    )


def test_a_known_door_goes_before_another_service_that_publishes_80(tmp_path: Path) -> None:
    web = (Port(target=80),)
    both = stack(service("app", ports=web), service("caddy", ports=web), root=tmp_path)
    assert find_front_door(both).service == "caddy"


@pytest.mark.parametrize(
    ("image", "ports", "is_door"),
    [
        ("traefik:v3", (Port(target=8443, published=443),), True),
        ("traefik:v3", (Port(target=8443, published=9443),), True),
        ("caddy:2", (Port(target=80),), True),
        ("haproxy:3", (Port(target=80, published=80),), True),
        ("caddy:2", (), False),
        ("own/wiki:1", (Port(target=443, published=443),), False),
        ("nginx:1", (Port(target=80, published=80),), False),
    ],
)
@pytest.mark.case("compose/door-target-port")
def test_a_front_door_is_what_the_files_show_to_be_one(
    tmp_path: Path, image: str, ports: tuple[Port, ...], is_door: bool
) -> None:
    door = find_front_door(stack(service("x", image, ports=ports), root=tmp_path))
    assert bool(door.service) is is_door
    if not is_door and ports:
        assert door.unknown[0].startswith("whether x, which publishes port 443 or 80, leads")


def bind(root: Path, name: str, target: str) -> Mount:
    return Mount(kind="bind", source=str(root / name), target=target)


@pytest.mark.case(
    "compose/caddyfile-other-name", "compose/door-image-unknown", "compose/nginx-template"
)
@pytest.mark.parametrize(
    ("image", "name", "target", "sources"),
    [
        ("caddy:2", "conf/proxy.txt", "/etc/caddy/Caddyfile", ("caddy:conf/proxy.txt",)),
        ("somebody/caddy-with-dns", "conf/Caddyfile", "/etc/caddy/Caddyfile", ("conf/Caddyfile",)),
        ("somebody/web", "site.conf", "/etc/nginx/conf.d/default.conf", ("site.conf",)),
        ("nginx:1", "wiki.conf.template", "/etc/nginx/templates/wiki.conf.template",
         ("wiki.conf.template",)),
        ("nginx:1", "t/wiki.template", "/etc/nginx/templates/wiki.template", ("nginx:t/wiki.template",)),
        ("nginx:1", "wiki.conf", "/etc/nginx/templates/wiki.conf.template", ("wiki.conf",)),
        ("nginx:1", "wiki", "/etc/nginx/conf.d/wiki.template", ("nginx:wiki",)),
        ("somebody/web", "edge", "/etc/nginx/nginx.conf", ("nginx:edge",)),
        ("somebody/web", "edge-nginx", "/etc/nginx/nginx.conf", ("edge-nginx",)),
        ("somebody/web", "Caddyfile.old", "/etc/nginx/nginx.conf", ("nginx:Caddyfile.old",)),
        ("caddy:2", "proxy.conf", "/etc/caddy/Caddyfile", ("caddy:proxy.conf",)),
    ],
)  # fmt: skip
def test_the_place_in_the_container_tells_what_a_file_is(
    tmp_path: Path, image: str, name: str, target: str, sources: tuple[str]
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("proxy_pass http://a;")
    targets = ("/etc/nginx/conf.d/default.conf",) if "default.conf" in target else (target,)
    mounts = tuple(bind(tmp_path, name, place) for place in targets)
    proxy = service("proxy", image, ports=(Port(target=80, published=80),), mounts=mounts)
    door = find_front_door(stack(proxy, root=tmp_path))
    assert (door.service, door.sources) == ("proxy", sources)


@pytest.mark.parametrize("kind", ["caddy", "traefik", "envoy"])
def test_a_name_that_shows_another_kind_gets_its_own_in_front(kind: str) -> None:
    assert _source(Path("door/proxy.conf"), kind) == f"{kind}:door/proxy.conf"
    assert _source(Path("door/proxy.conf"), "nginx") == "door/proxy.conf"


@pytest.mark.case("compose/nginx-template")
def test_templates_lie_where_the_environment_says(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t/wiki.tpl").write_text("proxy_pass http://a;")
    (tmp_path / "t/other.template").write_text("proxy_pass http://a;")
    environment = {"NGINX_ENVSUBST_TEMPLATE_DIR": "/t/", "NGINX_ENVSUBST_TEMPLATE_SUFFIX": ".tpl"}
    proxy = service(
        "proxy",
        "nginx:1",
        ports=(Port(target=80, published=80),),
        mounts=(bind(tmp_path, "t", "/t"),),
        environment=environment,
    )
    assert find_front_door(stack(proxy, root=tmp_path)).sources == ("nginx:t/wiki.tpl",)


def test_a_template_of_any_name_is_read_beside_the_main_file(tmp_path: Path) -> None:
    for name in ("nginx.conf", "wiki"):
        (tmp_path / name).write_text("proxy_pass http://a;")
    mounts = (
        bind(tmp_path, "nginx.conf", "/etc/nginx/nginx.conf"),
        bind(tmp_path, "wiki", "/etc/nginx/templates/wiki.conf.template"),
    )
    proxy = service("proxy", "nginx:1", ports=(Port(target=80, published=80),), mounts=mounts)
    sources = find_front_door(stack(proxy, root=tmp_path)).sources
    assert sources == ("nginx.conf", "nginx:wiki")


def test_another_front_door_at_443_is_named(tmp_path: Path) -> None:
    (tmp_path / "proxy.conf").write_text("server { location / { proxy_pass http://a:1; } }")
    mounts = (bind(tmp_path, "proxy.conf", "/etc/nginx/conf.d/proxy.conf"),)
    proxy = service("proxy", "nginx:1", ports=(Port(target=80, published=80),), mounts=mounts)
    edge = service("edge", "haproxy:3", ports=(Port(target=443, published=443),))
    inner = service("inner", "haproxy:3", ports=(Port(target=443, published=8443),))
    door = find_front_door(stack(proxy, edge, inner, root=tmp_path))
    assert door.service == "proxy"
    assert [text[:53] for text in door.unknown] == [
        "where edge says which host name leads to which servic"
    ]


def test_who_leads_to_others_goes_before_who_serves_a_folder(tmp_path: Path) -> None:
    (tmp_path / "site.conf").write_text("server { root /srv; }")
    (tmp_path / "proxy.conf").write_text("server { location / { proxy_pass http://a:1; } }")
    target, web = "/etc/nginx/conf.d/default.conf", (Port(target=80, published=80),)
    site = service("a", "nginx:1", ports=web, mounts=(bind(tmp_path, "site.conf", target),))
    proxy = service("b", "nginx:1", ports=web, mounts=(bind(tmp_path, "proxy.conf", target),))
    assert find_front_door(stack(site, proxy, root=tmp_path)).service == "b"


def test_a_file_outside_of_the_stack_is_not_named(tmp_path: Path) -> None:
    (tmp_path / "stack").mkdir()
    (tmp_path / "Caddyfile").write_text("")
    caddy = service("caddy", ports=(Port(target=80),), mounts=mounted(tmp_path, "Caddyfile"))
    door = find_front_door(stack(caddy, root=tmp_path / "stack"))
    assert door.sources == ()
    assert "where caddy says which host name leads to which service" in door.unknown[0]


def test_without_a_door_that_is_said(tmp_path: Path) -> None:
    assert find_front_door(stack(service("redis"), root=tmp_path)).unknown == (
        "host names: no service is a known front door, and none publishes port 443 or 80",
    )


# Phases


def test_profiles_become_phases_each_after_what_it_needs() -> None:
    found = propose_phases(
        stack(
            service("app", profiles=("apps",), needs=("db",)),
            service("db", "postgres:16", profiles=("datastores",)),
            service("caddy", profiles=("core",)),
        ),
        "caddy",
    )
    assert [(one.phase.name, one.folder, one.phase.profiles) for one in found] == [
        ("phase0", "phase0_core", ("core",)),
        ("phase1", "phase1_datastores", ("core", "datastores")),
        ("phase2", "phase2_apps", ("apps", "core", "datastores")),
    ]


def test_without_profiles_there_are_door_stores_and_applications() -> None:
    found = propose_phases(stack(service("app"), service("redis"), service("caddy")), "caddy")
    assert [(one.folder, one.services) for one in found] == [
        ("phase0_front_door", ("caddy",)),
        ("phase1_stores", ("redis",)),
        ("phase2_applications", ("app",)),
    ]


def test_profiles_that_need_one_another_keep_their_order() -> None:
    circle = stack(
        service("a", profiles=("one",), needs=("b",)), service("b", profiles=("two",), needs=("a",))
    )
    assert [one.services for one in propose_phases(circle, "")] == [("a",), ("b",)]


@examples(50)
@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.tuples(
            st.lists(st.sampled_from(["p", "q", "r"]), max_size=2, unique=True),
            st.lists(st.sampled_from("abcdef"), max_size=2),
        ),
        min_size=1,
    ),
    st.sampled_from(["a", ""]),
)
def test_every_service_is_in_exactly_one_phase(services: dict[str, Any], door: str) -> None:
    model = stack(
        *(
            service(n, profiles=tuple(p), needs=tuple(d for d in needs if d in services))
            for n, (p, needs) in services.items()
        )
    )
    found = [name for stage in propose_phases(model, door) for name in stage.services]
    assert sorted(found) == sorted(services)


# Suites


def test_a_known_program_is_asked_for_what_only_it_answers() -> None:
    vault = service("vault", "vaultwarden/server")
    made = propose(stack(service("caddy"), vault, hosts={"vault.b.c": "vault"}), DOOR)
    text = made.files["suites/phase1_applications/test_vault.py"]
    assert 'pytestmark = pytest.mark.service("vault")' in text
    assert 'api("vault.b.c").get("/api/config")' in text
    assert 'assert document["server"]["name"] == "Vaultwarden"' in text
    assert made.unknown == ()


def test_an_unknown_program_gets_a_test_that_fails_until_its_title_is_written() -> None:
    model = stack(service("caddy"), service("wiki", "own/wiki"), hosts={"wiki.b.c": "wiki"})
    made = propose(model, DOOR)
    text = made.files["suites/phase1_applications/test_wiki.py"]
    assert 'TITLE = ""' in text
    assert "what only wiki (own/wiki) shows" in " ".join(made.unknown)
    number = 1 + text.splitlines().index(next(x for x in text.splitlines() if "TITLE = " in x))
    assert f"(suites/phase1_applications/test_wiki.py:{number})" in " ".join(made.unknown)


def test_a_service_that_nobody_can_ask_gets_no_test_and_is_named() -> None:
    made = propose(stack(service("caddy"), service("worker")), DOOR)
    assert [name for name in made.files if "worker" in name] == []
    assert any(what.startswith("what it means that worker works") for what in made.unknown)


@pytest.mark.parametrize(
    ("path", "is_named"),
    [
        ("suites/phase1_services/test_worker.py", False),
        ("tests/test_worker.py", True),
        ("suites/phase1_services/test_other.py", True),
    ],
)
def test_a_service_whose_suite_a_person_has_written_is_not_named_as_untested(
    path: str, is_named: bool
) -> None:
    taken = {path.rpartition("/")[2]: path}
    proposal = propose(stack(service("worker")), FrontDoor(), taken=taken)
    assert any("no test is written" in text for text in proposal.unknown) is is_named


def test_each_host_name_that_nothing_tells_apart_is_named() -> None:
    hosts = {"a.t.test": "a", "b.t.test": "b"}
    visits = tuple(
        Visit(service=name, client=f'api("{host}")', host=host) for host, name in hosts.items()
    )
    made = propose(
        stack(service("a"), service("b"), service("caddy"), hosts=hosts),
        DOOR,
        look=Look(visits=visits, unanswered=dict.fromkeys("ab", "it did not answer")),
    )
    named = [what.partition(":")[0] for what in made.unknown if "apart" in what]
    assert named == [f"what tells apart where {host} leads" for host in sorted(hosts)]


def test_a_password_in_a_command_is_taken_from_there_by_the_test_itself() -> None:
    redis = service("redis", command=("redis-server", "--requirepass", "geheim"))
    made = propose(stack(service("caddy"), redis), DOOR)
    text = made.files["suites/phase1_stores/test_redis.py"]
    assert 'words[words.index("--requirepass") + 1]' in text
    assert "geheim" not in "".join(made.files.values())


def test_a_password_within_a_script_is_asked_for_in_the_environment() -> None:
    redis = service("redis", command=("sh", "-c", "redis-server --requirepass geheim"))
    made = propose(stack(service("caddy"), redis), DOOR)
    assert any("set REDISCLI_AUTH" in what for what in made.unknown)
    assert "geheim" not in "".join([*made.files.values(), *made.unknown])


def test_no_status_code_is_accepted_besides_200() -> None:
    services = [service(f"s{n}", program.images[0]) for n, program in enumerate(PROGRAMS)]
    model = stack(*services, hosts={f"{one.name}.b.c": one.name for one in services})
    made = propose(model, FrontDoor(service="s0", kind="caddy", sources=("Caddyfile",)))
    suites = {name: text for name, text in made.files.items() if name.endswith(".py")}
    assert len(suites) == len(PROGRAMS)
    for text in suites.values():
        is_store = "done.code == 0" in text or "connect(11211)" in text
        assert "status_code == 200" in text or "status_code == status" in text or is_store
        assert "status_code <" not in text
        assert "status_code in" not in text


names = st.text(min_size=1, max_size=20)


@examples(8)
@given(name=names, image=names, host=names)
def test_whatever_a_stack_is_called_the_files_are_valid(name: str, image: str, host: str) -> None:
    model = stack(service(name, image), service("redis"), hosts={host: name})
    door = FrontDoor(service=name, kind="caddy", sources=(host,), ca=image, has_tls=True)
    for used in (door, replace(door, service="redis")):
        made = propose(model, used)
        for file, text in made.files.items():
            if file.endswith(".py"):
                compile(text, "generated", "exec")
            else:
                tomllib.loads(text)


# Writing


def test_what_is_written_is_a_valid_configuration_and_a_second_time_changes_nothing(
    tmp_path: Path,
) -> None:
    caddy = service("caddy", ports=(Port(target=443),))
    model = stack(caddy, service("prometheus"), root=tmp_path)
    routes = (Route(host="prometheus.b.c", service="prometheus"),)
    first = initialise(model, lambda _sources, _stack: routes, create=create_file)
    loaded = config.load(tmp_path)
    assert loaded.stack.front_door == "caddy"
    assert [phase.name for phase in loaded.phases] == ["phase0", "phase1"]
    assert set(config.DENIED) - set(loaded.gate.deny) == {"doc_missing", "doc_stale"}
    (tmp_path / "stacktest.toml").write_text("# mine\n")
    second = initialise(model, lambda _sources, _stack: routes, create=create_file)
    assert (second.written, set(second.existing)) == ((), set(first.written))
    assert (tmp_path / "stacktest.toml").read_text() == "# mine\n"
    assert "kept  stacktest.toml (it was there; nothing was changed)" in second.lines()


def test_a_host_name_that_leads_nowhere_for_sure_is_named() -> None:
    routes = (
        Route(host="a.b.c", unknown="the service x is not defined", upstream="x", where="f:1"),
        Route(host="app@", unknown="its rule names no host: HOST is not set", upstream="?"),
        Route(host="c.b.c", unknown="the upstream depends on $up", match="/x*", where="f:3"),
    )
    model = replace(stack(service("caddy")), routes=routes, unset_variables={"HOST": ("k",)})
    unknown = propose(model, DOOR).unknown
    assert "where a.b.c leads: the service x is not defined (f:1)" in unknown
    assert not [line for line in unknown if line.startswith(("where app", "where c.b.c"))]
