"""The main process of a container as a process of this machine, where it certainly is that one."""

from pathlib import Path

from stacktest.core.json_data import Json


def local_pid(document: Json) -> int | None:
    """Its process id here; None where the engine counts processes of another place.

    An engine on another machine, or in a namespace of its own, names an id that is not ours: the
    kernel's group of that process has to carry the container's id.
    """
    pid = int(document["State"].get("Pid") or 0)
    group = Path(f"/proc/{pid}/cgroup")
    try:
        is_here = pid > 0 and str(document["Id"]) in group.read_text(encoding="utf-8")
    except OSError:
        return None
    return pid if is_here else None
