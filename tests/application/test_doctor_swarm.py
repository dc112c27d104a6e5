"""What a stack needs on a swarm: each is fine, or comes with the fix."""

import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from stacktest.application.doctor_swarm import check_kernel, check_keys, lacking_features
from stacktest.core.model import Service, Stack

HERE = {"KernelVersion": os.uname().release}


def stack(**definition: Any) -> Stack:
    service = Service(name="app", definition=definition)
    return Stack(name="shop", root=Path("/srv/shop"), services={"app": service})


def test_keys_that_a_swarm_knows_are_fine() -> None:
    assert check_keys(stack(read_only=True)).is_fine


def test_a_key_without_effect_is_named_with_what_it_costs() -> None:
    checkup = check_keys(stack(security_opt=["no-new-privileges:true"]))
    assert checkup.is_fine
    assert (
        "security_opt, programs may gain rights that the file denies them (app)" in checkup.message
    )


def test_a_service_that_cannot_do_its_work_is_not_fine() -> None:
    checkup = check_keys(stack(devices=["/dev/dri"]))
    assert not checkup.is_fine
    assert "devices, a swarm gives no devices (app)" in checkup.message


def test_a_kernel_without_virtual_addresses_serves_who_needs_none() -> None:
    checkup = check_kernel(stack(), HERE, ("IPVS", "netem"))
    assert checkup.is_fine
    assert checkup.message.startswith("has no IPVS and no netem")


def test_it_does_not_serve_who_asks_for_one() -> None:
    checkup = check_kernel(stack(deploy={"endpoint_mode": "vip"}), HERE, ("IPVS",))
    assert not checkup.is_fine
    assert checkup.fix == "deploy.endpoint_mode: dnsrr for app"


@pytest.mark.parametrize("info", [{"KernelVersion": "1.0"}, {}])
def test_the_kernel_of_another_machine_is_not_known(info: dict[str, str]) -> None:
    assert check_kernel(stack(), info, ("IPVS",)).message == "not known: the engine is elsewhere"


@pytest.mark.parametrize(
    ("configuration", "lacking"),
    [
        ("CONFIG_IP_VS=y\nCONFIG_NET_SCH_NETEM=y\n", ()),
        ("CONFIG_IP_VS=y\n# CONFIG_NET_SCH_NETEM is not set\n", ("netem",)),
        ("CONFIG_IP_VS=m\n", ("IPVS", "netem")),
    ],
)
def test_the_kernels_own_configuration(
    tmp_path: Path, configuration: str, lacking: tuple[str, ...]
) -> None:
    (tmp_path / "config.gz").write_bytes(gzip.compress(configuration.encode()))
    assert lacking_features(tmp_path, tmp_path / "modules", "6.1") == lacking


def test_modules_that_are_loaded_built_in_or_at_hand(tmp_path: Path) -> None:
    folder = tmp_path / "modules/6.1"
    folder.mkdir(parents=True)
    assert lacking_features(tmp_path, tmp_path / "modules", "6.1") == ("IPVS", "netem")
    (folder / "modules.builtin").write_text("kernel/net/sched/sch_netem.ko\n")
    assert lacking_features(tmp_path, tmp_path / "modules", "6.1") == ("IPVS",)
    (folder / "ip_vs.ko.xz").touch()
    assert lacking_features(tmp_path, tmp_path / "modules", "6.1") == ()


def test_a_machine_that_does_not_say_is_not_known(tmp_path: Path) -> None:
    assert lacking_features(tmp_path, tmp_path, "6.1") is None
