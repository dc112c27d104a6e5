"""Which service a name or an address means inside the front door's container."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.model import Port, Service
from tests.adapters.routes.front_doors import caddy, leads, nginx, stack

INNER: dict[str, Any] = {"networks": {"n": {"ipv6_address": "fd00:0::5"}}}


@pytest.mark.parametrize(
    ("upstream", "leads_to"),
    [
        ("[fd00::5]:80", "app:80"),
        ("http://[FD00:0:0::5]:80", "app:80"),
        ("[fd00::6]:80", "[fd00::6]:80"),
        ("app.:80", "app:80"),
        ("app.t_n:80", "app:80"),
        ("app.other:80", "app.other:80"),
        ("t-app-1:80", "app:80"),
        ("t-app-12:80", "app:80"),
        ("t-app-x:80", "t-app-x:80"),
        ("unix+h2c//run/app.sock", "unix+h2c//run/app.sock is not an address on a network"),
    ],
)
def test_what_an_upstream_means(upstream: str, leads_to: str, tmp_path: Path) -> None:
    app = Service(name="app", networks=("n",), definition=INNER)
    of = stack(tmp_path, app, networks=("n",))
    text = f"http://a.test {{\n reverse_proxy {upstream}\n}}"
    assert leads(caddy(tmp_path, text, of)) == {"a.test": leads_to}


def test_every_container_of_a_scaled_service_is_its_own(tmp_path: Path) -> None:
    of = stack(tmp_path, Service(name="app", definition={"scale": 2}), Service(name="named",
        container_name="the-one"))  # fmt: skip
    text = "http://a.test {\n reverse_proxy t-app-1:80 t-app-2:80\n}\n"
    text += "http://b.test {\n reverse_proxy t-named-1:80\n}"
    assert leads(caddy(tmp_path, text, of)) == {"a.test": "app:80", "b.test": "t-named-1:80"}


def test_a_network_by_its_own_name(tmp_path: Path) -> None:
    app = Service(name="app", networks=("n",))
    of = stack(tmp_path, app, networks=("n",))
    of = replace(of, definitions={"networks": {"n": {"name": "proxy"}}})
    text = "http://a.test {\n reverse_proxy app.proxy:80\n}"
    assert leads(caddy(tmp_path, text, of)) == {"a.test": "app:80"}


@pytest.mark.parametrize("address", ["[::1]", "me"])
def test_the_loopback_of_a_door_that_shares_a_network(address: str, tmp_path: Path) -> None:
    definition = {"network_mode": "service:app", "extra_hosts": ["me=::1"]}
    server = "server {{ listen 80; server_name a.test; location / {{ proxy_pass http://{}:8; }} }}"
    why = "app or door listens at port 8, they share a network: name it in a health check"
    for inner, leads_to in (({}, why), ({"expose": ["8"]}, "app:8")):
        of = stack(tmp_path, Service(name="app", definition=inner), definition=definition)
        assert leads(nginx(tmp_path, server.format(address), of)) == {"a.test": leads_to}


@pytest.mark.parametrize("upstream", ["host.docker.internal:8123", "127.0.0.1:8123"])
@pytest.mark.parametrize(
    ("check", "leads_to"),
    [
        (["CMD", "curl", "http://localhost:8123"], "home:8123"),
        (
            ["CMD", "true"],
            (
                "no service of this stack publishes port 8123; home, in the host's network, may "
                "listen: name it in a health check"
            ),
        ),
    ],
)
def test_a_service_in_the_network_of_the_host(
    upstream: str, check: list[str], leads_to: str, tmp_path: Path
) -> None:
    inner = {"network_mode": "host", "healthcheck": {"test": check}}
    home = Service(name="home", definition=inner)
    door = {"network_mode": "host"} if upstream.startswith("127.") else {}
    of = stack(tmp_path, home, Service(name="other"), definition=door)
    text = f"http://a.test {{\n reverse_proxy {upstream}\n}}"
    assert leads(caddy(tmp_path, text, of)) == {"a.test": leads_to}


def test_names_beside_those_of_compose(tmp_path: Path) -> None:
    names = {"tasks.app": "App", "t_app": "App", "web": "App"}
    of = stack(tmp_path, *(Service(name=name, networks=("n",)) for name in ("App", "web")), networks=("n",))  # fmt: skip
    of = replace(of, network_names=names)
    for upstream, leads_to in (("tasks.app.t_n:80", "App:80"), ("t_app:80", "App:80"), ("web:80", "web:80"), ("t_web:80", "t_web:80")):  # fmt: skip
        text = f"http://a.test {{\n reverse_proxy {upstream}\n}}"
        assert leads(caddy(tmp_path, text, of)) == {"a.test": leads_to}


def test_a_link_to_a_container_elsewhere_is_no_service(tmp_path: Path) -> None:
    of = stack(tmp_path, Service(name="app"), definition={"external_links": ["other_app_1:app"]})
    routes = caddy(tmp_path, "http://a.test {\n reverse_proxy app:80\n}", of)
    assert [(route.service, route.upstream) for route in routes] == [(None, "app:80")]


def test_a_port_that_two_services_publish(tmp_path: Path) -> None:
    both = [
        Service(name=name, ports=(Port(target=80, published=8080, host_ip=address),))
        for name, address in (("a", "127.0.0.1"), ("b", "127.0.0.2"))
    ]
    of = stack(tmp_path, *both)
    text = "http://a.test {\n reverse_proxy host.docker.internal:8080\n}"
    assert leads(caddy(tmp_path, text, of)) == {"a.test": "a and b are both at port 8080"}


@pytest.mark.parametrize(
    ("upstream", "on_a_swarm", "elsewhere"),
    [
        ("tasks.app:80", "app:80", "tasks.app:80"),
        ("tasks.web:80", "app:80", "tasks.web:80"),
        ("tasks.web.t_n:80", "app:80", "tasks.web.t_n:80"),
        ("tasks.both:80", "app and other both have the name tasks.both", "tasks.both:80"),
        ("tasks.none:80", "tasks.none:80", "tasks.none:80"),
    ],
)
def test_the_tasks_of_an_alias_on_a_swarm(
    upstream: str, on_a_swarm: str, elsewhere: str, tmp_path: Path
) -> None:
    services = [
        Service(name=name, networks=("n",), definition={"networks": {"n": {"aliases": aliases}}})
        for name, aliases in (("app", ["web", "both"]), ("other", ["both"]))
    ]
    of = stack(tmp_path, *services, networks=("n",))
    text = f"http://a.test {{\n reverse_proxy {upstream}\n}}"
    assert leads(caddy(tmp_path, text, of)) == {"a.test": elsewhere}
    of = replace(of, network_names={"tasks.app": "app", "t_app": "app"})
    assert leads(caddy(tmp_path, text, of)) == {"a.test": on_a_swarm}


@pytest.mark.parametrize(
    ("upstream", "leads_to"),
    [
        ("db:80", "one and two both have the name db"),
        ("db.t_front:80", "one:80"),
        ("db.t_back:80", "two:80"),
        ("two.t_back:80", "two:80"),
        ("t-two-1.t_back:80", "two:80"),
        ("t-two-1.t_other:80", "t-two-1.t_other:80"),
    ],
)
def test_a_name_with_its_network_is_looked_up_there_alone(
    upstream: str, leads_to: str, tmp_path: Path
) -> None:
    services = [
        Service(name=name, networks=(network,), definition={"networks": {network: {"aliases": ["db"]}}})
        for name, network in (("one", "front"), ("two", "back"))
    ]  # fmt: skip
    of = stack(tmp_path, *services, networks=("front", "back"))
    text = f"http://a.test {{\n reverse_proxy {upstream}\n}}"
    assert leads(caddy(tmp_path, text, of)) == {"a.test": leads_to}
