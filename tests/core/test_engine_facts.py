"""Limits that have no effect are named with the reason; an identity is the same each time."""

from stacktest.core.engine_facts import LIMITS, docker_facts, podman_facts

ENFORCED = dict.fromkeys(LIMITS.values(), True)
PODMAN = {"Name": "box", "DockerRootDir": "/home/ada/.local/share/containers", **ENFORCED}


def own(version: str = "v1", *, rootless: bool = True, manager: str = "systemd") -> object:
    return {
        "host": {
            "cgroupVersion": version,
            "cgroupManager": manager,
            "security": {"rootless": rootless},
        }
    }


def test_docker_enforces_what_its_kernel_can() -> None:
    facts = docker_facts({"ID": "A1", "CgroupDriver": "cgroupfs", **ENFORCED})
    assert (facts.identity, facts.limits_sentence) == ("A1", "")
    assert facts.measures_containers
    assert facts.runs_health_checks


def test_a_kernel_without_limits_of_memory() -> None:
    facts = docker_facts({"ID": "A1", "CgroupDriver": "cgroupfs", **ENFORCED, "MemoryLimit": False})
    assert facts.limits_sentence == (
        "limits of memory are not enforced: the engine's kernel lacks them"
    )
    assert facts.measures_containers


def test_docker_without_control_groups_limits_and_measures_nothing() -> None:
    facts = docker_facts({"ID": "A1", "CgroupDriver": "none"})
    assert facts.unenforced == ("memory", "processors", "processor sets", "processes")
    assert not facts.measures_containers


def test_podman_has_another_id_each_time_and_is_the_same_engine() -> None:
    first = podman_facts({"ID": "1", **PODMAN}, own())
    second = podman_facts({"ID": "2", **PODMAN}, own())
    elsewhere = podman_facts({"ID": "1", **PODMAN, "DockerRootDir": "/var/lib/x"}, own())
    assert first.identity == second.identity != elsewhere.identity


def test_podman_drops_limits_without_root_on_old_control_groups() -> None:
    dropped = podman_facts(PODMAN, own())
    assert dropped.unenforced == tuple(LIMITS)
    assert not dropped.measures_containers
    for other in (own("v2"), own(rootless=False)):
        assert podman_facts(PODMAN, other).limits_sentence == ""


def test_podman_needs_systemd_for_health_checks() -> None:
    assert podman_facts(PODMAN, own()).runs_health_checks
    assert not podman_facts(PODMAN, own(manager="cgroupfs")).runs_health_checks
    assert not podman_facts(PODMAN, own()).dates_health
    assert not podman_facts(PODMAN, own()).words_rights_as_given
