"""Copies volumes and folders inside the engine, while the containers that write them are paused.

The files of a paused database are those from which it recovers after a power cut. A program in a
container copies from volume to volume; no data passes through this process.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import PurePosixPath

from msgspec import Struct

from stacktest.adapters.engine import reaper
from stacktest.adapters.engine.client import Engine
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.rehearsal.copy_document import DataCopy
from stacktest.core.rehearsal.settings import CopySettings
from stacktest.errors import StacktestError, ToolFailedError

LONGEST = 4 * 3600.0
"""Largest number of seconds without output for copying one volume."""


class Copied(Struct, frozen=True, kw_only=True):
    """The size and the duration of a copy."""

    size: int
    """Bytes of disk space (`du`)."""
    paused: tuple[str, ...]
    """Names of the containers that were paused."""
    seconds: float
    """Seconds that the containers were paused."""


class CopyingContainer(Struct, frozen=True, kw_only=True):
    """A container with the folders to copy: source number N is `/from/N`, its target `/to/N`."""

    id: str
    image: str


def copying_images(stack: Stack, named: str) -> Sequence[str]:
    """Images that may have `sh`, `cp` and `du`: the configured image, then those of the stack."""
    own = [service.image or f"{stack.name}-{name}" for name, service in stack.services.items()]
    return list(dict.fromkeys([*([named] if named else []), *own]))


class DataCopier:
    """Fills the volumes of a copy, with the first of `images` that has the needed programs."""

    def __init__(
        self,
        engine: Engine,
        *,
        labels: Mapping[str, str],
        images: Sequence[str],
        limit: int,
        settings: CopySettings,
    ) -> None:
        self._engine, self._labels, self._images, self._limit = engine, labels, images, limit
        self._settings = settings

    def copy(self, copies: Sequence[DataCopy]) -> Copied:
        """Copy each source into its volume; paused containers are resumed also after an error.

        A StacktestError names a source that is larger than the limit; no container is paused then.
        """
        ways = [(copy.source, copy.volume) for copy in copies]
        with self._container(ways) as container:
            sizes = self._sizes(container, copies)
            writers = self.writers({copy.source for copy in copies})
            begin = time.monotonic()
            with self._standing_still(writers):
                for number, copy in enumerate(copies):
                    self._run_copying(container, _COPY, number, of=copy.source)
            seconds = time.monotonic() - begin if writers else 0.0
        return Copied(size=sum(sizes), paused=tuple(item.name for item in writers), seconds=seconds)

    @contextmanager
    def ready_to_put_back(self, copies: Sequence[DataCopy]) -> Iterator[Callable[[], None]]:
        """A function that restores each source from its copy, byte for byte.

        Call it when the writers are stopped. The copying container starts in a thread, while the
        caller stops the stack, to keep the downtime short. The function raises a StacktestError if
        a container that can write to a source still runs, or if copying fails.
        """
        if not copies:
            yield lambda: None
            return
        ways = [(copy.volume, copy.source) for copy in copies]
        with (
            ExitStack() as kept,
            ThreadPoolExecutor(1, thread_name_prefix="stacktest-put-back") as pool,
        ):
            starting = pool.submit(kept.enter_context, self._container(ways))
            yield lambda: self._put_back(copies, starting.result())

    def writers(self, sources: Collection[str]) -> tuple[Container, ...]:
        """Running containers of any project that can write to one of the sources."""
        return tuple(
            container
            for container in self._engine.containers()
            if container.state == "running"
            and any(
                not mount.read_only and any(_overlap(mount.source, s) for s in sources)
                for mount in container.mounts
            )
        )

    # Private

    def _put_back(self, copies: Sequence[DataCopy], container: CopyingContainer) -> None:
        self._refuse_writers(copies, container)
        for number, copy in enumerate(copies):
            self._run_copying(container, _PUT_BACK, number, of=copy.volume)

    def _refuse_writers(self, copies: Sequence[DataCopy], own: CopyingContainer) -> None:
        for copy in copies:
            writers = [item for item in self.writers({copy.source}) if item.id != own.id]
            if writers:
                raise ToolFailedError(
                    f"{copy.source} cannot be put back: {writers[0].name} runs and may write to it",
                    where=f"container {writers[0].name}",
                    hint=f"docker stop {writers[0].name}",
                )

    @property
    def _empty(self) -> list[str]:
        option = self._settings.begin_empty
        return [f"begin with nothing: {option}"] if option else []

    @contextmanager
    def _standing_still(self, containers: Sequence[Container]) -> Iterator[None]:
        if not containers:
            yield
            return
        ids = [container.id for container in containers]
        guard = reaper.arm(self._engine.connection, self._labels, paused=ids)
        paused: list[str] = []
        try:
            for container in containers:
                if why := self._pause(container.id):
                    raise ToolFailedError(
                        f"{container.name} cannot be paused: {why}",
                        where="docker pause",
                        hint=", or ".join([f"docker inspect {container.name}", *self._empty]),
                    )
                paused.append(container.id)
            yield
        finally:
            refusals = [why for container in paused if (why := self._engine.unpause(container))]
            if not refusals:
                guard.disarm()

    def _pause(self, container: str) -> str:
        """Pause a container; returns an empty text, or why it failed.

        runc fails if a health check starts at that moment, and leaves all processes running; so the
        request is repeated.
        """
        why = self._engine.pause(container)
        for _ in range(_PAUSES):
            if _UNFROZEN not in why:
                break
            why = self._engine.pause(container)
        return why

    @contextmanager
    def _container(self, ways: Sequence[tuple[str, str]]) -> Iterator[CopyingContainer]:
        """The container that copies, removed at the end; `ways` are pairs of source and target."""
        folders: dict[str, tuple[str, bool]] = {}
        for number, (source, target) in enumerate(ways):
            folders[source] = (f"/from/{number}", False)
            folders[target] = (f"/to/{number}", True)
        with ExitStack() as kept:
            yield self._start(kept, folders)

    def _start(self, kept: ExitStack, folders: Mapping[str, tuple[str, bool]]) -> CopyingContainer:
        why = ""
        for image in self._images:
            with ExitStack() as attempt:
                waiting = self._engine.waiting_tool(image, folders=folders, labels=self._labels)
                try:
                    container = attempt.enter_context(waiting)
                except StacktestError as error:
                    # The image is not on this engine, or has no shell: try the next.
                    why = why or error.what
                    continue
                code, _, _ = self._engine.execute(container, _HAS_PROGRAMS)
                if code == 0:
                    kept.push(attempt.pop_all())
                    return CopyingContainer(id=container, image=image)
        raise ToolFailedError(
            f"no data can be copied: no image of the stack has sh, cp and du{why and f' ({why})'}",
            where="stacktest.toml:stack.probe_image",
            hint="name an image that has them as `probe_image` under [stack]",
        )

    def _sizes(self, container: CopyingContainer, copies: Sequence[DataCopy]) -> Sequence[int]:
        sizes = [self._size(container, number, copy) for number, copy in enumerate(copies)]
        for copy, size in zip(copies, sizes, strict=True):
            if size > self._limit:
                without = self._settings.without(*copy.services)
                ways = [f"leave it out: {without}"] if without else []
                raise ToolFailedError(
                    f"{copy.source} holds {shown(size)}, and a copy may have {shown(self._limit)}",
                    where="stacktest.toml:rehearsal.max_copy",
                    hint=", or ".join(["raise max_copy under [rehearsal]", *ways, *self._empty]),
                )
        return sizes

    def _size(self, container: CopyingContainer, number: int, copy: DataCopy) -> int:
        code, output, why = self._run(container, "du", "-sk", f"/from/{number}")
        words = output.split()
        if code != 0 or not words or not words[0].isdigit():
            raise ToolFailedError(
                f"the size of {copy.source} cannot be read: {why}",
                where=container.image,
                hint="name an image with du and cp as `probe_image` under [stack]",
            )
        return int(words[0]) * 1024

    def _run_copying(
        self, container: CopyingContainer, script: str, number: int, *, of: str
    ) -> None:
        places = (f"/from/{number}", f"/to/{number}")
        code, _, why = self._run(container, "sh", "-c", script, "sh", *places)
        if code != 0:
            raise ToolFailedError(
                f"{of} cannot be copied: {why}", where=container.image, hint="docker system df"
            )

    def _run(self, container: CopyingContainer, *argv: str) -> tuple[int, str, str]:
        """The exit code of a program in the container, its output, and the text for an error."""
        code, output, complaint = self._engine.execute(container.id, argv, silence=LONGEST)
        return code, output, (complaint or output).strip() or f"exit {code}"


def shown(size: int) -> str:
    """A number of bytes in a readable form: `12.3 MB`."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < _STEP:
            break
        value, unit = value / _STEP, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


