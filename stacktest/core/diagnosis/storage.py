"""Diagnoses failed reads and writes: a full disk, a read-only mount, missing rights or files.

It is decided by a log line of the program that names a path, and by the mount with that path.
"""

import re
import shlex
from collections.abc import Iterable

from stacktest.core.compose_command import compose_command, docker_command
from stacktest.core.diagnosis.diagnosis import Diagnosis, edit_command, in_turn, shown_place
from stacktest.core.diagnosis.error_line import error_line
from stacktest.core.diagnosis.facts import Facts, ServiceFacts
from stacktest.core.diagnosis.mounted_file import mount_of, paths_in


def diagnose_service(facts: Facts, service: ServiceFacts, lines: Iterable[str]) -> Diagnosis | None:
    """The diagnosis from the last of the lines that has a known cause."""
    for line in reversed([*lines, service.error]):
        for pattern, explain in _CAUSES:
            if pattern.search(line) and (diagnosis := explain(facts, service, line)):
                return diagnosis
    return None


# Private


def _full(facts: Facts, service: ServiceFacts, line: str) -> Diagnosis:
    name = service.name
    mount = mount_of(service, line)
    place = f" at {mount.target}" if mount else ""
    words = ("exec", "-T", name, "df", "-h", *([mount.target] if mount else []))
    return Diagnosis(
        service=name,
        sentence=f"{name} has no space left{place}: {error_line([line])}",
        command=compose_command(facts.stack, *words)
        if service.is_running
        else docker_command(facts.stack, "system", "df"),
    )


def _read_only(facts: Facts, service: ServiceFacts, line: str) -> Diagnosis | None:
    name, mount, path = service.name, mount_of(service, line), _path(line)
    up = compose_command(facts.stack, "up", "-d", services=[name])
    if mount is not None and mount.is_read_only:
        place = facts.mount_line(name, f"{mount.target}:ro")
        edit = edit_command(place, f"{mount.target}:ro", mount.target)
        return Diagnosis(
            service=name,
            sentence=f"{name} cannot write {path}: {mount.target} is mounted read-only"
            f"{shown_place(place)}",
            before="" if edit else f"make the mount of {mount.target} writable",
            command=in_turn(edit, up) or up,
        )
    if mount is None and service.read_only_root and path:
        return Diagnosis(
            service=name,
            sentence=f"{name} cannot write {path}: its file system is read-only"
            f"{shown_place(facts.line(name, 'read_only'))}",
            before=f"give services.{name} a tmpfs or a volume at {path.rpartition('/')[0] or '/'}",
            command=up,
        )
    return None


def _no_rights(facts: Facts, service: ServiceFacts, line: str) -> Diagnosis | None:
    name, mount = service.name, mount_of(service, line)
    uid = service.user.partition(":")[0]
    if mount is None or not mount.owner or not uid or mount.owner.partition(":")[0] == uid:
        return None
    words = ("run", "--rm", "--no-deps", "--user", "0", "--entrypoint", "chown", name)
    chown = compose_command(facts.stack, *words, "-R", service.user, mount.target)
    up = compose_command(facts.stack, "up", "-d", services=[name])
    return Diagnosis(
        service=name,
        sentence=f"{name} may not write {mount.target}: it runs as {service.user}, and "
        f"{mount.source} belongs to {mount.owner}",
        command=in_turn(chown, up),
    )


def _folder_for_file(facts: Facts, service: ServiceFacts, line: str) -> Diagnosis | None:
    mount = mount_of(service, line)
    if mount is None or mount.kind != "folder" or not mount.is_empty or not _is_file(mount.target):
        return None
    name, source = service.name, shlex.quote(mount.source)
    up = compose_command(facts.stack, "up", "-d", "--force-recreate", services=[name])
    restore = f"git checkout -- {source}" if mount.is_tracked else ""
    remove = f"rmdir {source}"
    return Diagnosis(
        service=name,
        sentence=f"{name} has an empty folder at {mount.target}: {mount.source} was not there when "
        "it was mounted, and the engine made a folder of that name",
        before="" if restore else f"{remove}, and put the file in its place",
        command=in_turn(remove, restore, up) or up,
    )


_CAUSES = (
    (re.compile(r"no space left on device|ENOSPC|disk (?:is )?full", re.IGNORECASE), _full),
    (re.compile(r"read-only file system|EROFS", re.IGNORECASE), _read_only),
    (
        re.compile(r"is a directory|EISDIR|not a directory|directory onto a file", re.IGNORECASE),
        _folder_for_file,
    ),
    (re.compile(r"permission denied|EACCES|operation not permitted", re.IGNORECASE), _no_rights),
)


def _path(line: str) -> str:
    return next(iter(reversed(paths_in(line))), "")


def _is_file(target: str) -> bool:
    return "." in target.rpartition("/")[2].lstrip(".")
