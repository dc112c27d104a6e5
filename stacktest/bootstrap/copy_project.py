"""A copy of a stack as a separate project: the same files, with containers of its own."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from stacktest.adapters.atomic_write import copy_file
from stacktest.adapters.compose.client import Compose, compose_of
from stacktest.adapters.compose.copied_project import CopiedProject
from stacktest.adapters.compose.model import read_model
from stacktest.adapters.engine.data_copy import DataCopier, copying_images
from stacktest.adapters.engine.labels import RUN, stack_labels
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.rehearsals import REHEARSALS
from stacktest.adapters.ledger.run_lock import RunLock
from stacktest.adapters.ledger.service_records import ServiceRecords
from stacktest.adapters.ledger.state_dir import state_dir
from stacktest.adapters.private_files import make_private_folder
from stacktest.application.notify import Notifier
from stacktest.bootstrap.container_addresses import ContainerNames
from stacktest.bootstrap.context import Project
from stacktest.bootstrap.load_stack import load_stack
from stacktest.bootstrap.orchestrator import refuse_copies
from stacktest.config import Config
from stacktest.core.backups.backup import Backup
from stacktest.core.backups.mounts import BackupMount, backup_mount, with_backups
from stacktest.core.changed_copy import replace
from stacktest.core.model import Service, Stack
from stacktest.core.rehearsal.copy_document import (
    CopyDocument,
    DataCopy,
    copy_document,
    copy_name,
)
from stacktest.core.rehearsal.refusals import refusals
from stacktest.core.rehearsal.settings import CopySettings
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolFailedError, UsageError


class CopyProject(Project):
    """The copy of one stack; its data is stored in a folder of its own."""

    copy: CopySettings

    def __init__(
        self,
        root: Path,
        environ: Mapping[str, str],
        settings: CopySettings,
        compose: Compose | None = None,
        rootdir: Path | None = None,
    ) -> None:
        super().__init__(root, environ, compose, rootdir)
        refuse_copies(self.settings)
        self.copy = settings
        self._live_compose = compose

    @cached_property
    def folder(self) -> Path:
        """`.stacktest/rehearsals/<id>/`: the records of this copy, and its files."""
        copies = make_private_folder(state_dir(self.root) / REHEARSALS)
        return make_private_folder(copies / self.copy.id)

    @property
    def memory(self) -> Path:
        """The copy's own folder: its data is removed together with it."""
        return self.folder

    @cached_property
    def live_compose(self) -> Compose:
        """Docker Compose on the files of the stack."""
        return self._live_compose or compose_of(self.root, self.settings.stack)

    @cached_property
    def compose(self) -> Compose:
        """Docker Compose on the copy."""
        return CopiedProject(self.live_compose, self.stack.name, self.copied.document)

    @cached_property
    def live(self) -> Stack:
        """The stack that is copied."""
        return self._live[1]

    @cached_property
    def refused(self) -> Mapping[str, str]:
        """Service → why it cannot be copied."""
        return refusals(self.live)

    @cached_property
    def copied(self) -> CopyDocument:
        """The compose document of the copy; UsageError if an image is not on this machine."""
        images = {
            name: self._image_id(service)
            for name, service in self.live.services.items()
            if name not in self.copy.left_out and name not in self.refused
        }
        settings = replace(self.copy, left_out=tuple({*self.copy.left_out, *self.refused}))
        document = copy_document(
            self.live,
            settings,
            images=images,
            is_file=lambda path: Path(path).is_file(),
            folder=str(self.folder / "files"),
        )
        return with_backups(document, self.backup_mounts)

    @cached_property
    def backups(self) -> Mapping[str, Backup]:
        """Drilled service → its backup; UsageError if none is declared."""
        return {name: _backup_of(self._live[0], name) for name in self.copy.drilled}

    @cached_property
    def backup_mounts(self) -> Mapping[str, BackupMount]:
        """Drilled service → the mount of its backup; absent if its path does not exist."""
        name, root = copy_name(self.live, self.copy), self.root
        return {
            service: backup_mount(name, service, backup, place, is_file=place.is_file())
            for service, backup in self.backups.items()
            if (place := (root / backup.path).resolve()).exists()
        }

    @property
    def live_records(self) -> ServiceRecords:
        """The records of the stack itself, to which results of drills are written."""
        return ServiceRecords(self.root / self.settings.stack.ledger)

    @cached_property
    def ledger(self) -> Ledger:
        """The records of the copy, apart from those of the stack."""
        return Ledger(self.folder, records="records", status="status.json")

    @cached_property
    def notifier(self) -> Notifier:
        """A notifier without channels: copies are not reported."""
        return Notifier.of_nobody(self.stack, self.ledger.read_status)

    def live_lock(self) -> RunLock:
        """The lock of the running stack, held while its data is copied."""
        return self.lock_in(self.root)

    def copier(self, run_id: str) -> DataCopier:
        """The copier that fills the volumes of this copy."""
        labels = {RUN: run_id, **stack_labels(self.stack)}
        named = self.config.stack.probe_image
        return DataCopier(
            self.engine,
            labels=labels,
            images=copying_images(self.stack, named),
            limit=self.config.rehearsal.max_copy,
            settings=self.copy,
        )

    def exists(self, copy: DataCopy) -> bool:
        """Whether the source of a copy exists: the engine would create it to mount it."""
        if copy.source.startswith("/"):
            return Path(copy.source).is_dir()
        return not isinstance(self.engine.volume(copy.source), Unknown)

    # Private

    @cached_property
    def _host_names(self) -> ContainerNames:
        return ContainerNames(self.stack, self.engine, self.config.stack.allow_hosts)

    @cached_property
    def _live(self) -> tuple[Config, Stack]:
        config, stack = load_stack(self.settings, self.live_compose)
        if config.stack.door:
            raise UsageError(
                "the front door belongs to another compose project, which is not copied",
                where="stacktest.toml:stack.door",
                hint="a copy needs a front door of its own",
            )
        unknown = {*self.copy.left_out, *self.copy.images, *self.copy.drilled}
        unknown -= set(stack.services)
        if unknown:
            raise UsageError(
                f"'{min(unknown)}' is not a service of this stack",
                where="the services of a copy",
                hint=f"known: {', '.join(sorted(stack.services))}",
            )
        return config, stack

    @cached_property
    def _loaded(self) -> tuple[Config, Stack]:
        config, live = self._live
        model = read_model(self.copied.document, root=self.root)
        # Services that cannot be copied stay in the model, so that a plan can report the reason.
        services = {
            name: _grafted(model.services[name], service) if name in model.services else service
            for name, service in live.services.items()
            if name not in self.copy.left_out
        }
        name = copy_name(live, self.copy)
        stack = replace(
            live,
            name=name,
            services=services,
            definitions=model.definitions,
            compose_options=("--project-name", name),
            copy=self.copy.id,
            given_images=self.copy.images,
        )
        return config, stack

    def _image_id(self, service: Service) -> str:
        """The id of the image that the copy starts; unlike a tag it cannot move."""
        named = self.copy.images.get(service.name) or service.image
        reference = named or f"{self.live.name}-{service.name}"
        document = self.engine.image(reference)
        if isinstance(document, Unknown):
            raise UsageError(
                f"the image of {service.name} is not here: {reference}",
                where=f"services.{service.name}.image",
                hint=f"docker compose build {service.name}"
                if service.build and service.name not in self.copy.images
                else f"docker pull {reference}",
            )
        return str(document["Id"])


