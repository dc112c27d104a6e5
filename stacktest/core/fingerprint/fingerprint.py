"""The fingerprint of a service in five named parts, and which of them changed.

    part     counts                                          does not count
    ------   ---------------------------------------------   --------------------------------------
    image    system, layers and runtime configuration of     tags, registries, RepoDigests, Id (it
             the image that the container runs               differs between image stores), labels,
                                                             build history, creation time
    config   files of bind mounts in the project, those      .gitignore, empty folders, owners,
             of `volumes_from` included, of `configs:`       times, editor files; untracked files
             and `secrets:`, of configs/<service>/,          below writable mounts and declared
             declared extras                                 ignores (both are listed); of docs
                                                             pages, the line of `stacktest ack`
    env      the environment as Compose resolved it          order, list or map form, variables that
             (env_file, interpolation, pass-through)         are not set
    stanza   the resolved service definition and the         see `service_definition`: the image's
             networks, volumes, configs, secrets it          name, defaults written out
             uses; the front door's configuration for
             its host names
    build    Dockerfile, contexts after .dockerignore,       comments, values of build arguments
             names of build arguments                        (in `stanza`), files in .dockerignore

A part is 16 hex digits, `none` (the service has no such part) or `Unknown` with a reason. All
parts but `image` are signed with the stack's key, since any file may contain a secret, whatever its
name, and four digits can be guessed from a plain digest in seconds. Parts signed with different
keys cannot be compared: they are neither equal nor changed. `repo` can be compared between machines
without key and images: it is made from the service definition as written and the tracked files.

Known limits: a running container may have read an earlier content of its files (see freshness); a
remote build context counts by its address only; a value in an image's own environment is hashed,
not signed.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct, field

from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.carried import digest_of
from stacktest.core.fingerprint.digest import DIGEST_LENGTH, Key, RowDigests, digest
from stacktest.core.fingerprint.file_tree import Entry, tree_detail, tree_digest
from stacktest.core.fingerprint.service_definition import ProjectPaths, projected
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.routing import route_rows
from stacktest.core.unknown import Unknown

FINGERPRINT_VERSION = 7
PARTS = ("image", "config", "env", "stanza", "build")
NONE = "none"
ROUTE = "route."
"""Prefix of the rows of a definition that are about host names."""
KEYED = ("env", "stanza")
_SIGNED_FILES = 3
"""The first version that signs the parts that are made of files."""

OTHER_KEY = "was signed with another key"
"""Why a part cannot be compared although both sides are known."""

#: Keys of an image's Config that affect its containers.
RUNTIME = (
    *("Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Shell"),
    *("StopSignal", "StopTimeout", "User", "Volumes", "WorkingDir"),
)

WRITTEN = "compose"
"""Name of the definition in the detail of the repository's digest; other names are paths."""


class Part(Struct, frozen=True, kw_only=True):
    """One part: its digest, the digests of its ingredients by name, and whether it is signed."""

    value: str | Unknown
    detail: Mapping[str, str] = field(default_factory=dict)
    keyed: bool = False
    """Whether it is signed with the key, so that it cannot be compared under another key."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """The files that a container and its image were made from, with their times; never recorded."""

    mount_file_times: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Label of a mounted file or folder → when it changed; a folder's label ends with `/`.

    Symbolic links in the paths to it are included.
    """
    missing_mounts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Label of a mounted path that no longer exists → its target in the container."""
    build_file_times: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Label of a file that the image is built from → when it changed."""
    image_files: frozenset[str] = frozenset()
    """Labels of `build_file_times` whose files the image certainly contains."""
    definition_time: float = 0.0
    """When a compose or env file last changed: a later build used the current `build:` section."""
    contents: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """Target of an inline entry of `configs:` or `secrets:` → sha256 of its content."""
    legacy_digests: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Label of an acknowledged page → its digest as versions up to 4 made it."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """The parts of one service at one moment."""

    parts: Mapping[str, str | Unknown]
    repo: str | Unknown
    key_id: str
    """The id of the key that signed; empty without a key."""
    version: int = FINGERPRINT_VERSION
    keyed: tuple[str, ...] = KEYED
    """Parts that only compare under the same `key_id`."""
    detail: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    """Part -> name -> digest; only ever written below `.stacktest/`."""
    left_out: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """Reason -> mounted paths that were not read for this reason."""
    doubts: Mapping[str, str] = dataclasses.field(default_factory=dict, compare=False)
    """Part → why a difference in it may be none: what belongs to it could not be read."""
    carried: Mapping[int, str] = dataclasses.field(default_factory=dict, compare=False)
    """Older version of the algorithm → the digest that it computes."""
    carried_repo: Mapping[int, str] = dataclasses.field(default_factory=dict, compare=False)
    """Older version of the algorithm → the digest of `repo` that it computes."""
    base_image: str = dataclasses.field(default="", compare=False)
    """The image that the build's last stage starts from; empty: no build, or not certain."""
    inputs: Callable[[], Inputs] = dataclasses.field(default=Inputs, compare=False)
    """Reads the files that container and image were made from; only drift detection calls it."""

    @property
    def digest(self) -> str | Unknown:
        """One digest of all parts for quick comparison; unknown if any part is unknown."""
        return digest_of(self.version, self.parts)

    def compared_with(self, recorded: Mapping[str, str | None]) -> "Fingerprint":
        """The fingerprint with `Unknown` for doubtful parts that differ from the recorded ones."""
        unsure = {n: why for n, why in self.doubts.items() if self.parts.get(n) != recorded.get(n)}
        parts = {n: Unknown(unsure[n]) if n in unsure else v for n, v in self.parts.items()}
        return replace(self, parts=parts) if unsure else self

    def to_json(self) -> dict[str, Json]:
        """The committed form: no detail; unknown parts are `null`, their reasons in `unknown`."""
        all_parts = {**self.parts, "repo": self.repo}
        return {
            "version": self.version,
            "fingerprint": _or_null(self.digest),
            "parts": {name: _or_null(value) for name, value in self.parts.items()},
            "repo_fingerprint": _or_null(self.repo),
            "key_id": self.key_id,
            "keyed": list(self.keyed),
            "unknown": {n: v.why for n, v in all_parts.items() if isinstance(v, Unknown)},
        }


