"""Which mounted file or folder of this machine a line of a program means by a path."""

import re

from stacktest.core.diagnosis.facts import MountFacts, ServiceFacts


def paths_in(line: str) -> list[str]:
    """The absolute paths of a line, in its order."""
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
    """`file:line` of the mounted file that a line names by `/path:line`; empty where none is."""
    match = _PLACE.search(line)
    mount = mount_of(service, match["path"]) if match else None
    if match is None or mount is None or mount.kind not in {"file", "folder"}:
        return ""
    return f"{mount.source}{match['path'].removeprefix(mount.target)}:{match['line']}"


# Private

_FOLDERS = r"/[\w.@+-]+(?:/[\w.@+-]+)*"
_PATH = re.compile(rf"(?<![\w.:/])({_FOLDERS})")
_PLACE = re.compile(rf"(?<![\w.:/])(?P<path>{_FOLDERS}):(?P<line>\d+)")
