"""Drift: differences between a container, as the engine describes it, and the stack's files.

    reason                       meaning
    container:exited 3           it exists but does not run (a job is allowed to end with 0)
    container:unhealthy          its health check fails
    container:restarting         the engine restarts it again and again
    container:3 of them          more than one container
    image:newer behind the tag   the tag names another image now: pulled or built, not recreated
    image:app:2 is not here      no image has the tag that the file names; another image runs
    env:NAME                     a variable has another value, is missing, or is not declared
    definition:user              a key of the definition differs (`freshness.definition`)
    command, entrypoint          it was started with another one than the definition's
    mount:/target                a mount is missing, binds another source, or is not declared
    content:/target              an inline `configs:` or `secrets:` entry has other content, or
                                 the engine's host has other files there than this machine
    network:name, volume:name    it exists with other options than in the files
    name:web: x has it, too      the front door may get the answer of another container
    container:vpn was restarted  its network is that of another container, which was started later
    stale:path                   a mounted file changed after the container was started
    folder:/srv/clone            beside any of these: it was made from another folder
    files:prod.yml               beside any of these: it was made with a file not read here
    unbuilt:context/app.py       it changed, and the image was not built since

Values are only compared; reasons contain names, never values.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from stacktest.core.fingerprint.fingerprint import image_part
from stacktest.core.json_data import Json
from stacktest.core.model import Mount, Service, Stack
from stacktest.core.unknown import Unknown

PODMANS = frozenset({"container", "HOME", "HOSTNAME", "TERM"})
"""Variables that Podman sets in every container that does not set them itself."""

Reasons = tuple[str, ...]


def state_drift(inspect: Json, *, is_job: bool) -> Reasons:
    """Why the container is not running and healthy, from its `docker inspect` document."""
    state = inspect["State"]
    status = state["Status"]
    if status == "exited" and is_job and state.get("ExitCode") == 0:
        return ()
    if status == "restarting":
        return ("container:restarting",)
    if status != "running":
        code = state.get("ExitCode", "") if status in _ENDED else ""
        return (f"container:{status} {code}".rstrip(),)
    health = (state.get("Health") or {}).get("Status", "")
    return (f"container:{health}",) if health == "unhealthy" else ()


def image_drift(
    inspect: Json, tagged: Json | Unknown, running: Json | Unknown, tag: str
) -> tuple[Reasons, Reasons]:
    """Drift of the image from the one that its tag names now, and what could not be verified.

    Another image with the same layers and the same runtime configuration counts as the same: from
    a mirror, or built again with other labels.
    """
    if isinstance(tagged, Unknown):
        # The container was started from this tag, which was removed since; no file changed.
        if (inspect.get("Config") or {}).get("Image") in (tag, inspect["Image"]):
            return (), (f"live:image: {tagged.why}",)
        return (f"image:{tag} is not here",), ()
    if inspect["Image"] == tagged["Id"]:
        return (), ()
    parts = (image_part(tagged).value, image_part(running).value)
    is_same = parts[0] == parts[1] and not isinstance(parts[0], Unknown)
    return (() if is_same else ("image:newer behind the tag",)), ()


def env_drift(
    service: Service,
    inspect: Json,
    image: Json | Unknown,
    client: Mapping[str, str] | None = None,
    *,
    by_definition: bool = False,
) -> Reasons:
    """`env:NAME` for each variable whose value differs from the definition's and the image's.

    `client` are the variables that the engine's client adds by its own configuration (proxies).
    `by_definition`: the container has the hash of the definition, so proxies that the definition
    does not name were added by a client, perhaps by that of another person.
    """
    actual = _variables(inspect["Config"].get("Env"))
    declared = {name: value for name, value in service.environment.items() if value is not None}
    reasons = {f"env:{name}" for name, value in declared.items() if actual.get(name) != value}
    if not isinstance(image, Unknown):
        inherited = _variables((image.get("Config") or {}).get("Env"))
        others = actual.items() - inherited.items()
        extra = {name for name, _ in others} - set(declared)
        extra -= {name for name, value in (client or {}).items() if actual.get(name) == value}
        if actual.get("container") == "podman":
            extra -= PODMANS
        if by_definition:
            extra -= {name for name in extra if name.lower().endswith("_proxy")}
        reasons |= {f"env:{name}" for name in extra}
    return tuple(sorted(reasons))


def mount_drift(
    service: Service,
    stack: Stack,
    inspect: Json,
    image: Json | Unknown,
    *,
    inherited: Iterable[Mount] = (),
    resolve: Callable[[str], str] = str,
) -> Reasons:
    """`mount:TARGET` for each mount that is missing, binds another source, or is not declared.

    `inherited` are the mounts of `volumes_from`; `resolve` gives a path without symbolic links.
    """
    actual = {mount["Destination"]: mount for mount in inspect.get("Mounts") or ()}
    declared = {m.target: m for m in service.mounts if m.kind in ("bind", "volume")}
    wrong = {
        target
        for target, mount in declared.items()
        if target not in actual or not _is_mounted(mount, actual[target], stack, resolve)
    }
    files = dict(file_targets(service))
    wrong |= {
        target
        for target, path in files.items()
        if path and resolve(str((actual.get(target) or {}).get("Source"))) != resolve(path)
    }
    others = set(declared) | set(files) | {mount.target for mount in inherited}
    own = {m.target for m in service.mounts} | others | _image_volumes(image)
    wrong |= {
        target
        for target, mount in actual.items()
        if (mount.get("Type") == "bind" and target not in others)
        or (mount.get("Type") == "volume" and target not in own and "*" not in own)
    }
    return tuple(f"mount:{target}" for target in sorted(wrong))


def file_targets(service: Service) -> Iterable[tuple[str, str]]:
    """Target of each entry of `configs:` and `secrets:`, and its file; empty for inline ones."""
    definition = service.definition or {}
    paths = {(file.secret, file.name): file.path for file in service.files}
    for kind, folder in (("configs", "/"), ("secrets", "/run/secrets/")):
        for entry in definition.get(kind) or ():
            source = entry["source"] if isinstance(entry, dict) else str(entry)
            target = (entry.get("target") if isinstance(entry, dict) else "") or source
            path = paths.get((kind == "secrets", source), "")
            yield (target if target.startswith("/") else f"{folder}{target}"), path


def content_drift(
    expected: Mapping[str, str], actual: Mapping[str, str | Unknown]
) -> tuple[Reasons, Reasons]:
    """Inline `configs:` and `secrets:` with other content in the container, compared by digest.

    The second result names those that could not be verified.
    """
    rows = sorted(actual.items())
    wrong = tuple(
        f"content:{target}"
        for target, digest in rows
        if not isinstance(digest, Unknown) and digest != expected[target]
    )
    return wrong, tuple(f"live:{x.why}" for _, x in rows if isinstance(x, Unknown))


def stale_inputs(changed: Mapping[str, datetime], started: datetime) -> Reasons:
    """`stale:path` for each mounted input that changed after the container was started.

    `changed` maps a path to its change time (ctime, not mtime: `rsync -t` restores the latter).
    """
    return tuple(f"stale:{path}" for path, moment in sorted(changed.items()) if moment > started)


def network_drift(owner: str, owner_started: datetime, name: str, started: datetime) -> Reasons:
    """A reason if the container in whose network `name` runs was started after `name`.

    Then `name` has no working network any more: the network that it joined is gone.
    """
    if started >= owner_started:
        return ()
    return (f"container:{owner} was restarted after {name}",)


def count_drift(containers: int, replicas: int) -> Reasons:
    """A reason if the number of containers differs from the definition's replicas."""
    return () if containers == replicas else (f"container:{containers} of {replicas}",)


