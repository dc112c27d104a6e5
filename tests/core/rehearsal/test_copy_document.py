"""A copy shares nothing with the running stack but its files and the names inside it."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.compose.model import read_model
from stacktest.core.denied_egress import NO_NAME_SERVER
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.rehearsal.copy_document import CopyDocument, DataCopy, FileCopy, copy_document
from stacktest.core.rehearsal.settings import CopySettings

FILES = {"/srv/shop/settings.ini"}


def stack(services: Json, **definitions: Json) -> Stack:
    document = {"name": "shop", "services": services, **definitions}
    return read_model(document, root=Path("/srv/shop"))


def copied(shop: Stack, *left_out: str) -> CopyDocument:
    return copy_document(
        shop,
        CopySettings(id="ab12cd", left_out=left_out),
        images={name: f"sha256:{name}" for name in shop.services},
        is_file=FILES.__contains__,
        folder="/state/files",
    )


def service_of(definition: Json, **definitions: Json) -> Json:
    shop = stack({"web": {"image": "nginx", **definition}}, **definitions)
    return copied(shop).document["services"]["web"]


PLAIN = {
    "image": "sha256:web",
    "pull_policy": "never",
    "restart": "no",
    **NO_NAME_SERVER,
}


@pytest.mark.parametrize(
    "definition",
    [
        {"container_name": "web"},
        {"ports": [{"target": 80, "published": "8080"}]},
        {"restart": "always"},
        {"build": {"context": "/srv/shop"}},
        {"labels": {"traefik.enable": "true", "com.centurylinklabs.watchtower.enable": "true"}},
        {"logging": {"driver": "gelf", "options": {"gelf-address": "udp://10.0.0.1:12201"}}},
        {"logging": {"driver": "syslog"}},
        {"dns": ["10.0.0.53"]},
        {"mac_address": "02:42:ac:11:00:02"},
        {"external_links": ["other_db"]},
        {"pull_policy": "always"},
    ],
)
def test_what_belongs_to_the_running_stack_is_gone(definition: Json) -> None:
    assert service_of(definition) == PLAIN


@pytest.mark.parametrize(
    "definition",
    [
        {"environment": {"PASSWORD": "a$b"}},
        {"command": ["serve"]},
        {"healthcheck": {"test": ["CMD", "true"]}},
        {"cap_drop": ["ALL"]},
        {"read_only": True},
        {"hostname": "web"},
        {"extra_hosts": ["a.home.lan=10.0.0.1"]},
        {"labels": {"stacktest.stand-in": "no registry"}},
        {"logging": {"driver": "json-file", "options": {"max-size": "10m"}}},
        {"network_mode": "none"},
        {
            "volumes": [
                {"type": "bind", "source": "/srv/shop/a.conf", "target": "/a", "read_only": True}
            ]
        },
    ],
)
def test_what_makes_the_service_what_it_is_stays(definition: Json) -> None:
    assert service_of(definition) == {**PLAIN, **definition}


def test_who_shares_the_network_of_another_has_no_name_server_of_its_own() -> None:
    vpn = {"image": "vpn", "networks": {"default": None}}
    inner = {"image": "torrents", "network_mode": "service:vpn"}
    services = copied(stack({"vpn": vpn, "torrents": inner})).document["services"]
    assert services["torrents"]["network_mode"] == "service:vpn"
    assert not NO_NAME_SERVER.keys() & services["torrents"].keys()
    assert NO_NAME_SERVER.items() <= services["vpn"].items()


def test_restart_policies_of_deploy_are_gone_and_limits_stay() -> None:
    deploy = {"restart_policy": {"condition": "any"}, "resources": {"limits": {"memory": "1"}}}
    assert service_of({"deploy": deploy})["deploy"] == {"resources": {"limits": {"memory": "1"}}}


def test_networks_are_own_ones_without_a_way_outside() -> None:
    shop = stack(
        {
            "web": {
                "networks": {
                    "front": {"ipv4_address": "172.20.0.2", "aliases": ["www"]},
                    "default": None,
                }
            }
        },
        networks={
            "front": {"name": "proxy", "external": True},
            "default": {"name": "shop_default", "ipam": {"config": [{"subnet": "172.20.0.0/16"}]}},
            "lan": {"driver": "macvlan", "driver_opts": {"parent": "eth0"}},
        },
    )
    document = copied(shop).document
    assert document["networks"] == {
        "default": {
            "name": "shop-rehearsal-ab12cd_default",
            "driver": "bridge",
            "internal": True,
        },
        "front": {"name": "shop-rehearsal-ab12cd_front", "driver": "bridge", "internal": True},
    }
    networks = document["services"]["web"]["networks"]
    assert networks == {"front": {"aliases": ["www"]}, "default": None}


def test_volumes_are_own_ones_and_say_what_they_begin_with() -> None:
    mounts = [
        {"type": "volume", "source": "data", "target": "/data"},
        {"type": "volume", "source": "shared", "target": "/shared", "read_only": True},
        {"type": "volume", "target": "/nameless"},
        {"type": "tmpfs", "target": "/tmp"},
    ]
    copy = copied(
        stack(
            {"web": {"volumes": mounts}, "job": {"volumes": mounts[:1]}},
            volumes={"data": {"name": "shop_data"}, "shared": {"name": "media", "external": True}},
        )
    )
    assert copy.document["volumes"] == {
        "data": {"name": "shop-rehearsal-ab12cd_data", "external": True},
        "shared": {"name": "shop-rehearsal-ab12cd_shared", "external": True},
    }
    assert copy.document["services"]["web"]["volumes"] == mounts
    assert sorted(copy.data, key=lambda data: data.volume) == [
        DataCopy(volume="shop-rehearsal-ab12cd_data", source="shop_data", services=("job", "web")),
        DataCopy(volume="shop-rehearsal-ab12cd_shared", source="media", services=("web",)),
    ]


def test_folders_and_files_that_can_be_written_are_copies() -> None:
    def bind(source: str, target: str, **more: Any) -> Json:
        return {"type": "bind", "source": source, "target": target, **more}

    copy = copied(
        stack(
            {
                "web": {
                    "volumes": [
                        bind("/srv/shop/site", "/site", bind={"create_host_path": True}),
                        bind("/srv/shop/settings.ini", "/settings.ini"),
                        bind("/etc/localtime", "/etc/localtime", read_only=True),
                    ]
                },
                "reader": {"volumes": [bind("/srv/shop/site", "/site", read_only=True)]},
            }
        )
    )
    web, reader = (copy.document["services"][name]["volumes"] for name in ("web", "reader"))
    own = {"type": "volume", "source": "stacktest-folder-0", "volume": {"nocopy": True}}
    assert web == [
        {**own, "target": "/site"},
        bind("/state/files/1-settings.ini", "/settings.ini"),
        bind("/etc/localtime", "/etc/localtime", read_only=True),
    ]
    # Whoever reads what another service writes reads the copy's.
    assert reader == [{**own, "target": "/site", "read_only": True}]
    volume = "shop-rehearsal-ab12cd_stacktest-folder-0"
    assert copy.data == (
        DataCopy(volume=volume, source="/srv/shop/site", services=("reader", "web")),
    )
    assert copy.files == (
        FileCopy(
            source="/srv/shop/settings.ini",
            target="/state/files/1-settings.ini",
            services=("web",),
        ),
    )


def test_a_service_left_out_is_needed_by_nobody() -> None:
    needs = {"proxy": {"condition": "service_started"}, "db": {"condition": "service_healthy"}}
    shop = stack({"web": {"depends_on": needs}, "proxy": {}, "db": {}})
    document = copied(shop, "proxy").document
    assert sorted(document["services"]) == ["db", "web"]
    assert document["services"]["web"]["depends_on"] == {"db": needs["db"]}


def test_the_stack_itself_is_not_changed() -> None:
    shop = stack(
        {"web": {"container_name": "web", "networks": {"a": {"ipv4_address": "10.0.0.1"}}}}
    )
    before = repr(shop.services["web"].definition)
    copied(shop)
    assert repr(shop.services["web"].definition) == before
