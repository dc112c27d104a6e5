"""Deploys services on a swarm by a generated file and `docker stack deploy`.

Missing images are first built or pulled on this machine, by Compose. A service of the same name
that stacktest did not deploy is never changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from stacktest.adapters import process
from stacktest.adapters.atomic_write import write_file
from stacktest.adapters.compose.client import CREATE_TIMEOUT, Compose
from stacktest.adapters.compose.json_config import write_config
from stacktest.adapters.compose.variables import read_variables
from stacktest.adapters.engine import labels
from stacktest.adapters.engine.swarm.client import SwarmEngine
from stacktest.adapters.engine.swarm.slots import NAMESPACE, service_name, with_groups
from stacktest.adapters.startup.swarm_file import (
    add_files,
    groups_of,
    image_tag,
    own_labels,
    stack_file,
)
from stacktest.adapters.startup.swarm_keys import impossible
from stacktest.adapters.temporary import temporary_folder
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.unknown import Unknown


class SwarmDeployment:
    """Creates the services of one stack on the swarm that an engine manages."""

    def __init__(self, stack: Stack, compose: Compose, engine: SwarmEngine) -> None:
        self._stack, self._compose, self._engine = stack, compose, engine

    def create(
        self,
        services: Iterable[str],
        override: Json,
        *,
        holding: Sequence[int] = (),
        without: Iterable[str] = (),
    ) -> process.Completed:
        """Create missing services (without tasks), networks and volumes."""
        del without  # a stack file holds the named services alone
        names = list(services)
        if why := self._refusal(names):
            return _refused(why)
        tags = {name: image_tag(self._stack, name, override) for name in names}
        fetched = self._fetch(tags)
        if fetched is not None:
            return fetched
        with temporary_folder("swarm") as folder:
            document = stack_file(self._stack, names, override, self._images(tags))
            try:
                contents = self._contents(names, folder)
                add_files(document, self._stack, contents, _labels(override))
            except (OSError, LookupError) as error:
                return _refused(f"a config or secret cannot be read: {error}")
            done = process.run(
                [*_DEPLOY, "--compose-file", "-", self._stack.name],
                cwd=self._stack.root,
                input=write_config(document),
                timeout=CREATE_TIMEOUT,
                holding=holding,
            )
        if done.code == 0 and (why := self._give_groups(names)):
            return _refused(why)
        return done

    def start(self, services: Iterable[str], override: Json) -> process.Completed:
        """Start services by setting their number of tasks; `override` was used by `create`."""
        del override
        chosen = set(services)
        reasons = [
            why
            for container in self._engine.containers(self._stack.name)
            if container.service in chosen and (why := self._engine.start(container.id))
        ]
        return _refused("\n".join(reasons)) if reasons else _DONE

    def recreate(
        self, services: Iterable[str], override: Json, *, holding: Sequence[int] = ()
    ) -> process.Completed:
        """End the tasks of services, update the services, and start new tasks."""
        names = list(services)
        if why := self._refusal(names):
            return _refused(why)
        for container in self._engine.containers(self._stack.name):
            if container.service in names:
                self._engine.stop(container.id)
        created = self.create(names, override, holding=holding)
        return created if created.code != 0 else self.start(names, override)

    # Private

    def _refusal(self, names: Iterable[str]) -> str:
        """Why the first of these services cannot be deployed, with its name; empty if all can."""
        label = (labels.STACK, labels.stack_id(self._stack))
        foreign = self._engine.foreign_services(self._stack.name, label)
        for name in names:
            if name in foreign:
                return f"{name} Error: the swarm has a service of this name that is not stacktest's"
            for key, why in impossible(self._stack.services[name]):
                return f"{name} Error: services.{name}.{key} cannot be had on a swarm: {why}"
        return ""

    def _fetch(self, tags: Mapping[str, str]) -> process.Completed | None:
        """Build or pull the images that this engine lacks; returns the failed command, or None."""
        missing = [n for n, tag in tags.items() if isinstance(self._engine.image(tag), Unknown)]
        for build in (True, False):
            chosen = [n for n in missing if (self._stack.services[n].build is not None) is build]
            if chosen and (done := self._compose.fetch(chosen, build=build)).code != 0:
                return done
        return None

    def _images(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Service → the id of its image, or the tag if this engine does not have the image."""
        documents = {name: self._engine.image(tag) for name, tag in tags.items()}
        return {
            name: tags[name] if isinstance(document, Unknown) else str(document["Id"])
            for name, document in documents.items()
        }

    def _give_groups(self, names: Iterable[str]) -> str:
        """Set the services' groups, for which the file has no key; empty, or why it failed."""
        groups = {name: groups_of(self._stack.services[name]) for name in names}
        if not any(groups.values()):
            return ""
        for service in self._engine.services.listed({NAMESPACE: self._stack.name}):
            if chosen := groups.get(service_name(service)):
                reply = self._engine.services.update(service["ID"], partial(with_groups, chosen))
                if reply is not None and not reply.ok:
                    return reply.message
        return ""

    def _contents(self, names: Iterable[str], folder: Path) -> Mapping[str, Path]:
        """`configs.NAME` or `secrets.NAME` → a file with its content, written here if inline."""
        paths: dict[str, Path] = {}
        for file in (file for name in names for file in self._stack.services[name].files):
            section = "secrets" if file.secret else "configs"
            key = f"{section}.{file.name}"
            definition = (self._stack.definitions.get(section) or {}).get(file.name) or {}
            if file.path:
                paths[key] = Path(file.path)
            elif not definition.get("external"):
                paths[key] = folder / key
                write_file(paths[key], self._inline(definition), mode=PRIVATE)
        return paths

    def _inline(self, definition: Json) -> str:
        """The content of an entry without a file; LookupError if its variable is not set."""
        if "content" in definition:
            return str(definition["content"])
        name = str(definition["environment"])
        files = self._compose.project_files
        values = read_variables(
            files.directory,
            [name],
            files.env_files,
            root=self._stack.root,
            environment=files.naming,
        )
        value = None if isinstance(values, Unknown) else values.get(name)
        if value is None:
            raise LookupError(f"nothing sets {name}")
        return value


# Private

_DEPLOY = ("docker", "stack", "deploy", "--resolve-image", "never")
PRIVATE = 0o600
_DONE = process.Completed(argv=(), code=0, out="", err="")


def _labels(override: Json) -> Json:
    """The labels that all services of an override share: those of the run and the stack."""
    return own_labels(next(iter(override["services"].values()))["labels"])


def _refused(why: str) -> process.Completed:
    return process.Completed(argv=("docker", "stack", "deploy"), code=1, out="", err=why)
