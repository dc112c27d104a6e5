"""Maps a path in a program's log line to the mounted file or folder of this machine."""

import re

from stacktest.core.diagnosis.facts import MountFacts, ServiceFacts


def paths_in(line: str) -> list[str]:
    """The absolute paths in a line, in the order of the line."""
    return _PATH.findall(line)


def mount_of(service: ServiceFacts, line: str) -> MountFacts | None:
    """The innermost mount that holds a path of the line."""
    mounts = [
        mount
        for mount in service.mounts
        for path in paths_in(line)
        if path == mount.target or path.startswith(f"{mount.target.rstrip('/')}/")
    ]
    return max(mounts, key=lambda mount: len(mount.target), default=None)


def place_in(service: ServiceFacts, line: str) -> str:
    """`file:line` on this machine for `/path:line` in a log line; empty if it is not mounted."""
    match = _PLACE.search(line)
    mount = mount_of(service, match["path"]) if match else None
    if match is None or mount is None or mount.kind not in {"file", "folder"}:
        return ""
    return f"{mount.source}{match['path'].removeprefix(mount.target)}:{match['line']}"


# Private

_FOLDERS = r"/[\w.@+-]+(?:/[\w.@+-]+)*"
_PATH = re.compile(rf"(?<![\w.:/])({_FOLDERS})")
_PLACE = re.compile(rf"(?<![\w.:/])(?P<path>{_FOLDERS}):(?P<line>\d+)")
