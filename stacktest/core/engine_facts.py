"""The engine's identity, and which limits and features it supports, from its info document.

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
"""A kind of limit → the field of the engine's info that says whether it can be enforced."""


class EngineFacts(Struct, frozen=True, kw_only=True):
    """Identity of an engine, and the features that it lacks."""

    identity: str
    """The same text at every request, and different for another engine."""
    unenforced: tuple[str, ...] = ()
    """Kinds of limits that the engine accepts without effect."""
    why: str = ""
    """Why these limits have no effect."""
    runs_health_checks: bool = True
    """False: the engine starts checks by systemd timers, and does not use systemd here."""
    words_rights_as_given: bool = True
    """False: it lists each capability that differs from its defaults, not those that were given."""
    dates_health: bool = True
    """Whether its events say when a container became healthy."""
    measures_containers: bool = True
    """Whether its usage statistics of a container are about that container."""
    answers_beside_name_servers: bool = True
    """Whether it resolves the stack's own names for a container with its own `dns` setting."""

    @property
    def limits_sentence(self) -> str:
        """Which limits are not enforced, and why; empty: all are."""
        if not self.unenforced:
            return ""
        return f"limits of {', '.join(self.unenforced)} are not enforced: {self.why}"


def docker_facts(info: Json) -> EngineFacts:
    """Facts from the document of `docker info`."""
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
    """Facts from Podman's Docker-compatible and own info; its `ID` changes with every request."""
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