# Private

_ENDED = ("exited", "dead")
"""States of a container that have a meaningful exit code."""


def _variables(entries: Iterable[str] | None) -> dict[str, str]:
    # The engine keeps a name without a value, which sets nothing.
    return dict(entry.partition("=")[::2] for entry in entries or () if "=" in entry)


def _is_mounted(mount: Mount, actual: Json, stack: Stack, resolve: Callable[[str], str]) -> bool:
    if actual.get("Type") not in (None, mount.kind):
        return False
    if mount.kind == "bind":
        source = str(actual.get("Source"))
        is_source = source == mount.source or resolve(source) == resolve(mount.source)
    else:
        is_source = not mount.source or actual.get("Name") in (
            None,
            volume_name(stack, mount.source),
        )
    return is_source and actual.get("RW", not mount.read_only) is not mount.read_only


def volume_name(stack: Stack, volume: str) -> str:
    """The name that a volume of the stack has on the engine."""
    definition = (stack.definitions.get("volumes") or {}).get(volume) or {}
    return str(definition.get("name") or f"{stack.name}_{volume}")


def _image_volumes(image: Json | Unknown) -> set[str]:
    """Targets of the volumes that the image declares; `*` if they are not known."""
    if isinstance(image, Unknown):
        return {"*"}
    return set((image.get("Config") or {}).get("Volumes") or ())
