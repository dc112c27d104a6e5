"""Each key of a service definition beside what the engine shows of the container."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.core.freshness.container.as_created import hash_document
from stacktest.core.freshness.container.differences import (
    CHANGEABLE,
    ROWS,
    Differences,
    differences,
)
from stacktest.core.freshness.container.row import Created
from stacktest.core.freshness.container.shared import creation_times, shared_drift
from stacktest.core.model import Mount, Service, Stack
from stacktest.core.unknown import Unknown

ID = "0123456789ab" + "c" * 52
IMAGE: dict[str, Any] = {
    "Config": {
        "User": "redis",
        "Cmd": ["serve"],
        "Entrypoint": ["/entry"],
        "Labels": {"vendor": "x"},
        "ExposedPorts": {"80/tcp": {}},
        "Healthcheck": {"Test": ["CMD", "ping"], "Interval": 10**9},
    }
}
CONFIG: dict[str, Any] = {
    "Hostname": ID[:12],
    "User": "redis",
    "Cmd": ["serve"],
    "Entrypoint": ["/entry"],
    "Labels": {"vendor": "x", "com.docker.compose.service": "web", "stacktest.run": "r"},
    "ExposedPorts": {"80/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "ping"], "Interval": 10**9},
}
HOST: dict[str, Any] = {
    "NetworkMode": "s_default",
    "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
    "LogConfig": {"Type": "json-file", "Config": {}},
    "ShmSize": 67108864,
    "IpcMode": "private",
    "CgroupnsMode": "private",
    "Runtime": "runc",
    "PidMode": "",
}


def created(
    definition: dict[str, Any],
    *,
    config: dict[str, Any] | None = None,
    host: dict[str, Any] | None = None,
    networks: dict[str, Any] | None = None,
    image: Any = IMAGE,
    name: str = "/s-web-1",
    mounts: Any = (),
) -> Created:
    service = Service(
        name="web",
        definition=definition,
        labels=definition.get("labels") or {},
        container_name=definition.get("container_name", ""),
    )
    definitions = {"networks": {"default": {"name": "s_default"}, "n": {"name": "s_n"}}}
    services = {"web": service, "db": Service(name="db"), "vpn": Service(name="vpn")}
    return Created(
        service=service,
        stack=Stack(name="s", root=Path("/s"), services=services, definitions=definitions),
        inspect={
            "Id": ID,
            "Name": name,
            "Config": {**CONFIG, **(config or {})},
            "HostConfig": {**HOST, **(host or {})},
            "NetworkSettings": {"Networks": networks or {"s_default": {"Aliases": ["web"]}}},
            "Mounts": mounts,
        },
        image=image,
        containers={"vpn": frozenset({"f" * 64})},
        joined={"container:outer": frozenset({"e" * 64}), "container:gone": frozenset()},
    )


def test_a_container_as_compose_makes_it_has_no_differences() -> None:
    assert differences(created({"image": "a", "networks": {"default": None}})) == Differences()


APPLIED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "user": ({"user": "root"}, {"User": "root"}, {}),
    "working_dir": ({"working_dir": "/x"}, {"WorkingDir": "/x"}, {}),
    "working_dir as written": ({"working_dir": "/x/../y/"}, {"WorkingDir": "/y"}, {}),
    "stop_signal": ({"stop_signal": "SIGINT"}, {"StopSignal": "SIGINT"}, {}),
    "stop_grace_period": ({"stop_grace_period": "1m30s"}, {"StopTimeout": 90}, {}),
    "domainname": ({"domainname": "d"}, {"Domainname": "d"}, {}),
    "hostname": ({"hostname": "h"}, {"Hostname": "h"}, {}),
    "tty": ({"tty": True}, {"Tty": True}, {}),
    "stdin_open": ({"stdin_open": True}, {"OpenStdin": True}, {}),
    "command": ({"command": ["x"]}, {"Cmd": ["x"]}, {}),
    "entrypoint": ({"entrypoint": ["x"]}, {"Entrypoint": ["x"], "Cmd": None}, {}),
    "labels": ({"labels": {"a": "1"}}, {"Labels": {**CONFIG["Labels"], "a": "1"}}, {}),
    "expose": ({"expose": ["77"]}, {"ExposedPorts": {"80/tcp": {}, "77": {}}}, {}),
    "healthcheck": (
        {"healthcheck": {"test": ["CMD", "x"], "interval": "300ms", "retries": 5}},
        {"Healthcheck": {"Test": ["CMD", "x"], "Interval": 3 * 10**8, "Retries": 5}},
        {},
    ),
    "healthcheck off": (
        {"healthcheck": {"disable": True}},
        {"Healthcheck": {"Test": ["NONE"]}},
        {},
    ),
    "privileged": ({"privileged": True}, {}, {"Privileged": True}),
    "read_only": ({"read_only": True}, {}, {"ReadonlyRootfs": True}),
    "init": ({"init": True}, {}, {"Init": True}),
    "userns_mode": ({"userns_mode": "host"}, {}, {"UsernsMode": "host"}),
    "uts": ({"uts": "host"}, {}, {"UTSMode": "host"}),
    "cgroup": ({"cgroup": "host"}, {}, {"CgroupnsMode": "host"}),
    "cgroup_parent": ({"cgroup_parent": "/x"}, {}, {"CgroupParent": "/x"}),
    "runtime": ({"runtime": "nvidia"}, {}, {"Runtime": "nvidia"}),
    "ipc": ({"ipc": "host"}, {}, {"IpcMode": "host"}),
    "pid": ({"pid": "service:vpn"}, {}, {"PidMode": "container:" + "f" * 64}),
    "mem_limit": ({"mem_limit": "209715200"}, {}, {"Memory": 209715200, "MemorySwap": 419430400}),
    "mem_limit in deploy": (
        {"deploy": {"resources": {"limits": {"memory": "10"}}}},
        {},
        {"Memory": 10},
    ),
    "memswap_limit": ({"memswap_limit": "7"}, {}, {"MemorySwap": 7}),
    "mem_reservation": ({"mem_reservation": 10}, {}, {"MemoryReservation": 10}),
    "mem_swappiness": ({"mem_swappiness": "10"}, {}, {"MemorySwappiness": 10}),
    "shm_size": ({"shm_size": "10"}, {}, {"ShmSize": 10}),
    "cpus": ({"cpus": 0.5}, {}, {"NanoCpus": 500000000}),
    "cpu_shares": ({"cpu_shares": 10}, {}, {"CpuShares": 10}),
    "cpu_period": ({"cpu_period": "10"}, {}, {"CpuPeriod": 10}),
    "cpu_quota": ({"cpu_quota": "10"}, {}, {"CpuQuota": 10}),
    "cpuset": ({"cpuset": "0-1"}, {}, {"CpusetCpus": "0-1"}),
    "pids_limit": ({"pids_limit": 10}, {}, {"PidsLimit": 10}),
    "oom_kill_disable": ({"oom_kill_disable": True}, {}, {"OomKillDisable": True}),
    "oom_score_adj": ({"oom_score_adj": 10}, {}, {"OomScoreAdj": 10}),
    "cap_add": ({"cap_add": ["CAP_NET_ADMIN"]}, {}, {"CapAdd": ["NET_ADMIN"]}),
    "cap_drop": ({"cap_drop": ["ALL"]}, {}, {"CapDrop": ["ALL"]}),
    "group_add": ({"group_add": [10]}, {}, {"GroupAdd": ["10"]}),
    "security_opt": (
        {"security_opt": ["no-new-privileges:true"]},
        {},
        {"SecurityOpt": ["no-new-privileges"]},
    ),
    "seccomp": (
        {"security_opt": ["seccomp:./profile.json"]},
        {},
        {"SecurityOpt": ['seccomp={"defaultAction": "x"}']},
    ),
    "device_cgroup_rules": (
        {"device_cgroup_rules": ["c 1:3 r"]},
        {},
        {"DeviceCgroupRules": ["c 1:3 r"]},
    ),
    "devices": (
        {"devices": ["/dev/null:/dev/x"]},
        {},
        {
            "Devices": [
                {
                    "PathOnHost": "/dev/null",
                    "PathInContainer": "/dev/x",
                    "CgroupPermissions": "rwm",
                }
            ]
        },
    ),
    "gpus": (
        {"gpus": [{"count": -1}]},
        {},
        {"DeviceRequests": [{"Count": -1, "Capabilities": [["gpu"]]}]},
    ),
    "gpus that deploy reserves": (
        {
            "deploy": {
                "resources": {
                    "reservations": {
                        "devices": [
                            {"driver": "nvidia", "device_ids": ["1", "0"], "capabilities": ["gpu"]}
                        ]
                    }
                }
            }
        },
        {},
        {
            "DeviceRequests": [
                {"Driver": "nvidia", "DeviceIDs": ["0", "1"], "Capabilities": [["gpu"]]}
            ]
        },
    ),
    "dns": ({"dns": ["1.1.1.1"]}, {}, {"Dns": ["1.1.1.1"]}),
    "dns_search": ({"dns_search": ["a"]}, {}, {"DnsSearch": ["a"]}),
    "dns_opt": ({"dns_opt": ["a"]}, {}, {"DnsOptions": ["a"]}),
    "extra_hosts": ({"extra_hosts": ["h=::1"]}, {}, {"ExtraHosts": ["h:::1"]}),
    "sysctls": ({"sysctls": {"a": 1}}, {}, {"Sysctls": {"a": "1"}}),
    "tmpfs": ({"tmpfs": ["/run:size=1m"]}, {}, {"Tmpfs": {"/run": "size=1m"}}),
    "storage_opt": ({"storage_opt": {"size": "1"}}, {}, {"StorageOpt": {"size": "1"}}),
    "ulimits": (
        {"ulimits": {"nofile": 10}},
        {},
        {"Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 10}]},
    ),
    "volumes_from": ({"volumes_from": ["vpn"]}, {}, {"VolumesFrom": ["f" * 64]}),
    "volume_driver": ({"volume_driver": "x"}, {}, {"VolumeDriver": "x"}),
    "isolation": ({"isolation": "hyperv"}, {}, {"Isolation": "hyperv"}),
    "blkio_config": ({"blkio_config": {"weight": 300}}, {}, {"BlkioWeight": 300}),
    "blkio_config of a device": (
        {
            "blkio_config": {
                "device_read_bps": [{"Path": "/dev/sda", "Rate": 10}],
                "weight_device": [{"path": "/dev/sda", "weight": 3}],
            }
        },
        {},
        {
            "BlkioDeviceReadBps": [{"Path": "/dev/sda", "Rate": 10}],
            "BlkioWeightDevice": [{"Path": "/dev/sda", "Weight": 3}],
        },
    ),
    "healthcheck at the start": (
        {"healthcheck": {"test": ["CMD", "x"], "start_interval": "2s"}},
        {"Healthcheck": {"Test": ["CMD", "x"], "Interval": 10**9, "StartInterval": 2 * 10**9}},
        {},
    ),
    "volumes in memory": (
        {"volumes": [{"type": "tmpfs", "target": "/t", "tmpfs": {"size": "10", "mode": 448}}]},
        {},
        {
            "Mounts": [
                {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 10, "Mode": 448}}
            ]
        },
    ),
    "restart": (
        {"restart": "on-failure:3"},
        {},
        {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}},
    ),
    "restart in deploy": (
        {"deploy": {"restart_policy": {"condition": "any"}}},
        {},
        {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}},
    ),
    "restart in both": (
        {"restart": "unless-stopped", "deploy": {"restart_policy": {"condition": "any"}}},
        {},
        {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}},
    ),
    "restart without a condition": (
        {"restart": "always", "deploy": {"restart_policy": {"max_attempts": 3}}},
        {},
        {"RestartPolicy": {"Name": "", "MaximumRetryCount": 3}},
    ),
    "logging": (
        {"logging": {"driver": "local", "options": {"max-file": 3}}},
        {},
        {"LogConfig": {"Type": "local", "Config": {"max-file": "3"}}},
    ),
    "ports": (
        {"ports": [{"target": 80, "published": "8080", "host_ip": "127.0.0.1"}]},
        {},
        {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}},
    ),
    "cpu_rt_period": ({"cpu_rt_period": "1"}, {}, {"CpuRealtimePeriod": 1}),
    "cpu_rt_runtime": ({"cpu_rt_runtime": "1"}, {}, {"CpuRealtimeRuntime": 1}),
    "cpu_count": ({"cpu_count": 1}, {}, {"CpuCount": 1}),
    "cpu_percent": ({"cpu_percent": 1}, {}, {"CpuPercent": 1}),
    "network_mode": (
        {"network_mode": "service:vpn"},
        {},
        {"NetworkMode": "container:" + "f" * 64},
    ),
}


def key_of(name: str) -> str:
    return name.partition(" ")[0].replace("seccomp", "security_opt")


@pytest.mark.case("freshness/c02-stanza-drift-each-key", "freshness/c01-stanza-drift")
@pytest.mark.parametrize("name", APPLIED)
def test_a_key_is_the_same_applied_and_differs_when_edited_or_removed(name: str) -> None:
    definition, config, host = APPLIED[name]
    applied = created(definition, config=config, host=host)
    hidden = frozenset({"security_opt"} if name == "seccomp" else ())
    assert differences(applied) == Differences(unseen=hidden)
    edited = differences(created(definition))
    assert key_of(name) in edited.certain | edited.possible
    removed = differences(created({}, config=config, host=host))
    if name in ("cgroup", "network_mode"):
        # The engine may have chosen it by itself; the networks say that the other is gone.
        assert not removed.certain
    else:
        assert key_of(name) in removed.certain | removed.possible


def linked(links: list[str]) -> Differences:
    names = ("db", "db-1", "s-db-1")
    networks = {"s_default": {"Aliases": ["web"], "Links": [f"s-db-1:{n}" for n in names]}}
    return differences(created({"links": links}, networks=networks))


@pytest.mark.parametrize(
    ("links", "differ"),
    [(["db"], ""), (["db:db"], ""), ([], "links"), (["db:data"], "links"), (["vpn:db"], "links")],
)
def test_links_lead_to_a_service_by_a_name(links: list[str], differ: str) -> None:
    found = linked(links)
    assert found.certain | found.possible == frozenset(differ.split())
    assert differences(created({"links": ["db"]})).possible == {"links"}


def test_links_to_containers_of_others() -> None:
    networks = {"s_default": {"Aliases": ["web"], "Links": ["elsewhere:a"]}}
    definition = {"external_links": ["elsewhere:a"]}
    assert differences(created(definition, networks=networks)) == Differences()
    definition = {"external_links": ["elsewhere:b"]}
    assert differences(created(definition, networks=networks)).certain == {"links"}


def test_whose_volumes_it_mounts() -> None:
    host = {"VolumesFrom": ["f" * 64]}
    assert differences(created({"volumes_from": ["vpn:ro"]}, host=host)) == Differences()
    assert differences(created({"volumes_from": ["db"]}, host=host)).certain == {"volumes_from"}
    # Its container was replaced: the mounts themselves are compared.
    host = {"VolumesFrom": ["e" * 64]}
    assert differences(created({"volumes_from": ["vpn"]}, host=host)) == Differences()
    host = {"VolumesFrom": ["elsewhere:ro"]}
    definition = {"volumes_from": ["container:elsewhere:ro"]}
    assert differences(created(definition, host=host)) == Differences()


@pytest.mark.parametrize(
    ("volume", "host", "mount"),
    [
        (
            {"type": "bind", "target": "/d", "bind": {"propagation": "rslave"}},
            {},
            {"Type": "bind", "Destination": "/d", "Propagation": "rslave"},
        ),
        (
            {"type": "volume", "target": "/d", "volume": {"nocopy": True}},
            {"Mounts": [{"Type": "volume", "Target": "/d", "VolumeOptions": {"NoCopy": True}}]},
            {"Type": "volume", "Destination": "/d"},
        ),
        (
            {"type": "volume", "target": "/d", "volume": {"nocopy": True}},
            {"Binds": ["v:/d:nocopy"]},
            {"Type": "volume", "Destination": "/d"},
        ),
    ],
)
def test_how_a_volume_is_mounted(
    volume: dict[str, Any], host: dict[str, Any], mount: dict[str, Any]
) -> None:
    definition = {"volumes": [volume]}
    plain = {"volumes": [{"type": volume["type"], "target": "/d"}]}
    bare = {"Type": volume["type"], "Destination": "/d", "Propagation": "rprivate"}
    applied: dict[str, Any] = {"host": host, "mounts": [mount]}
    assert differences(created(definition, **applied)) == Differences()
    assert differences(created(plain, mounts=[bare])) == Differences()
    assert differences(created(plain, **applied)).possible == {"volumes"}
    edited = differences(created(definition, mounts=[bare]))
    assert edited.certain | edited.possible == {"volumes"}


def test_every_row_is_tried() -> None:
    tried = {key_of(name) for name in APPLIED} | {"networks", "container_name", "links"}
    assert {row.key for row in ROWS} == tried


SPELLINGS: dict[str, dict[str, Any]] = {
    "restart": {"restart": "no"},
    "switches": {"privileged": False, "read_only": False, "tty": False, "init": False},
    "limits": {"mem_limit": 0, "pids_limit": 0, "cpus": 0},
    "sets": {"cap_add": [], "cap_drop": None, "dns": []},
    "deploy": {"deploy": {"replicas": 1, "placement": {}, "resources": {}}},
    "inherited health check": {"healthcheck": {"interval": "1s"}},
    "stop": {"stop_grace_period": "10s", "stop_signal": "SIGTERM"},
    "the image's user": {"user": "redis"},
}


@pytest.mark.case("freshness/a14-defaults-written-out")
@pytest.mark.parametrize("name", SPELLINGS)
def test_a_default_that_is_written_out_is_no_difference(name: str) -> None:
    assert differences(created(SPELLINGS[name])) == Differences()


def test_a_default_of_the_engine_s_health_check_is_no_difference() -> None:
    config = {"Healthcheck": {"Test": ["CMD", "x"], "Interval": 30 * 10**9, "Retries": 3}}
    bare = {"Config": {**IMAGE["Config"], "Healthcheck": None}}
    definition = {"healthcheck": {"test": ["CMD", "x"], "timeout": "30s"}}
    assert differences(created(definition, config=config, image=bare)) == Differences()


NETWORKS = {"s_n": {"Aliases": ["web", ID[:12], "x"], "IPAMConfig": {"IPv4Address": "10.0.0.2"}}}


@pytest.mark.parametrize(
    ("networks", "found"),
    [
        ({"n": {"aliases": ["x"], "ipv4_address": "10.0.0.2"}}, Differences()),
        ({"n": {"aliases": ["x"]}}, Differences(certain=frozenset({"networks"}))),
        ({"n": {"aliases": ["x", "y"]}}, Differences(certain=frozenset({"networks"}))),
        (
            {"default": None},
            Differences(certain=frozenset({"networks"}), possible=frozenset({"networks"})),
        ),
    ],
)
def test_networks(networks: dict[str, Any], found: Differences) -> None:
    assert differences(created({"networks": networks}, networks=NETWORKS)) == found


ENDPOINT = {
    "s_n": {
        "Aliases": ["web"],
        "IPAMConfig": {"LinkLocalIPs": ["169.254.8.8"]},
        "DriverOpts": {"a": "1", "of.the.driver": "x"},
        "MacAddress": "02:42:AC:11:65:43",
    }
}
WISHES = {
    "link_local_ips": ["169.254.8.8"],
    "driver_opts": {"a": 1},
    "mac_address": "02:42:ac:11:65:43",
}


@pytest.mark.parametrize(
    ("edit", "differ"),
    [
        ({}, ""),
        ({"link_local_ips": ["169.254.8.9"]}, "networks"),
        ({"link_local_ips": []}, "networks"),
        ({"driver_opts": {"a": 2}}, "networks"),
        ({"mac_address": "02:42:ac:11:65:44"}, "networks"),
    ],
)
def test_what_a_network_s_entry_asks_for(edit: dict[str, Any], differ: str) -> None:
    found = differences(created({"networks": {"n": {**WISHES, **edit}}}, networks=ENDPOINT))
    assert found.certain | found.possible == frozenset(differ.split())


def test_settings_that_no_engine_shows_are_unseen_below_keys_that_it_shows() -> None:
    hidden = {
        "configs": [{"source": "c", "target": "/c", "mode": "0400"}],
        "secrets": [{"source": "s", "uid": "1"}],
        "networks": {"default": {"priority": 10}},
        "volumes": [{"type": "bind", "target": "/d", "bind": {"selinux": "z"}}],
        "security_opt": ["seccomp:./a.json"],
    }
    host = {"SecurityOpt": ["seccomp={}"]}
    assert differences(created(hidden, host=host)) == Differences(unseen=frozenset(hidden))
    plain = {
        "configs": [{"source": "c", "target": "/c"}],
        "secrets": ["s"],
        "networks": {"default": None},
        "security_opt": ["label:disable"],
    }
    assert differences(created(plain)) == Differences()


@pytest.mark.parametrize("aliases", [None, [], [ID[:12]], ["s-web-1", ID[:12]]])
def test_a_container_that_was_connected_by_hand_lacks_the_name_of_its_service(
    aliases: list[str] | None,
) -> None:
    found = differences(created({}, networks={"s_default": {"Aliases": aliases}}))
    assert found == Differences(certain=frozenset({"networks"}))
    shared = created({"network_mode": "bridge"}, networks={"bridge": {"Aliases": aliases}})
    assert not differences(shared).certain & {"networks"}


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ({"MemorySwap": 5}, "memswap_limit"),
        ({"MemorySwap": -1}, ""),
        ({"BlkioWeight": 300}, "blkio_config"),
        ({"BlkioWeight": 0}, ""),
        ({"CpuRealtimePeriod": 9}, "cpu_rt_period"),
        ({"CpuRealtimeRuntime": 9}, "cpu_rt_runtime"),
    ],
)
def test_no_engine_takes_such_a_limit_by_itself(host: dict[str, Any], key: str) -> None:
    found = differences(created({}, host=host))
    assert found == Differences(certain=frozenset(key.split()))
    assert found.certain <= CHANGEABLE


def test_an_alias_that_no_file_gives_is_a_possible_difference() -> None:
    networks = {"s_default": {"Aliases": ["web", "old"]}}
    found = differences(created({}, networks=networks))
    assert found == Differences(possible=frozenset({"networks"}))


@pytest.mark.parametrize(
    ("key", "setting"), [("network_mode", "NetworkMode"), ("pid", "PidMode"), ("ipc", "IpcMode")]
)
def test_a_container_that_is_joined_by_its_name_is_shown_by_its_id(key: str, setting: str) -> None:
    host = {setting: "container:" + "e" * 64}
    assert not differences(created({key: "container:outer"}, host=host)).certain
    # There was no such container when this one was created.
    named = {setting: "container:gone"}
    assert differences(created({key: "container:gone"}, host=named)) == Differences()
    # It was made anew, or it is gone: what was joined is not there any more.
    older = {setting: "container:" + "d" * 64}
    for found in (
        differences(created({key: "container:outer"}, host=older)),
        differences(created({key: "container:gone"}, host=host)),
    ):
        assert found.certain | found.possible == {key}


def test_the_container_of_another_service_counts_by_its_id() -> None:
    gone = created({"network_mode": "service:vpn"}, host={"NetworkMode": "container:" + "e" * 64})
    assert differences(gone).certain == {"network_mode"}


def test_a_name_that_was_given_or_taken_away() -> None:
    named = created({"container_name": "w"}, name="/w")
    assert differences(named) == Differences()
    assert differences(created({"container_name": "w"})).possible == {"container_name"}
    assert differences(created({"container_name": "w"}, name="/x")).certain == {"container_name"}
    assert "container_name" in CHANGEABLE
    assert differences(created({}, name="/w")).possible == {"container_name"}


def test_what_no_engine_shows_is_unseen() -> None:
    found = differences(created({"post_start": [{"command": "x"}], "x-note": 1, "brand_new": "1"}))
    assert found == Differences(unseen=frozenset({"post_start", "brand_new"}))


def test_an_image_that_is_gone_makes_nothing_drift() -> None:
    unknown = Unknown("image a: gone")
    assert differences(created({}, image=unknown)).certain == frozenset()


def test_what_is_hashed_is_what_compose_handed_to_the_engine() -> None:
    definition = {
        "image": "a",
        "depends_on": {"db": {}},
        "profiles": ["p"],
        "labels": {"a": "1"},
        "network_mode": "service:vpn",
        "volumes": [{"type": "bind", "source": "/s/conf", "target": "/c"}],
    }
    container = created(
        definition,
        config={
            "Labels": {
                "stacktest.run": "r",
                "com.docker.compose.service": "web",
                "com.docker.compose.project.working_dir": "/other/name",
            }
        },
        host={"NetworkMode": "container:" + "f" * 64},
    )
    document = hash_document(container.stack, [container])
    assert document["name"] == "s"
    assert document["services"]["web"] == {
        "image": "a",
        "labels": {"a": "1", "stacktest.run": "r"},
        "network_mode": "container:" + "f" * 64,
        "volumes": [{"type": "bind", "source": "/other/name/conf", "target": "/c"}],
    }


def test_keys_that_compose_prints_with_capitals_are_hashed_as_it_reads_them() -> None:
    limits = {"weight": 300, "device_read_bps": [{"Path": "/dev/sda", "Rate": 10}]}
    container = created({"image": "a", "blkio_config": limits})
    document = hash_document(container.stack, [container])
    assert document["services"]["web"]["blkio_config"] == {
        "weight": 300,
        "device_read_bps": [{"path": "/dev/sda", "rate": 10}],
    }


def shared(network: dict[str, Any], volume: dict[str, Any]) -> tuple[str, ...]:
    service = Service(
        name="web", networks=("n",), mounts=(Mount(kind="volume", source="v", target="/v"),)
    )
    stack = Stack(
        name="s",
        root=Path("/s"),
        services={"web": service},
        definitions={"networks": {"n": network}, "volumes": {"v": volume}},
    )
    networks = {
        "s_n": {
            "Driver": "bridge",
            "Internal": False,
            "Options": {"mtu": "1"},
            "IPAM": {"Config": [{"Subnet": "10.0.0.0/24", "Gateway": "10.0.0.1"}]},
        }
    }
    volumes = {"s_v": {"Driver": "local", "Options": {"type": "nfs", "o": "addr=a"}}}
    return shared_drift(stack, service, networks, volumes)


@pytest.mark.parametrize(
    ("network", "volume", "reasons"),
    [
        ({}, {}, ()),
        ({"driver": "bridge", "internal": False}, {"driver": "local"}, ()),
        ({"ipam": {"config": [{"subnet": "10.0.0.0/24"}]}}, {}, ()),
        ({"internal": True}, {}, ("network:n",)),
        ({"driver": "macvlan"}, {}, ("network:n",)),
        ({"driver_opts": {"mtu": 2}}, {}, ("network:n",)),
        ({"ipam": {"config": [{"subnet": "10.1.0.0/24"}]}}, {}, ("network:n",)),
        ({"external": True, "internal": True}, {}, ()),
        ({"name": "elsewhere", "internal": True}, {}, ()),
        ({}, {"driver_opts": {"o": "addr=b"}}, ("volume:v",)),
        ({}, {"driver": "x"}, ("volume:v",)),
    ],
)
def test_networks_and_volumes_that_exist_with_other_options(
    network: dict[str, Any], volume: dict[str, Any], reasons: tuple[str, ...]
) -> None:
    assert shared(network, volume) == reasons


@pytest.mark.parametrize(
    ("definition", "existing", "times"),
    [
        ({}, {"CreatedAt": "2026-01-06T01:00:00Z"}, {"v": "2026-01-06T01:00:00Z"}),
        ({}, {}, {}),
        ({"external": True}, {"CreatedAt": "2026-01-06T01:00:00Z"}, {}),
    ],
)
def test_when_the_volumes_of_a_service_were_created(
    definition: dict[str, Any], existing: dict[str, Any], times: dict[str, str]
) -> None:
    service = Service(name="web", mounts=(Mount(kind="volume", source="v", target="/v"),))
    definitions = {"volumes": {"v": definition, "w": {}}}
    stack = Stack(name="s", root=Path("/s"), services={"web": service}, definitions=definitions)
    volumes = {"s_v": existing, "s_w": {"CreatedAt": "2026-01-06T01:00:00Z"}}
    assert creation_times(stack, service, volumes) == times