def copy_files(project: CopyProject, services: frozenset[str]) -> None:
    """Copy single files that services of the copy may write, with their owners and modes."""
    for file in project.copied.files:
        if not services & set(file.services):
            continue
        target = Path(file.target)
        try:
            copy_file(Path(file.source), target)
        except OSError as error:
            raise ToolFailedError(
                f"{file.source} cannot be copied: {error.strerror}",
                where=f"services.{file.services[0]}.volumes",
                hint=_leave_out(project.copy, file.services[0]),
            ) from error


# Private


def _leave_out(settings: CopySettings, service: str) -> str:
    option = settings.without(service)
    return f"leave it out: {option}" if option else "give yourself the right to read it"


def _backup_of(config: Config, name: str) -> Backup:
    if (backup := config.service(name).backup) is not None:
        return backup
    declared = [other for other, section in config.services.items() if section.backup]
    raise UsageError(
        f"{name} has no backup that could be restored",
        where=f"stacktest.toml:services.{name}.backup",
        hint=f"those that have one: {', '.join(sorted(declared))}"
        if declared
        else f"say where it is and what it is: [services.{name}.backup]",
    )


def _grafted(copy: Service, live: Service) -> Service:
    """The copy's service with the live values that its definition lacks: uses, ports, labels."""
    return replace(copy, uses=live.uses, ports=live.ports, labels=live.labels)
