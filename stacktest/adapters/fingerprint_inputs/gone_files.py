"""Decides by its path whether a deleted file had counted for a service.

It had counted if at least one of these includes it: `configs/<service>/`, a path of `config`, a
mount, a build.
"""

import os
import posixpath
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from msgspec import Struct

from stacktest.adapters.fingerprint_inputs.build_context import left_out_of_context
from stacktest.adapters.fingerprint_inputs.mounted_files import ignored_by
from stacktest.adapters.fingerprint_inputs.own_paths import own_paths
from stacktest.adapters.fingerprint_inputs.settings import ServiceSection, Settings
from stacktest.core.bound_volumes import as_bind
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.file_tree import is_ambiguous_name, is_state_name
from stacktest.core.inherited_mounts import inherited_mounts
from stacktest.core.model import Build, Service, Stack


def gone_files(stack: Stack, config: Settings) -> Callable[[str, str], bool]:
    """A function: service, path from the stack's folder → whether the file had not counted."""
    own = own_paths(stack.root, config.stack)

    @cache
    def of(service: str) -> _GoneFiles:
        return _gone_files(stack, stack.services[service], config.service(service), own)

    return lambda service, path: of(service).left_out(str(stack.root / path), path)


# Private


class _GoneFiles(Struct, frozen=True, kw_only=True):
    """The settings of one service that decide; folders and files are absolute paths."""

    own: frozenset[str]
    declared: tuple[str, ...]
    """Files and folders in which every file counts."""
    writable: tuple[str, ...]
    """Mounts that the container may write to: files that are state by their name do not count."""
    builds: tuple[Build, ...]
    ignored: Callable[[str], bool] | None

    def left_out(self, path: str, shown: str) -> bool:
        """Whether the file did not count; `shown` is its path from the stack's folder."""
        if _is_below(path, self.own):
            return True
        return not (self._is_mounted(path, shown) or self._is_built(path))

    def _is_mounted(self, path: str, shown: str) -> bool:
        if self.ignored is not None and self.ignored(shown):
            return False
        name = posixpath.basename(path)
        is_state = is_state_name(name) and not is_ambiguous_name(name)
        writable = () if is_state else self.writable
        return _is_below(path, (*self.declared, *writable))

    def _is_built(self, path: str) -> bool:
        return any(
            _is_below(path, (build.context, _dockerfile(build)))
            and not left_out_of_context(build, path)
            for build in self.builds
        )


def _gone_files(
    stack: Stack, service: Service, section: ServiceSection, own: frozenset[str]
) -> _GoneFiles:
    mounts = [as_bind(stack, m) for m in (*service.mounts, *inherited_mounts(stack, service))]
    extra = (f"configs/{service.name}", *section.config)
    declared = [os.path.normpath(stack.root / path) for path in extra]
    declared += [file.path for file in service.files if file.path]
    folders: Mapping[bool, list[str]] = {True: [], False: []}
    for mount in mounts:
        if mount.kind == "bind":
            folders[mount.read_only].append(os.path.normpath(mount.source))
    return _GoneFiles(
        own=own,
        declared=(*declared, *folders[True]),
        writable=tuple(folders[False]),
        builds=tuple(_builds(service)),
        ignored=ignored_by(section.ignore),
    )


def _builds(service: Service) -> Iterable[Build]:
    """One build for each context, as if it were the only context."""
    build = service.build
    if build is not None:
        yield build
        for path in build.contexts.values():
            yield replace(build, context=path, dockerfile="", contexts={})


def _dockerfile(build: Build) -> str:
    return posixpath.normpath(posixpath.join(build.context, build.dockerfile))


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder.rstrip('/')}/") for folder in folders)
