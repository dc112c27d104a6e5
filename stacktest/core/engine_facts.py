"""What an engine says about itself, where something depends on it: who it is, what it enforces.

engine                                        limits that it does not enforce
without control groups                        all
Podman without root, control groups 1         all: it drops them
on a kernel without some of them              those
"""

from msgspec import Struct

from stacktest.core.json_data import Json

LIMITS = {
    "memory": "MemoryLimit",
    "processors": "CpuCfsQuota",
    "processor sets": "CPUSet",
    "processes": "PidsLimit",
}
"""A kind of limit → the engine's own word for whether it can be enforced."""


class EngineFacts(Struct, frozen=True, kw_only=True):
    """What an engine is, and what it cannot do."""

    identity: str
    """The same at each question, and another one for another engine."""
    unenforced: tuple[str, ...] = ()
    """Kinds of limits that are taken and have no effect."""
    why: str = ""
    """Why they have none."""
    runs_health_checks: bool = True
    """False: it starts them by timers of systemd, and does not use systemd here."""
    words_rights_as_given: bool = True
    """False: it lists capabilities one by one, as they differ from its own defaults."""
    dates_health: bool = True
    """Whether its events say when a container became healthy."""
    measures_containers: bool = True
    """Whether what it says about a container's use is about that container."""
    answers_beside_name_servers: bool = True
    """Whether it answers for a stack's own names where a container has a `dns` of its own."""

    @property
    def limits_sentence(self) -> str:
        """Which limits are not enforced, and why; empty: all are."""
        if not self.unenforced:
            return ""
        return f"limits of {', '.join(self.unenforced)} are not enforced: {self.why}"


def docker_facts(info: Json) -> EngineFacts:
    """What Docker's document about itself says."""
    identity = str(info.get("ID", ""))
    if info.get("CgroupDriver") == "none":
        why = (
            "this engine runs without control groups, as Docker does in rootless mode on version 1"
        )
        return EngineFacts(
            identity=identity, unenforced=tuple(LIMITS), why=why, measures_containers=False
        )
    lacking = tuple(name for name, key in LIMITS.items() if info.get(key) is False)
    return EngineFacts(identity=identity, unenforced=lacking, why="the engine's kernel lacks them")


def podman_facts(info: Json, own_info: Json) -> EngineFacts:
    """What Podman says, to Docker's clients and in its own words; its `ID` changes each time."""
    host = own_info.get("host") or {}
    identity = f"podman {info.get('Name', '')} {info.get('DockerRootDir', '')}"
    is_rootless = (host.get("security") or {}).get("rootless") is True
    drops_limits = is_rootless and host.get("cgroupVersion") == "v1"
    return EngineFacts(
        identity=identity,
        unenforced=tuple(LIMITS) if drops_limits else (),
        why="Podman without root drops them where control groups are of version 1",
        runs_health_checks=host.get("cgroupManager") != "cgroupfs",
        words_rights_as_given=False,
        dates_health=False,
        measures_containers=not drops_limits,
        answers_beside_name_servers=False,
    )
