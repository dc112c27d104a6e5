"""Removes what a run created if the run is killed before it has removed it itself.

A child process in its own session blocks on a pipe whose other end only the run holds. When the run
ends in any way, `kill -9` included, the child first unpauses containers that the run had paused,
then removes the containers and networks that carry the run's labels, and stops other containers
that the run had started. A run that has cleaned up writes that to the pipe first, and the child
exits.

A Compose that the run had started may still be creating containers. It holds the same pipe open,
so the child repeats the removal until the pipe is closed: no process is killed but containers.
No container with access to the engine is needed, and no image.

    … reaper ADDRESS CERTIFICATES ORCHESTRATOR LABELS PARENT OTHERS
"""

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stacktest.adapters.engine.client import Engine
    from stacktest.adapters.engine.connection import Connection
    from stacktest.adapters.process import Detached

PATIENCE = 60.0
"""Seconds to wait for an engine that does not answer."""
SETTLED = 1.0
"""Seconds before the child loads its modules: the starting stack needs the processor first."""
QUIET = 1.2
"""Seconds without a new container after which the removal counts as complete."""
LONGEST = 1800.0
"""Seconds to wait for a Compose that outlives its run: the time limit for creating."""


class Reaper:
    """The run's handle of the child: `disarm` after a cleanup, `release` if that was impossible."""

    def __init__(self, child: "Detached") -> None:
        self._child = child

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def pipe(self) -> int:
        """The file descriptor that programs which create containers for the run have to inherit."""
        return self._child.pipe.fileno()

    def disarm(self) -> None:
        """Tell the child that no removal is needed, and wait until it has exited."""
        if self._child.pipe.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            self._child.pipe.write(_DISARM)
            self._child.pipe.flush()
        self.release()

    def release(self) -> None:
        """Close the pipe, and wait until the child has removed what the engine still creates."""
        with contextlib.suppress(BrokenPipeError):
            self._child.pipe.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._child.pid, 0)


def arm(
    connection: "Connection",
    labels: Mapping[str, str],
    *,
    order: Sequence[str] = (),
    stop: Sequence[str] = (),
    paused: Sequence[str] = (),
    log: Path | None = None,
) -> Reaper:
    """Start the child, which removes all objects with these labels when this process ends.

    `order` lists services, dependencies first: containers with data are stopped in the reverse
    order. `stop` are ids of containers that are then stopped but not removed; `paused` ids of
    containers that are then unpaused.
    """
    from stacktest.adapters import process

    # Isolated: a file such as `email.py` in the project must not replace a module of Python.
    argv = process.isolated(__name__)
    # The child must not look the engine up again: a person may choose another context meanwhile.
    argv += connection.words()
    others = {"order": list(order), "stop": list(stop), "paused": list(paused)}
    argv += [json.dumps(labels), str(os.getpid()), json.dumps(others)]
    return Reaper(process.spawn_detached(argv, log=log))


def watch(
    place: Sequence[str],
    labels: Mapping[str, str],
    parent: int,
    others: Mapping[str, Sequence[str]],
) -> int:
    """The child's main function: wait until the parent has ended, then remove what it left.

    `place` is the engine's address, the folder of its certificates, and its orchestrator.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # The signal that ends the run may also be sent to the child, whose work starts then.
        signal.signal(number, signal.SIG_IGN)
    if _is_disarmed(parent):
        return 0
    from stacktest.adapters.engine.connection import read_connection
    from stacktest.adapters.engine.kinds import engine_at
    from stacktest.adapters.temporary import remove_abandoned
    from stacktest.errors import StacktestError

    try:
        engine = engine_at(read_connection(place))
        for container in others["paused"]:
            _outlast(partial(engine.unpause, container))
        _outlast(lambda: _remove_until_quiet(engine, labels, others["order"]))
        for container in others["stop"]:
            _outlast(partial(engine.stop, container))
        remove_abandoned()
    except StacktestError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


# Private

_DISARM = b"disarm\n"


def _load() -> None:
    """Import the modules that the removal needs in advance: after a kill, it should be quick.

    So an upgrade of the package during the run does not affect the removal either.
    """
    import stacktest.adapters.engine.cleanup
    import stacktest.adapters.engine.kinds
    import stacktest.adapters.temporary  # noqa: F401 - only to have it


def _is_disarmed(parent: int) -> bool:
    """Wait for the parent: True if it wrote the disarm message, False if it has ended without.

    The pipe is not enough to notice that: a forked child of the parent may hold it open.
    """
    message = b""
    start, is_loaded = time.monotonic(), False
    while True:
        if not is_loaded and time.monotonic() - start > SETTLED:
            _load()
            is_loaded = True
        readable, _, _ = select.select([0], [], [], 0.25)
        if readable:
            chunk = os.read(0, 64)
            if not chunk:
                return message == _DISARM
            message += chunk
        if message == _DISARM:
            return True
        if os.getppid() != parent:
            return False


def _pipe_has_ended() -> bool:
    readable, _, _ = select.select([0], [], [], 0)
    return bool(readable) and not os.read(0, 64)


def _outlast(work: Callable[[], object]) -> None:
    """Do the work; repeat it while the engine does not answer, for at most `PATIENCE` seconds."""
    from stacktest.errors import ToolMissingError

    silent_since: float | None = None
    while True:
        try:
            work()
        except ToolMissingError:
            moment = time.monotonic()
            silent_since = moment if silent_since is None else silent_since
            if moment - silent_since > PATIENCE:
                raise
            # No event tells that an engine has started again: poll.
            time.sleep(0.5)
        else:
            return


def _remove_until_quiet(engine: "Engine", labels: Mapping[str, str], order: Sequence[str]) -> None:
    from stacktest.adapters.engine.cleanup import remove_owned

    start = quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < QUIET:
        removed = remove_owned(engine, labels, order=order)
        busy = not _pipe_has_ended() and time.monotonic() - start < LONGEST
        if removed.containers or removed.left or busy:
            quiet_since = time.monotonic()
        # The engine may still be finishing a request of the run, and no event tells the end: poll.
        time.sleep(0.2)


if __name__ == "__main__":
    *_place, _labels, _parent, _others = sys.argv[1:]
    sys.exit(watch(_place, json.loads(_labels), int(_parent), json.loads(_others)))
