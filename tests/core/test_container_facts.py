import datetime as dt
from typing import Any

import pytest

from stacktest.core import container_facts as facts
from stacktest.core.container_facts import Capabilities, Limits, LogConfig, Masked
from stacktest.core.model import Port

DOCUMENT: dict[str, Any] = {
    "Config": {"Env": ["MODE=test", "EMPTY=", "TOKEN=s3cret=x"], "User": "1001:1001"},
    "State": {"StartedAt": "2026-11-29T14:00:00.123456789Z"},
    "HostConfig": {
        "NanoCpus": 1_500_000_000,
        "Memory": 536870912,
        "MemoryReservation": 268435456,
        "PidsLimit": 100,
        "CpusetCpus": "0,2",
        "CapAdd": ["CAP_CHOWN", "setuid"],
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "20m", "max-file": "5"}},
    },
    "NetworkSettings": {
        "Networks": {"t_backend": {}, "elsewhere": {}},
        "Ports": {
            "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5000"}],
            "53/udp": [{"HostIp": "", "HostPort": "1053"}],
            "9000/tcp": None,
        },
    },
}
BARE = {
    "Config": {"Env": None},
    "State": {"StartedAt": "0001-01-01T00:00:00Z"},
    "HostConfig": {"PidsLimit": -1, "CpuQuota": 50_000, "SecurityOpt": ["no-new-privileges:false"]},
    "NetworkSettings": {},
}


def test_what_a_container_was_given() -> None:
    assert facts.limits(DOCUMENT) == Limits(
        cpus=1.5, memory=512 * 2**20, memory_reservation=256 * 2**20, pids=100, cpuset="0,2"
    )
    assert facts.capabilities(DOCUMENT) == Capabilities(
        added=("CHOWN", "SETUID"), dropped=("ALL",), no_new_privileges=True
    )
    assert facts.log_config(DOCUMENT) == LogConfig(
        driver="json-file", options={"max-size": "20m", "max-file": "5"}
    )
    assert facts.ports(DOCUMENT) == (
        Port(target=53, published=1053, protocol="udp"),
        Port(target=8080, published=5000, host_ip="127.0.0.1"),
    )
    assert facts.networks(DOCUMENT, {"t_backend": "backend"}) == ("backend", "elsewhere")
    assert facts.started(DOCUMENT) == dt.datetime(2026, 11, 29, 14, 0, 0, 123456, dt.UTC)


def test_what_was_not_given_is_none_and_not_nought() -> None:
    assert facts.limits(BARE) == Limits(cpus=0.5)
    assert facts.capabilities(BARE) == Capabilities()
    assert facts.log_config(BARE) == LogConfig(driver="")
    assert facts.ports(BARE) == ()
    assert facts.networks(BARE, {}) == ()
    assert facts.environment(BARE) == {}
    assert facts.started(BARE) is None


def test_values_can_be_compared_and_are_never_shown() -> None:
    variables = facts.environment(DOCUMENT)
    assert variables["TOKEN"] == "s3cret=x"
    assert variables["TOKEN"] != "s3cret"
    assert variables["MODE"] == Masked("test")
    assert variables["MODE"] != 1
    assert not variables["EMPTY"]
    assert "s3cret" not in f"{variables} {variables['TOKEN']}"
    masked = facts.without_values(DOCUMENT)
    assert masked["Config"]["Env"] == ["MODE=***", "EMPTY=***", "TOKEN=***"]
    assert DOCUMENT["Config"]["Env"][0] == "MODE=test"
    with pytest.raises(AssertionError) as failure:
        assert variables["TOKEN"] == "other"
    assert "s3cret" not in str(failure.value)


def test_what_a_container_uses() -> None:
    memory = {"usage": 1000, "stats": {"inactive_file": 300}}
    assert facts.used_memory({"memory_stats": memory}) == 700
    sample = {
        "cpu_stats": {
            "cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000, "online_cpus": 2,
        },
        "precpu_stats": {"cpu_usage": {"total_usage": 100}, "system_cpu_usage": 1000},
    }  # fmt: skip
    assert facts.used_cpus(sample) == pytest.approx(0.4)
