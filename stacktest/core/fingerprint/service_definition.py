"""The part of a service definition that counts for the fingerprint, in a comparable form.

    left out                             why
    ----------------------------------   ------------------------------------------------------
    environment, env_file                they are in the part `env`
    depends_on, profiles                 they set when it starts, not what runs
    x-*, labels `stacktest.*`            only stacktest, or YAML itself, reads them
    develop, attach, pull_policy         they control development and pulls, not what runs
    null, {} and values of DEFAULTS      some versions of Compose print them, others do not
    `restart: "no"`, `scale: 1` …        written-out defaults (WRITTEN_OUT) change nothing
    image                                its content is in the part `image`; a mirror renames it
    the project's name and folder        it is the same service in another checkout

Lists that Compose treats as sets are sorted (SETS); all others keep their order: `command`,
`entrypoint`, `volumes`, `dns`, `extra_hosts` and whatever a later Compose adds.
"""

from collections.abc import Mapping

from msgspec import Struct, field

from stacktest.core.fingerprint.digest import canonical
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack

LEFT_OUT = frozenset(
    ("environment", "env_file", "depends_on", "profiles", "develop", "attach", "pull_policy")
)

WRITTEN_OUT: Mapping[tuple[str, str], Json] = {
    ("", "restart"): "no",
    ("", "scale"): 1,
    ("deploy", "replicas"): 1,
    ("deploy", "mode"): "replicated",
    **{("", key): False for key in ("privileged", "read_only", "tty", "stdin_open")},
    ("", "oom_kill_disable"): False,
    ("", "oom_score_adj"): 0,
    ("healthcheck", "interval"): "30s",
    ("healthcheck", "timeout"): "30s",
    ("healthcheck", "retries"): 3,
    ("healthcheck", "start_period"): "0s",
    ("healthcheck", "disable"): False,
    ("volumes", "read_only"): False,
    ("networks", "internal"): False,
    ("networks", "attachable"): False,
}
"""(section, key) → the engine's default for the key."""

SETS = frozenset(
    (
        *("cap_add", "cap_drop", "configs", "device_cgroup_rules", "devices", "expose"),
        *("external_links", "group_add", "links", "networks", "ports", "secrets"),
        *("security_opt", "tmpfs", "aliases", "link_local_ips", "capabilities", "platforms"),
    )
)

DEFAULTS: Mapping[tuple[str, str], Json] = {
    ("ports", "mode"): "ingress",
    ("ports", "protocol"): "tcp",
    ("bind", "create_host_path"): True,
    ("devices", "permissions"): "rwm",
    ("build", "dockerfile"): "Dockerfile",
}

#: For these keys an empty list overrides the image's value; for any other key it has no effect.
EMPTY_COUNTS = frozenset(("command", "entrypoint"))

NEWEST = 7
"""The first version of the fingerprint that counts names below `_NAMES` which begin with `x-`."""

SECTIONS = ("networks", "volumes", "configs", "secrets")


class ProjectPaths(Struct, frozen=True, kw_only=True):
    """Turns absolute paths into paths relative to the project, independent of its location."""

    roots: tuple[str, ...]
    """The paths of the project's folder: as given, and without symbolic links."""
    outside: Mapping[str, str] = field(default_factory=dict)
    """Absolute path -> as written (`../shared`, `~/x`), for paths that leave the project."""

    def portable(self, path: Json) -> Json:
        """`./x` for a path in the project, `../x` for one written so, else the path itself."""
        if not isinstance(path, str):
            return path
        for root in self.roots:
            if path == root:
                return "."
            if path.startswith(f"{root}/"):
                return "./" + path[len(root) + 1 :]
        return self.outside.get(path, path)


def projected(
    stack: Stack, service: Service, paths: ProjectPaths, version: int = NEWEST
) -> dict[str, Json]:
    """The resolved service and the networks, volumes … that it uses, key by key.

    `version` is that of the fingerprint: older projections are needed to carry old digests over.
    """
    definition = dict(service.definition)
    _relocate(definition, paths)
    if version > 1:
        definition.pop("image", None)
    rows = _counted(definition, version)
    for section, name in used_definitions(stack, service):
        used = (stack.definitions.get(section) or {}).get(name)
        plain = _definition(stack, name, used, paths)
        rows[f"{section}.{name}"] = plain_definition(plain, section, version)
    return rows if version > 1 else _doubled(rows)


