"""Finds the process id of a container's main process on this machine, if it is certain."""

from pathlib import Path

from stacktest.core.json_data import Json


def local_pid(document: Json) -> int | None:
    """The process id on this machine; None if the engine's ids are of another machine or namespace.

    The id counts only if the kernel's control group of that process holds the container's id.
    """
    pid = int(document["State"].get("Pid") or 0)
    group = Path(f"/proc/{pid}/cgroup")
    try:
        is_here = pid > 0 and str(document["Id"]) in group.read_text(encoding="utf-8")
    except OSError:
        return None
    return pid if is_here else None
