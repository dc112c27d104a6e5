"""From a spare the old container can be made again, with all that it was given and nothing more."""

from typing import Any

from stacktest.core.update.spare import (
    recreation,
    remembered_image,
    remembered_labels,
    spare_body,
)

ID = "d56beecbac4a9940073477d64b97b623584a5b769c88cf659025072adbeba089"
ANONYMOUS = "338f374a5bf4ad5dcf7a9e84fd8c700cfbaa5bbe30ada8c7dea0f3c7caee86b9"
OURS = {"stacktest.update": "ab12cd"}


def inspected(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "Id": ID,
        "Name": "/shop-app-1",
        "Image": "sha256:1",
        "Config": {
            "Hostname": ID[:12],
            "Env": ["TOKEN=secret"],
            "Image": "shop/app:1",
            "Labels": {"com.docker.compose.service": "app"},
            "Volumes": {"/anonymous": {}},
        },
        "HostConfig": {
            "NetworkMode": "shop_front",
            "Binds": ["shop_data:/data:rw"],
            "Mounts": [{"Type": "volume", "Target": "/anonymous"}],
            "RestartPolicy": {"Name": "always"},
            "PortBindings": {"80/tcp": [{"HostPort": "80"}]},
        },
        "Mounts": [
            {"Type": "volume", "Name": "shop_data", "Destination": "/data"},
            {"Type": "volume", "Name": ANONYMOUS, "Destination": "/anonymous"},
            {"Type": "bind", "Source": "/srv/shop", "Destination": "/srv"},
        ],
        "NetworkSettings": {
            "Networks": {
                "shop_front": {
                    "Aliases": ["shop-app-1", "app", ID[:12]],
                    "IPAMConfig": {"IPv4Address": "10.1.0.9"},
                    "IPAddress": "10.1.0.9",
                    "MacAddress": "02:42:0a:01:00:09",
                },
                "shop_back": {"Aliases": ["app"], "IPAMConfig": None},
            }
        },
    }
    return {**document, **changes}


def spare(document: dict[str, Any]) -> dict[str, Any]:
    """What the engine shows of a spare."""
    return {"Image": document["Image"], "Config": spare_body(document, OURS)}


def test_a_spare_has_the_image_the_variables_and_the_volumes_and_touches_nothing_else() -> None:
    body = spare_body(inspected(), OURS)
    assert body["Image"] == "sha256:1"
    assert body["Env"] == ["TOKEN=secret"]
    assert set(body["Labels"]) == {"stacktest.update", "stacktest.remembered"}
    assert body["HostConfig"] == {
        "NetworkMode": "none",
        "Mounts": [
            {"Type": "volume", "Source": "shop_data", "Target": "/data"},
            {"Type": "volume", "Source": ANONYMOUS, "Target": "/anonymous"},
        ],
    }
    # Variables stay where they belong: whoever hides those of a container hides these.
    assert "secret" not in body["Labels"]["stacktest.remembered"]


def test_the_old_container_is_made_again_as_it_was() -> None:
    document = inspected()
    again = recreation(spare(document), image="shop/app:1", ids={})
    assert again.name == "shop-app-1"
    assert again.body["Image"] == "shop/app:1"
    assert again.body["Labels"] == document["Config"]["Labels"]
    assert again.body["Env"] == document["Config"]["Env"]
    host = {k: v for k, v in again.body["HostConfig"].items() if k != "Mounts"}
    assert host == {k: v for k, v in document["HostConfig"].items() if k != "Mounts"}


def test_a_nameless_volume_is_mounted_again_by_the_name_that_the_engine_gave_it() -> None:
    again = recreation(spare(inspected()), image="sha256:1", ids={})
    assert again.body["HostConfig"]["Mounts"] == [
        {"Type": "volume", "Target": "/anonymous", "Source": ANONYMOUS}
    ]


def test_networks_keep_aliases_and_addresses_but_not_what_the_engine_chose() -> None:
    again = recreation(spare(inspected()), image="sha256:1", ids={})
    first = again.body["NetworkingConfig"]["EndpointsConfig"]
    assert first == {
        "shop_front": {
            "IPAMConfig": {"IPv4Address": "10.1.0.9"},
            "Aliases": ["shop-app-1", "app"],
        }
    }
    assert again.networks == {"shop_back": {"Aliases": ["app"]}}


def test_a_host_name_is_kept_only_where_somebody_chose_it() -> None:
    assert "Hostname" not in recreation(spare(inspected()), image="", ids={}).body
    document = inspected(Config={**inspected()["Config"], "Hostname": "shop"})
    assert recreation(spare(document), image="", ids={}).body["Hostname"] == "shop"


def test_what_it_shares_with_others_is_what_took_their_place() -> None:
    host = {
        "NetworkMode": "container:old-vpn",
        "PidMode": "container:other",
        "VolumesFrom": ["old-vpn:ro", "other"],
    }
    document = inspected(HostConfig=host)
    again = recreation(spare(document), image="", ids={"old-vpn": "new-vpn"})
    assert again.body["HostConfig"]["NetworkMode"] == "container:new-vpn"
    assert again.body["HostConfig"]["PidMode"] == "container:other"
    assert again.body["HostConfig"]["VolumesFrom"] == ["new-vpn:ro", "other"]
    assert again.body["NetworkingConfig"] == {"EndpointsConfig": {}}
    assert again.networks == {}


def test_a_spare_tells_the_image_and_the_labels_of_the_old_container() -> None:
    document = spare(inspected())
    assert remembered_image(document) == "shop/app:1"
    assert remembered_labels(document) == {"com.docker.compose.service": "app"}
