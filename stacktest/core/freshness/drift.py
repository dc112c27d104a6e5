"""Whether a container is what the files say, from what the engine says about it.

    reason                       what it means
    container:exited 3           it exists but does not run (a job may have ended with 0)
    container:unhealthy          its health check fails
    container:restarting         the engine starts it again and again
    container:3 of them          more containers than one
    image:newer behind the tag   the tag names another image now: pulled or built, not recreated
    env:NAME                     a variable has another value, is missing, or should be gone
    command, entrypoint          what it was started with is not what the definition says
    mount:/target                a mount is missing, or binds another source
    stale:path                   a mounted file changed after the container was started

Values are compared and dropped; reasons hold names only.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from stacktest.core.model import Json, Service
from stacktest.core.unknown import Unknown

PODMANS = frozenset({"container", "HOME", "HOSTNAME", "TERM"})
"""Variables that Podman sets in every container where nobody else does."""


def state_drift(inspect: Json, *, is_job: bool) -> tuple[str, ...]:
    """Why the container is not running and healthy, from its `docker inspect` document."""
    state = inspect["State"]
    status = state["Status"]
    if status == "exited" and is_job and state.get("ExitCode") == 0:
        return ()
    if status == "restarting":
        return ("container:restarting",)
    if status != "running":
        return (f"container:{status} {state.get('ExitCode', '')}".rstrip(),)
    health = (state.get("Health") or {}).get("Status", "")
    return (f"container:{health}",) if health == "unhealthy" else ()


def image_drift(inspect: Json, tagged: Json | Unknown) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Drift of the image against the one that the tag names now, and what could not be verified."""
    if isinstance(tagged, Unknown):
        return (), (f"live:image: {tagged.why}",)
    is_same = inspect["Image"] == tagged["Id"]
    return (() if is_same else ("image:newer behind the tag",)), ()


def env_drift(service: Service, inspect: Json, image: Json | Unknown) -> tuple[str, ...]:
    """Names of variables whose value is not what the definition and the image say."""
    actual = _variables(inspect["Config"].get("Env"))
    declared = {name: value for name, value in service.environment.items() if value is not None}
    reasons = {f"env:{name}" for name, value in declared.items() if actual.get(name) != value}
    if not isinstance(image, Unknown):
        inherited = _variables((image.get("Config") or {}).get("Env"))
        extra = set(actual) - set(declared) - set(inherited) - set(service.environment)
        if actual.get("container") == "podman":
            extra -= PODMANS
        reasons |= {f"env:{name}" for name in extra}
    return tuple(sorted(reasons))


def command_drift(service: Service, inspect: Json) -> tuple[str, ...]:
    """Whether command and entrypoint are those of the definition, where it sets them."""
    definition = service.definition or {}
    pairs = (("command", "Cmd"), ("entrypoint", "Entrypoint"))
    return tuple(
        key
        for key, name in pairs
        if definition.get(key) is not None
        and list(definition[key]) != list(inspect["Config"].get(name) or [])
    )


def mount_drift(service: Service, inspect: Json) -> tuple[str, ...]:
    """Targets whose mount is missing, binds another source, or should not be there."""
    actual = {mount["Destination"]: mount for mount in inspect.get("Mounts") or ()}
    declared = {mount.target: mount for mount in service.mounts if mount.kind in ("bind", "volume")}
    wrong = {
        target
        for target, mount in declared.items()
        if target not in actual
        or (mount.kind == "bind" and actual[target].get("Source") != mount.source)
    }
    binds = {target for target, mount in actual.items() if mount.get("Type") == "bind"}
    files = {str(target) for target in _file_targets(service)}
    wrong |= binds - set(declared) - files
    return tuple(f"mount:{target}" for target in sorted(wrong))


def stale_inputs(changed: Mapping[str, datetime], started: datetime) -> tuple[str, ...]:
    """`stale:path` for each mounted input that changed after the container was started.

    `changed` maps a path to its change time (ctime, not mtime: `rsync -t` restores the latter).
    """
    return tuple(f"stale:{path}" for path, moment in sorted(changed.items()) if moment > started)


def count_drift(containers: int, replicas: int) -> tuple[str, ...]:
    """Whether there are as many containers as the definition asks for."""
    return () if containers == replicas else (f"container:{containers} of {replicas}",)


# Private


def _variables(entries: Iterable[str] | None) -> dict[str, str]:
    return dict(entry.partition("=")[::2] for entry in entries or ())


def _file_targets(service: Service) -> Iterable[str]:
    """Where Compose mounts `configs:` and `secrets:` files."""
    definition = service.definition or {}
    for kind in ("configs", "secrets"):
        for entry in definition.get(kind) or ():
            default = (
                f"/run/secrets/{entry['source']}" if kind == "secrets" else f"/{entry['source']}"
            )
            target = entry.get("target") or default
            yield target if target.startswith("/") else f"/run/secrets/{target}"