def used_definitions(stack: Stack, service: Service) -> tuple[tuple[str, str], ...]:
    """(section, name) of every top-level network, volume, config and secret that is used."""
    return tuple(
        (section, name)
        for section in SECTIONS
        for name in sorted(mentioned(service.definition.get(section)))
        if name in (stack.definitions.get(section) or {})
    )


def mentioned(value: Json) -> set[str]:
    """Names that a service's `networks`, `volumes`, `configs` or `secrets` may refer to."""
    if isinstance(value, dict):
        names = {str(name) for name in value}
        tag = next(iter(names), "")
        # The YAML reader returns `!override [a, b]` as `{"!override": [a, b]}`.
        return mentioned(value[tag]) if tag.startswith("!") else names
    items = value if isinstance(value, list) else []
    sources = (item.get("source") if isinstance(item, dict) else item for item in items)
    return {str(source).partition(":")[0] for source in sources if source}


def projected_as_written(definition: Mapping[str, Json], version: int = NEWEST) -> dict[str, Json]:
    """The projection of a service as a YAML file writes it, environment included."""
    # `FOO:` passes the caller's FOO on: here null has a meaning, so nothing is dropped.
    environment = {
        key: definition[key] for key in ("environment", "env_file") if definition.get(key)
    }
    return _counted(definition, version) | environment


def plain_definition(definition: Json, section: str = "", version: int = NEWEST) -> Json:
    """A top-level definition without empty values, defaults and other parts that do not count."""
    plain = _plain(definition, "", version)
    return plain if version == 1 or not isinstance(plain, dict) else _short(plain, section)


# Private