# Private

_STEP = 1000
_UNFROZEN = "unable to freeze"
_PAUSES = 5
_HAS_PROGRAMS = ("sh", "-c", "command -v cp && command -v du")
# BusyBox's cp has no long options; both keep owners, modes, times and links with -a.
_CP = (
    "from=$1; to=$2; "
    "if cp --reflink=auto --version >/dev/null 2>&1; then set -- --reflink=auto; else set --; fi; "
)
# A single file is stored in the volume as `file`; it is restored in place, since it is a mount.
_COPY = _CP + (
    'if [ -d "$from" ]; then cp -a "$@" "$from/." "$to/"; else cp -a "$@" "$from" "$to/file"; fi'
)
_PUT_BACK = _CP + (
    'set -e; if [ -d "$to" ]; then cd "$to"; rm -rf -- ..?* .[!.]* *; '
    'cp -a "$@" "$from/." "$to/"; else cp -a "$@" "$from/file" "$to"; fi'
)


def _overlap(mounted: str, source: str) -> bool:
    """Whether two sources of mounts share files."""
    if not (mounted.startswith("/") and source.startswith("/")):
        return mounted == source
    first, second = PurePosixPath(mounted), PurePosixPath(source)
    return first.is_relative_to(second) or second.is_relative_to(first)
