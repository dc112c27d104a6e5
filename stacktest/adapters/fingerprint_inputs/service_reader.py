"""Reads the fingerprints of a stack's services; this table lists the files that count.

config   bind mounts inside the project, those of `volumes_from` and of volumes that are folders
         included: whole where they are read-only; where the container may write, a single file,
         and what git tracks below a folder; of mounts beyond the project what its repository
         tracks there; files of `configs:` and `secrets:`; configs/<service>/; what
         `[services.NAME] config` declares
left     what git does not track below a mount that the container may write to; files that hold
out      state by their name there; other mounts from outside the project; what `ignore` names; what
         stacktest itself writes. All of it is listed in `Fingerprint.left_out`.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from stacktest.adapters.compose.yaml import load_yaml
from stacktest.adapters.fingerprint_inputs.files import FileReader
from stacktest.adapters.fingerprint_inputs.mounted_files import (
    ConfigReader,
    ConfigReading,
    TrackedFiles,
)
from stacktest.adapters.fingerprint_inputs.own_paths import own_paths, page_paths, secret_paths
from stacktest.adapters.fingerprint_inputs.settings import Settings
from stacktest.adapters.fingerprint_inputs.stack_reading import StackReading, beyond, variables_of
from stacktest.adapters.fingerprint_inputs.writable_folders import WritableFolders
from stacktest.adapters.git.tracked_files import tracked_files
from stacktest.core.fingerprint.digest import Key
from stacktest.core.fingerprint.file_tree import tree_detail
from stacktest.core.fingerprint.fingerprint import Fingerprint, definition_part
from stacktest.core.fingerprint.service_definition import ProjectPaths
from stacktest.core.fingerprint.source_definition import read_sources
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.routing import route_targets
from stacktest.core.unknown import Unknown


def read_fingerprints(
    stack: Stack,
    *,
    key: Key | Unknown,
    images: Mapping[str, Json | Unknown],
    config: Settings,
    services: Iterable[str] | None = None,
) -> Mapping[str, Fingerprint]:
    """The present fingerprint of each service (by default of all).

    `images` has the output of `docker image inspect` for the image that the service's container
    runs, else for its tag. The same files, values and images give the same fingerprints in every
    folder.
    """
    names = sorted(stack.services if services is None else services)
    sources = read_sources(stack, load_yaml)
    with ThreadPoolExecutor(1, thread_name_prefix="stacktest-git") as pool:
        # git runs in a thread, while this thread computes what does not need its answer.
        answer = pool.submit(tracked_files, stack.root, beyond(stack, sources))
        tracked = TrackedFiles(answer.result)
        files = FileReader(
            root=stack.root,
            key=key,
            secret_paths=secret_paths(stack),
            own=own_paths(stack.root, config.stack),
            pages=page_paths(stack, config.stack),
        )
        outside = {} if isinstance(sources, Unknown) else sources.outside()
        variables = variables_of(stack, config.stack.env_files, names)
        paths = ProjectPaths(roots=files.roots, outside=outside)
        stanzas = {name: definition_part(stack, stack.services[name], key, paths) for name in names}
        reader = ConfigReader(
            stack=stack,
            files=files,
            paths=paths,
            tracked=tracked,
            writable=WritableFolders(stack, files),
        )
        configs = {
            name: reader.read(stack.services[name], config.service(name))
            for name in names
            if not stack.services[name].unreadable
        }
    stack_reading = StackReading(
        stack=stack,
        key=key,
        config=config,
        files=files,
        sources=sources,
        tracked=tracked,
        variables=variables,
        paths=paths,
        stanzas=stanzas,
        configs=configs,
        routes=route_targets(stack),
        door_files=_door_files(stack, configs),
        unread_routes="; ".join(stack.unread_routes),
    )
    missing = Unknown("no image was looked up")
    return {
        name: stack_reading.fingerprint(stack.services[name], images.get(name, missing))
        for name in names
    }


# Private

_CERTIFICATES = (".cer", ".cert", ".chain", ".crt", ".pem")


def _door_files(stack: Stack, configs: Mapping[str, ConfigReading | Unknown]) -> Mapping[str, str]:
    """The front door's mounted files that hold routes or certificates → their digests."""
    reading = configs.get(stack.front_door)
    if reading is None or isinstance(reading, Unknown):
        return {}
    files = {route.where.rpartition(":")[0] for route in stack.routes}
    digests = tree_detail(reading.reading.entries.values())
    return {
        path: digest
        for path, digest in digests.items()
        if path in files or path.endswith(_CERTIFICATES)
    }
