"""Builds the core's model of the stack from the JSON output of `docker compose config`."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from stacktest.adapters.compose.json_config import read_config
from stacktest.adapters.compose.shape import misshapen
from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.model import Build, Dependency, FileRef, Mount, Port, Service, Stack
from stacktest.core.numbers import whole_number
from stacktest.core.shared_network import container_name, joined_containers
from stacktest.errors import ToolMissingError, UsageError


def read_printed(text: str) -> Json:
    """The document of `read_config`; ToolMissingError if the text is not JSON."""
    try:
        return read_config(text)
    except (ValueError, RecursionError):
        return _mapping(text, "its beginning")


def read_model(
    document: Json,
    *,
    root: Path,
    files: Sequence[Path] = (),
    directory: Path | None = None,
    options: Sequence[str] = (),
    profiles: Sequence[str] = (),
    unreadable: Mapping[str, Service] | None = None,
    unset: Mapping[str, tuple[str, ...]] | None = None,
    path_variables: Mapping[str, str] | None = None,
    naming_variables: Mapping[str, str] | None = None,
) -> Stack:
    """The stack that `docker compose config --format json` describes, with the given extra data."""
    definitions = {
        key: _mapping(document, key) for key in ("networks", "volumes", "configs", "secrets")
    }
    services = {
        name: _service(name, {} if definition is None else definition, definitions)
        for name, definition in sorted(_mapping(document, "services").items())
    }
    project = str(document.get("name") or "")
    owners = {container_name(project, service): name for name, service in services.items()}
    services = {name: _with_joined(service, owners) for name, service in services.items()}
    return Stack(
        name=project,
        root=root,
        services={**(unreadable or {}), **services},
        definitions=definitions,
        compose_files=tuple(str(path) for path in files),
        project_directory=str(directory or root),
        unset_variables=unset or {},
        path_variables=path_variables or {},
        naming_variables=naming_variables or {},
        compose_options=tuple(options),
        enabled_profiles=tuple(profiles),
    )


def refuse_twins(stack: Stack, services: Iterable[str]) -> None:
    """UsageError when two services that are to run together have the same container name."""
    _refuse_twins(stack, services, both_profiles=True)


def refuse_permanent_twins(stack: Stack) -> None:
    """UsageError when two services with the same profiles have the same container name."""
    _refuse_twins(stack, stack.services, both_profiles=False)


# Private

_FOLDERS = {"configs": "/", "secrets": "/run/secrets"}
"""Section → the default folder of its files in a container."""


def _refuse_twins(stack: Stack, services: Iterable[str], *, both_profiles: bool) -> None:
    holder: dict[str, Service] = {}
    for service in (stack.services[name] for name in sorted(services)):
        if not service.container_name:
            continue
        other = holder.setdefault(service.container_name, service)
        if other is service or not (both_profiles or _run_together(other, service)):
            continue
        raise UsageError(
            f"services {other.name} and {service.name} have the same container_name "
            f"{service.container_name!r}",
            where=f"services.{service.name}.container_name in {_shown(stack)}",
            hint="give each its own container_name, or remove both",
        )


def _run_together(service: Service, other: Service) -> bool:
    """True when a choice of profiles that starts one of the two always starts the other as well."""
    return set(service.profiles) == set(other.profiles)


def _shown(stack: Stack) -> str:
    paths = (Path(name) for name in stack.compose_files)
    return ", ".join(
        str(path.relative_to(stack.root)) if path.is_relative_to(stack.root) else str(path)
        for path in paths
    )


def _mapping(document: Json, key: str) -> Mapping[str, Json]:
    is_document = isinstance(document, Mapping)
    value = document.get(key) if is_document else None
    if not is_document or not (value is None or isinstance(value, Mapping)):
        raise ToolMissingError(
            f"docker compose config prints something else than a compose model at {key!r}",
            where="docker compose config --format json",
            hint="stacktest doctor says which Compose this is, and which are known",
        )
    return value or {}


def _service(name: str, definition: Json, definitions: Mapping[str, Json]) -> Service:
    if why := misshapen(definition, definitions):
        return Service(name=name, unreadable=f"services.{name} as Compose prints it: {why}")
    return Service(
        name=name,
        image=definition.get("image", ""),
        profiles=tuple(definition.get("profiles") or ()),
        depends_on=tuple(
            Dependency(
                service=other,
                condition=entry.get("condition", "service_started"),
                required=entry.get("required", True),
            )
            for other, entry in sorted((definition.get("depends_on") or {}).items())
        ),
        ports=tuple(_port(port) for port in definition.get("ports") or ()),
        mounts=_mounts(definition),
        files=_files(definition, definitions, "configs")
        + _files(definition, definitions, "secrets"),
        networks=tuple(sorted(definition.get("networks") or {})),
        build=_build(definition.get("build")),
        has_healthcheck=_has_check(definition.get("healthcheck")),
        restart=definition.get("restart", ""),
        command=tuple(definition["command"]) if definition.get("command") is not None else None,
        container_name=definition.get("container_name", ""),
        labels=dict(definition.get("labels") or {}),
        environment=dict(definition.get("environment") or {}),
        definition=definition,
    )


def _with_joined(service: Service, owners: Mapping[str, str]) -> Service:
    """The service with a dependency on each service whose container it joins by its name.

    Compose adds such dependencies for `service:vpn`, and does not know those for `container:vpn`.
    """
    joined = {owners.get(name, "") for name in joined_containers(service)}
    new = joined - {"", service.name, *(need.service for need in service.depends_on)}
    needs = (*service.depends_on, *(Dependency(service=name) for name in sorted(new)))
    return replace(service, depends_on=needs) if new else service


def _port(port: Json) -> Port:
    published = str(port.get("published") or "")
    return Port(
        target=int(port["target"]),
        # For a range of ports, as for no number, the engine chooses the port.
        published=_number(published) or None,
        host_ip=port.get("host_ip", ""),
        protocol=port.get("protocol", "tcp"),
    )


def _number(text: str) -> int:
    """The port number; 0 if the text is a range, or not a port number."""
    return whole_number(text) or 0


def _mounts(definition: Json) -> tuple[Mount, ...]:
    mounts = [
        Mount(
            kind=item.get("type", ""),
            source=item.get("source", ""),
            target=item.get("target", ""),
            read_only=bool(item.get("read_only", False)),
        )
        for item in definition.get("volumes") or ()
    ]
    tmpfs = definition.get("tmpfs") or ()
    names = [tmpfs] if isinstance(tmpfs, str) else tmpfs
    mounts += [Mount(kind="tmpfs", source="", target=str(item).split(":")[0]) for item in names]
    return tuple(mounts)


def _files(definition: Json, definitions: Mapping[str, Json], key: str) -> tuple[FileRef, ...]:
    items = definition.get(key) or ()
    entries = [{"source": item} if isinstance(item, str) else item for item in items]
    names = [entry.get("source", "") for entry in entries]
    return tuple(
        FileRef(
            name=name,
            path=(definitions[key].get(name) or {}).get("file", ""),
            secret=key == "secrets",
            target=posixpath.join(_FOLDERS[key], entry.get("target") or name),
        )
        for name, entry in zip(names, entries, strict=True)
    )


def _build(build: Json) -> Build | None:
    if build is None:
        return None
    return Build(
        context=build.get("context", ""),
        dockerfile=build.get("dockerfile", "Dockerfile"),
        target=build.get("target", ""),
        arguments=tuple(sorted(build.get("args") or {})),
        inline=bool(build.get("dockerfile_inline")),
        contexts=_contexts(build.get("additional_contexts")),
    )


def _contexts(contexts: Json) -> dict[str, str]:
    """Name → absolute path or address."""
    if isinstance(contexts, list):
        return dict(str(entry).partition("=")[::2] for entry in contexts)
    return {str(name): str(path) for name, path in (contexts or {}).items()}


def _has_check(check: Json) -> bool:
    """Whether the compose file defines a health check; an image's own check is not known here."""
    if not isinstance(check, Mapping) or check.get("disable"):
        return False
    test = check.get("test")
    return bool(test) and test != ["NONE"]
