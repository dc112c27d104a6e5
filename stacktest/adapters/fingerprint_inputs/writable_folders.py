"""Finds files of the project that are the state of another service, which may write to them."""

import os
import posixpath
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate

from stacktest.adapters.fingerprint_inputs.files import FileReader
from stacktest.core.bound_volumes import as_bind
from stacktest.core.fingerprint.file_tree import is_ambiguous_name, is_state_name
from stacktest.core.model import Stack


class WritableFolders:
    """The files and folders of the project that services mount without `:ro`."""

    def __init__(self, stack: Stack, files: FileReader) -> None:
        self._stack = stack
        self._files = files

    def has_state_of_others(self, path: str, service: str) -> bool:
        """Whether the path is state by its name (a log), which another service may write."""
        name = posixpath.basename(path)
        if not self._writers or not is_state_name(name) or is_ambiguous_name(name):
            return False
        above = accumulate(path.split("/"), lambda folder, name: f"{folder}/{name}")
        return any(self._writers.get(place, frozenset()) - {service} for place in ("", *above))

    # Private

    @cached_property
    def _writers(self) -> Mapping[str, frozenset[str]]:
        """Path in the project → the services that may write there."""
        writers: dict[str, set[str]] = {}
        for service in self._stack.services.values():
            for mount in (as_bind(self._stack, mount) for mount in service.mounts):
                if mount.kind == "bind" and not mount.read_only:
                    path = self._files.relative(os.path.normpath(mount.source))
                    if path is not None:
                        writers.setdefault(path, set()).add(service.name)
        return {path: frozenset(names) for path, names in writers.items()}
