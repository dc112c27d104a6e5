"""Runs other programs; the only module of the package that imports subprocess.

Programs are argument lists, never shell strings. `run` answers what happened, whatever the exit
code; `check` insists on code 0; `spawn_detached` starts a program that outlives this one.
"""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

from stacktest.adapters.atomic_write import PROGRAM, open_log, write_file
from stacktest.errors import ToolFailedError, ToolMissingError


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """A program that has ended: what was started, its exit code, and what it wrote."""

    argv: tuple[str, ...] = field(repr=False)
    """Kept out of `repr`, as is all that the program wrote: it may hold a password."""
    code: int
    out: str = field(repr=False)
    err: str = field(repr=False)
    raw: bytes = field(repr=False, default=b"")
    """What `out` is, undecoded."""

    @property
    def command(self) -> str:
        """The command as a person would type it."""
        return shlex.join(self.argv)

    @property
    def paths(self) -> str:
        """What `out` is where it holds names of files, whatever bytes they consist of."""
        return os.fsdecode(self.raw)

    @property
    def tail(self) -> str:
        """The last lines of what the program printed, those of standard error if there are any."""
        text = self.err.strip() or self.out.strip()
        return "\n".join(text.splitlines()[-8:])


@dataclass(frozen=True, kw_only=True, slots=True)
class Detached:
    """A program in its own session; `pipe` is its standard input and lives as long as we do."""

    pid: int
    pipe: IO[bytes] = field(repr=False)


def run(
    argv: Sequence[str],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    input: str = "",  # noqa: A002 - the name that subprocess gave it
    holding: Sequence[int] = (),
) -> Completed:
    """The ended program; never raises because of its exit code.

    `env` replaces the whole environment; `holding` are open files that the program keeps open for
    as long as it lives. A program that is absent raises ToolMissingError, one
    that does not end within `timeout` seconds is killed and raises StacktestError.
    """
    try:
        program = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=tuple(holding),
        )
    except FileNotFoundError as error:
        if cwd is not None and not Path(cwd).is_dir():
            raise ToolFailedError(f"folder {cwd} does not exist", where=shlex.join(argv)) from error
        raise ToolMissingError(
            f"{argv[0]} is not installed or not on PATH",
            where=shlex.join(argv),
            hint=f"install {argv[0]}, then: stacktest doctor",
        ) from error
    except PermissionError as error:
        raise ToolMissingError(
            f"{argv[0]} may not be run: {error.strerror}", where=shlex.join(argv)
        ) from error
    with program:
        try:
            out, err = program.communicate(os.fsencode(input), timeout=timeout)
        except subprocess.TimeoutExpired as error:
            _kill_with_children(program)
            raise ToolFailedError(
                f"{argv[0]} did not end within {timeout:g} s", where=shlex.join(argv)
            ) from error
        except BaseException:
            program.kill()
            raise
    return Completed(
        argv=tuple(argv),
        code=program.returncode,
        out=out.decode(errors="replace"),
        err=err.decode(errors="replace"),
        raw=out,
    )


def check(
    argv: Sequence[str],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    input: str = "",  # noqa: A002 - the name that subprocess gave it
) -> Completed:
    """Like `run`, but an exit code other than 0 raises StacktestError with its last lines."""
    result = run(argv, cwd=cwd, env=env, timeout=timeout, input=input)
    if result.code != 0:
        raise ToolFailedError(
            f"{argv[0]} ended with code {result.code}: {result.tail or 'it printed nothing'}",
            where=result.command,
        )
    return result


def attended(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    holding: Sequence[int] = (),
) -> int:
    """The exit code of a program that has our terminal while it runs, and is told our signals."""
    with subprocess.Popen(list(argv), cwd=cwd, env=dict(env), pass_fds=tuple(holding)) as program:
        while True:
            try:
                return program.wait()
            except KeyboardInterrupt:
                # The terminal interrupts the program as well: it ends in its own way, and says so.
                continue


def become(argv: Sequence[str], *, cwd: Path) -> NoReturn:
    """Another program takes the place of this one, with its terminal and its signals."""
    os.chdir(cwd)
    os.execv(argv[0], list(argv))  # noqa: S606


def isolated(module: str) -> list[str]:
    """The beginning of a command that runs a module of this package and no file of a project.

    Neither the working folder nor `PYTHONPATH` is searched: a `json.py` there does not matter.
    """
    return [sys.executable, "-I", "-c", _RUN_MODULE, str(Path(__file__).parents[2]), module]


def write_wrapper(path: Path, argv: Sequence[str]) -> str:
    """A program at `path` that becomes `argv`, with its own arguments after it; its path."""
    write_file(path, f'#!/bin/sh\nexec {shlex.join(argv)} "$@"\n', mode=PROGRAM)
    return str(path)


def spawn_detached(
    argv: Sequence[str],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Detached:
    """Starts a program in its own session, so that signals to our process group miss it.

    Its standard input is a pipe from us: end of file there means that we are gone. What it prints
    is appended to `log`, or lost.
    """
    try:
        with open_log(log) as output:
            started = subprocess.Popen(
                list(argv),
                cwd=cwd,
                env=dict(env) if env is not None else None,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
    except FileNotFoundError as error:
        raise ToolMissingError(f"{argv[0]} is not on PATH", where=shlex.join(argv)) from error
    if started.stdin is None:  # pragma: no cover - PIPE was asked for
        raise ToolFailedError("no pipe to the detached program", where=shlex.join(argv))
    # The object is dropped on purpose: a program that outlives this one is not waited for.
    started.returncode = 0
    return Detached(pid=started.pid, pipe=started.stdin)


def has_ended(program: Detached) -> bool:
    """Whether a program that was started detached by this process has ended."""
    try:
        return os.waitpid(program.pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        # Its end was noticed before.
        return True


# Private


def _kill_with_children(program: subprocess.Popen[bytes]) -> None:
    """Kill a program and what it started: `docker` leaves its Compose behind.

    In a process group of its own it could not ask for a password at our terminal.
    """
    pids = _descendants(program.pid)
    program.kill()
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    """The processes below one, as far as this system has `/proc`."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name of the program stands in brackets, and may hold anything.
            parent = int(path.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    waiting, below = [pid], list[int]()
    while waiting:
        started = children.get(waiting.pop(), [])
        waiting += started
        below += started
    return below


_RUN_MODULE = """\
import runpy, sys
root, module = sys.argv[1:3]
del sys.argv[1:3]
# Behind the standard library, before other installations of this package.
sys.path.insert(sum(not path.endswith("-packages") for path in sys.path[:3]), root)
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""