def _doubled(value: Json) -> Json:
    """The value as version 1 read it: with every `$` doubled, as Compose prints it."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {_doubled(name): _doubled(item) for name, item in value.items()}
    return [_doubled(item) for item in value] if isinstance(value, list) else value


def _short(rows: dict[str, Json], section: str = "") -> dict[str, Json]:
    """The rows without written-out defaults, and with limits in their long form."""
    remaining = {n: v for n, v in rows.items() if not _is_default(section, n, v)}
    if section:
        return remaining
    for name in ("deploy", "healthcheck"):
        if isinstance(remaining.get(name), dict):
            remaining[name] = _short(remaining[name], name)
            if not remaining[name]:
                del remaining[name]
    if isinstance(remaining.get("ulimits"), dict):
        remaining["ulimits"] = {
            name: {"soft": value, "hard": value} if isinstance(value, int) else value
            for name, value in remaining["ulimits"].items()
        }
    if isinstance(remaining.get("volumes"), list):
        remaining["volumes"] = [
            _short(item, "volumes") if isinstance(item, dict) else item
            for item in remaining["volumes"]
        ]
    return remaining


def _is_default(section: str, name: str, value: Json) -> bool:
    default = WRITTEN_OUT.get((section, name), _ABSENT)
    # 1 equals True in Python, but is not a default of True; some versions write "1".
    return default == value and isinstance(default, bool) == isinstance(value, bool)


def _counted(definition: Mapping[str, Json], version: int) -> dict[str, Json]:
    rows: dict[str, Json] = {}
    for key, value in definition.items():
        if key in LEFT_OUT or str(key).startswith("x-"):
            continue
        if key in ("configs", "secrets"):
            plain = _plain(_without_target(str(key), value), str(key), version)
        else:
            plain = _labels(value) if key == "labels" else _plain(value, str(key), version)
        if not _is_empty(str(key), plain):
            rows[str(key)] = plain
    return rows if version == 1 else _short(rows)


def _plain(value: Json, key: str, version: int) -> Json:
    """`value` without empty values and defaults, and with SETS sorted; `key` is its key."""
    if isinstance(value, dict):
        if key == "networks":
            # A network without options is null in some versions of Compose and {} in others.
            return {
                str(name): _plain(options or {}, "", version) for name, options in value.items()
            }
        has_names = version >= NEWEST and key in _NAMES
        rows: dict[str, Json] = {}
        for name, item in ((str(name), item) for name, item in value.items()):
            # Most values are texts: a call for each of them would take half of the time.
            plain = (
                _plain(item, "" if key in _NAMES else name, version)
                if isinstance(item, _NESTED)
                else item
            )
            if (
                not _is_empty(name, plain)
                and (has_names or not name.startswith("x-"))
                and DEFAULTS.get((key, name), _ABSENT) != plain
            ):
                rows[name] = plain
        return rows
    if isinstance(value, list | tuple):
        items = [
            _plain(item, key, version) if isinstance(item, _NESTED) else item for item in value
        ]
        return sorted(items, key=canonical) if key in SETS and len(items) > 1 else items
    return value


_NAMES = frozenset(
    (
        *("labels", "sysctls", "driver_opts", "options", "annotations", "args", "storage_opt"),
        *("extra_hosts", "additional_contexts", "aux_addresses"),
    )
)
"""Keys whose entries have names that the user chooses, not keys of Compose."""
_ABSENT = object()
_NESTED = (dict, list, tuple)


def _is_empty(key: str, value: Json) -> bool:
    return value is None or (value in ({}, []) and key not in EMPTY_COUNTS)


def _labels(labels: Json) -> Json:
    """Labels as a mapping or a list, without those that only stacktest reads."""
    if isinstance(labels, dict):
        return {k: v for k, v in labels.items() if not str(k).startswith("stacktest.")}
    items = labels if isinstance(labels, list) else []
    return sorted(str(item) for item in items if not str(item).startswith("stacktest."))


def _without_target(section: str, items: Json) -> Json:
    """Drops a target that is Compose's default; newer versions print it."""
    own = "/run/secrets/" if section == "secrets" else "/"
    return [
        {k: v for k, v in item.items() if k != "target" or v != f"{own}{item.get('source')}"}
        if isinstance(item, dict)
        else item
        for item in (items or [])
    ]


def _relocate(definition: dict[str, Json], paths: ProjectPaths) -> None:
    """Makes the paths portable that Compose turned into absolute ones."""
    volumes = definition.get("volumes")
    if isinstance(volumes, list):
        definition["volumes"] = [
            {**item, "source": paths.portable(item.get("source"))}
            if isinstance(item, dict) and item.get("type") == "bind"
            else item
            for item in volumes
        ]
    build = definition.get("build")
    if isinstance(build, dict):
        contexts = build.get("additional_contexts")
        definition["build"] = {
            **build,
            "context": paths.portable(build.get("context")),
            "dockerfile": paths.portable(build.get("dockerfile")),
            "additional_contexts": _each(contexts, paths) if contexts else None,
        }
    for key, name in (("credential_spec", "file"), ("extends", "file")):
        value = definition.get(key)
        if isinstance(value, dict):
            definition[key] = {**value, name: paths.portable(value.get(name))}
    if isinstance(definition.get("label_file"), list):
        definition["label_file"] = [paths.portable(item) for item in definition["label_file"]]


def _each(values: Json, paths: ProjectPaths) -> Json:
    if isinstance(values, dict):
        return {name: paths.portable(value) for name, value in values.items()}
    return values


def _definition(stack: Stack, name: str, definition: Json, paths: ProjectPaths) -> Json:
    """One top-level definition, without the name that Compose makes from the project's."""
    if not isinstance(definition, dict):
        return definition
    rows = {
        key: value
        for key, value in definition.items()
        if not (key == "name" and value == f"{stack.name}_{name}")
    }
    if "file" in rows:
        rows["file"] = paths.portable(rows["file"])
    options = rows.get("driver_opts")
    if isinstance(options, dict) and "device" in options:
        rows["driver_opts"] = {**options, "device": paths.portable(options["device"])}
    return rows
