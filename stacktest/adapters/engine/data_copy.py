"""Copies volumes and folders inside the engine, while the containers that write them are paused.

What a paused database leaves behind is what it recovers from after a power cut. The data goes from
volume to volume by a program in a container; nothing of it passes through this process.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

from stacktest.adapters.engine import reaper
from stacktest.adapters.engine.client import Engine
from stacktest.core.observed_state import Container
from stacktest.core.rehearsal.copy_document import DataCopy
from stacktest.core.rehearsal.settings import CopySettings
from stacktest.errors import StacktestError

LONGEST = 4 * 3600.0
"""Seconds for one volume."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Copied:
    """What copying took."""

    size: int
    """Bytes, as the file system counts them."""
    paused: tuple[str, ...]
    """Names of the containers that stood still."""
    seconds: float
    """How long they did."""


class DataCopier:
    """Fills the volumes of a copy; `tool` chooses the image with `cp` for one of them."""

    def __init__(
        self,
        engine: Engine,
        *,
        labels: Mapping[str, str],
        tool: Callable[[DataCopy], str],
        limit: int,
        settings: CopySettings,
    ) -> None:
        self._engine, self._labels, self._tool, self._limit = engine, labels, tool, limit
        self._settings = settings

    def sizes(self, copies: Sequence[DataCopy]) -> Mapping[str, int]:
        """Source → bytes; a StacktestError names what is larger than the limit."""
        sizes = {copy.source: self._size(copy) for copy in copies}
        for copy in copies:
            if sizes[copy.source] > self._limit:
                size, without = sizes[copy.source], self._settings.without(*copy.services)
                ways = [f"leave it out: {without}"] if without else []
                raise StacktestError(
                    f"{copy.source} holds {shown(size)}, and a copy may have {shown(self._limit)}",
                    where="stacktest.toml:rehearsal.max_copy",
                    hint=", or ".join(["raise max_copy under [rehearsal]", *ways, *self._empty]),
                )
        return sizes

    def copy(self, copies: Sequence[DataCopy]) -> Copied:
        """Copies each source into its volume; the containers go on whatever happens."""
        sizes = self.sizes(copies)
        writers = self.writers({copy.source for copy in copies})
        begin = time.monotonic()
        with self._standing_still(writers):
            for copy in copies:
                self._copy(copy)
        return Copied(
            size=sum(sizes.values()),
            paused=tuple(container.name for container in writers),
            seconds=time.monotonic() - begin if writers else 0.0,
        )

    def put_back(self, copies: Sequence[DataCopy]) -> None:
        """Makes each source what its copy is, byte for byte; whoever writes it has to be stopped.

        A StacktestError where somebody still runs who can write there, or copying fails.
        """
        for copy in copies:
            if writers := self.writers({copy.source}):
                raise StacktestError(
                    f"{copy.source} cannot be put back: {writers[0].name} runs and may write to it",
                    where=f"container {writers[0].name}",
                    hint=f"docker stop {writers[0].name}",
                )
        for copy in copies:
            self._run_copying(copy, _PUT_BACK, of=copy.volume, to=copy.source)

    def writers(self, sources: Collection[str]) -> tuple[Container, ...]:
        """Running containers, of whatever project, that can write to one of the sources."""
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
                if why := self._engine.pause(container.id):
                    raise StacktestError(
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

    def _size(self, copy: DataCopy) -> int:
        code, output = self._run(copy, ("du", "-sk", "/from"), of=copy.source)
        words = output.split()
        if code != 0 or not words or not words[0].isdigit():
            raise StacktestError(
                f"the size of {copy.source} cannot be read: {output.strip() or f'exit {code}'}",
                where=self._tool(copy),
                hint="name an image with du and cp as `probe_image` under [stack]",
            )
        return int(words[0]) * 1024

    def _copy(self, copy: DataCopy) -> None:
        self._run_copying(copy, _COPY, of=copy.source, to=copy.volume)

    def _run_copying(self, copy: DataCopy, script: str, *, of: str, to: str) -> None:
        code, output = self._run(copy, ("sh", "-c", script), of=of, to=to)
        if code != 0:
            raise StacktestError(
                f"{of} cannot be copied: {output.strip() or f'exit {code}'}",
                where=self._tool(copy),
                hint="docker system df",
            )

    def _run(
        self, copy: DataCopy, argv: Sequence[str], *, of: str, to: str = ""
    ) -> tuple[int, str]:
        folders = {of: ("/from", False), **({to: ("/to", True)} if to else {})}
        image = self._tool(copy)
        return self._engine.run_tool(
            image, argv, folders=folders, labels=self._labels, timeout=LONGEST
        )


def shown(size: int) -> str:
    """A size for people: `12.3 MB`."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < _STEP:
            break
        value, unit = value / _STEP, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


# Private

_STEP = 1000
# BusyBox's cp has no long options; both keep owners, modes, times and links with -a.
_CP = (
    "if cp --reflink=auto --version >/dev/null 2>&1; then set -- --reflink=auto; else set --; fi; "
)
# A single file is kept in a volume by a name of its own, and is written in place: it is a mount.
_COPY = _CP + ('if [ -d /from ]; then cp -a "$@" /from/. /to/; else cp -a "$@" /from /to/file; fi')
_PUT_BACK = _CP + (
    "set -e; if [ -d /to ]; then cd /to; rm -rf -- ..?* .[!.]* *; "
    'cp -a "$@" /from/. /to/; else cp -a "$@" /from/file /to; fi'
)


def _overlap(mounted: str, source: str) -> bool:
    """Whether two sources of mounts share files."""
    if not (mounted.startswith("/") and source.startswith("/")):
        return mounted == source
    first, second = PurePosixPath(mounted), PurePosixPath(source)
    return first.is_relative_to(second) or second.is_relative_to(first)