class Change(Struct, frozen=True, kw_only=True):
    """One changed part, and the names of its changes if both sides know them; never a value."""

    part: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Reasons like `config:configs/app/app.toml`, or only `config` if names are not known."""
        names = (*self.changed, *self.added, *self.removed)
        return tuple(f"{self.part}:{name}" for name in names) or (self.part,)


def compare(old: Fingerprint, new: Fingerprint) -> Mapping[str, bool | Unknown]:
    """Part -> whether it is the same; unknown where the two sides cannot be compared."""
    return {part: _same(part, old, new) for part in PARTS}


def changes(old: Fingerprint, new: Fingerprint) -> tuple[Change, ...]:
    """The parts that certainly changed, with names; parts that cannot be compared are left out."""
    return tuple(
        _change(part, old.detail.get(part), new.detail.get(part))
        for part, is_same in compare(old, new).items()
        if is_same is False
    )


def routes_apart(parts: Iterable[Change]) -> Iterator[Change]:
    """The changes, with changes of host names moved to a part of their own, `route`."""
    for change in parts:
        named = (change.added, change.changed, change.removed)
        routes = [tuple(name for name in names if name.startswith(ROUTE)) for names in named]
        rest = [tuple(name for name in names if not name.startswith(ROUTE)) for names in named]
        if any(rest) or not any(routes):
            yield Change(part=change.part, added=rest[0], changed=rest[1], removed=rest[2])
        if any(routes):
            hosts = [tuple(name.removeprefix(ROUTE) for name in names) for names in routes]
            yield Change(part="route", added=hosts[0], changed=hosts[1], removed=hosts[2])


def image_part(inspected: Json | Unknown) -> Part:
    """Identity of an image from `docker image inspect`, the same in every registry and store."""
    if isinstance(inspected, Unknown):
        return Part(value=inspected)
    if isinstance(inspected, list) and len(inspected) == 1:
        inspected = inspected[0]
    if not isinstance(inspected, Mapping):
        return Part(value=Unknown("the engine described no image"))
    layers = (inspected.get("RootFS") or {}).get("Layers")
    if not layers:
        return Part(value=Unknown("the engine did not list the image's layers"))
    config = inspected.get("Config") or {}
    runtime = {key: config[key] for key in RUNTIME if config.get(key)}
    rows: dict[str, Json] = {
        "system": [inspected.get(key) or "" for key in ("Os", "Architecture", "Variant")],
        "layers": list(layers),
        # For an unset key one image store writes null, another [] or no key at all.
        "runtime": runtime,
    }
    detail = {"system": digest(rows["system"])}
    detail |= {f"layer {layer[7:19]}": layer[7 : 7 + DIGEST_LENGTH] for layer in layers}
    detail |= {key: digest(value) for key, value in runtime.items()}
    return Part(value=digest(rows), detail=detail)


def unpinned(stack: Stack) -> tuple[str, ...]:
    """Services whose image is named by a tag: the files alone do not identify the image."""
    return tuple(
        service.name
        for service in stack.services.values()
        if service.image and service.build is None and "@sha256:" not in service.image
    )


def env_part(
    environment: Mapping[str, str | None],
    key: Key | Unknown,
    values: Mapping[str, str | None] | None = None,
) -> Part:
    """The resolved environment; `values` are `configs:`/`secrets:` made from variables."""
    variables = {name: value for name, value in environment.items() if value is not None}
    variables |= {f"({name})": value for name, value in (values or {}).items() if value is not None}
    if not variables:
        return Part(value=NONE, keyed=True)
    return _signed("env", variables, key)


def definition_part(
    stack: Stack,
    service: Service,
    key: Key | Unknown,
    paths: ProjectPaths | None = None,
    version: int = FINGERPRINT_VERSION,
) -> Part:
    """The resolved definition of the service, with the networks, volumes … and routes it uses."""
    if not isinstance(service.definition, Mapping):
        return Part(value=Unknown(f"the definition of {service.name} is not a mapping"), keyed=True)
    rows = projected(stack, service, paths or ProjectPaths(roots=(str(stack.root),)), version)
    if version > 1:
        routes = route_rows(stack, service.name)
        rows |= {f"{ROUTE}{host}": text for host, text in routes.items()}
    return _signed("stanza", rows, key)


def config_part(
    entries: Iterable[Entry] | Unknown, key: Key | Unknown, version: int = FINGERPRINT_VERSION
) -> Part:
    """The part made from the files of the project that the service reads."""
    if isinstance(entries, Unknown):
        return Part(value=entries)
    files = tuple(entries)
    value = tree_digest(files)
    if value == NONE:
        return Part(value=NONE)
    if version < _SIGNED_FILES:
        return Part(value=value, detail=tree_detail(files), keyed=_has_secret(files))
    return _sealed("config", value, tree_detail(files), key)


def build_part(
    entries: Iterable[Entry] | Unknown,
    arguments: Iterable[str],
    key: Key | Unknown,
    version: int = FINGERPRINT_VERSION,
) -> Part:
    """The part made from Dockerfile, context and argument names; only for a `build:` section."""
    if isinstance(entries, Unknown):
        return Part(value=entries)
    files, names = tuple(entries), sorted(arguments)
    detail = {**tree_detail(files), **{f"argument {name}": "named" for name in names}}
    value = digest({"tree": tree_digest(files), "arguments": names})
    if version < _SIGNED_FILES:
        return Part(value=value, detail=detail, keyed=_has_secret(files))
    return _sealed("build", value, detail, key)


def repo_part(
    written: Json | Unknown,
    config: Iterable[Entry] | Unknown,
    build: Iterable[Entry] | Unknown,
    arguments: Iterable[str],
) -> Part:
    """The part made from tracked files only; `config` and `build` are their tracked entries.

    For a file that holds a secret only the name counts: nothing here is signed.
    """
    if isinstance(written, Unknown):
        return Part(value=written)
    if isinstance(config, Unknown):
        return Part(value=config)
    if isinstance(build, Unknown):
        return Part(value=build)
    trees = [[_without_secret(entry) for entry in entries] for entries in (config, build)]
    value = digest(
        {
            "written": written,
            "config": tree_digest(trees[0]),
            "build": [tree_digest(trees[1]), sorted(arguments)],
        }
    )
    detail = {WRITTEN: digest(written)}
    for tree in trees:
        detail |= tree_detail(tree)
    return Part(value=value, detail=detail)


# Private


def _or_null(value: str | Unknown) -> str | None:
    return None if isinstance(value, Unknown) else value


def _signed(purpose: str, rows: Mapping[str, Json], key: Key | Unknown) -> Part:
    if isinstance(key, Unknown):
        return Part(value=key, keyed=True)
    detail = RowDigests(f"{purpose} entry", rows, key)
    return Part(value=key.sign(purpose, rows), detail=detail, keyed=True)


def _has_secret(files: Iterable[Entry]) -> bool:
    """Whether a single file was signed, as versions before 3 did for files with a secret name."""
    return any(entry.secret for entry in files)


def _sealed(purpose: str, value: str, detail: Mapping[str, str], key: Key | Unknown) -> Part:
    """A part made of files, whose digest is signed as a whole."""
    if isinstance(key, Unknown):
        return Part(value=key, detail=detail, keyed=True)
    return Part(value=key.sign(purpose, value), detail=detail, keyed=True)


def _without_secret(entry: Entry) -> Entry:
    content = "" if entry.secret else entry.content
    return Entry(path=entry.path, kind=entry.kind, executable=entry.executable, content=content)


def _same(part: str, old: Fingerprint, new: Fingerprint) -> bool | Unknown:
    if old.version != new.version:
        return Unknown(f"fingerprint version {old.version} against {new.version}")
    before, after = old.parts.get(part), new.parts.get(part)
    for value in (after, before):
        if value is None or isinstance(value, Unknown):
            return value or Unknown(f"{part} was not recorded")
    if before == after:
        # Digests under two keys never coincide, but `none` under both is equal.
        return True
    keyed = part in old.keyed or part in new.keyed
    if keyed and old.key_id != new.key_id and NONE not in (before, after):
        return Unknown(f"{part} {OTHER_KEY}")
    return False


def _change(part: str, old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> Change:
    if old is None or new is None:
        return Change(part=part)
    return Change(
        part=part,
        added=tuple(sorted(new.keys() - old.keys())),
        changed=tuple(sorted(n for n in old.keys() & new.keys() if old[n] != new[n])),
        removed=tuple(sorted(old.keys() - new.keys())),
    )
