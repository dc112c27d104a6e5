"""Runs other programs; the only module of the package that imports subprocess.

Commands are argument lists, never shell strings. `run` returns the result for every exit code;
`check` raises unless it is 0; `spawn_detached` starts a program that outlives this one.
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
    """A program that has ended: its arguments, its exit code, and its output."""

    argv: tuple[str, ...] = field(repr=False)
    """Not in `repr`, like the program's output: it may hold a password."""
    code: int
    out: str = field(repr=False)
    err: str = field(repr=False)
    raw: bytes = field(repr=False, default=b"")
    """The bytes of `out`."""

    @property
    def command(self) -> str:
        """The command as a person would type it."""
        return shlex.join(self.argv)

    @property
    def paths(self) -> str:
        """Standard output decoded for file names, which may hold bytes that are not UTF-8."""
        return os.fsdecode(self.raw)

    @property
    def tail(self) -> str:
        """The last lines of standard error, or of standard output if that is empty."""
        text = self.err.strip() or self.out.strip()
        return "\n".join(text.splitlines()[-8:])


@dataclass(frozen=True, kw_only=True, slots=True)
class Detached:
    """A program in its own session; `pipe` is its standard input, open until this process ends."""

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
    """Run a program and wait for its end; an exit code other than 0 is not an error.

    `env` replaces the whole environment; `holding` are file descriptors that the program keeps open
    as long as it runs. ToolMissingError if the program is absent; one that does not end within
    `timeout` seconds is killed and raises StacktestError.
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
    """Run a program that uses this process's terminal and receives its signals; its exit code."""
    with subprocess.Popen(list(argv), cwd=cwd, env=dict(env), pass_fds=tuple(holding)) as program:
        while True:
            try:
                return program.wait()
            except KeyboardInterrupt:
                # The terminal interrupts the program as well: wait until it has ended by itself.
                continue


def become(argv: Sequence[str], *, cwd: Path) -> NoReturn:
    """Replace this process by another program, with the same terminal and signals."""
    os.chdir(cwd)
    os.execv(argv[0], list(argv))  # noqa: S606


def isolated(module: str) -> list[str]:
    """The arguments with which Python runs a module of this package, isolated from a project.

    Neither the working folder nor `PYTHONPATH` is searched: a `json.py` there has no effect.
    """
    return [sys.executable, "-I", "-c", _RUN_MODULE, str(Path(__file__).parents[2]), module]


def write_wrapper(path: Path, argv: Sequence[str]) -> str:
    """Write a script to `path` that executes `argv` followed by its own arguments; its path."""
    write_file(path, f'#!/bin/sh\nexec {shlex.join(argv)} "$@"\n', mode=PROGRAM)
    return str(path)


def spawn_detached(
    argv: Sequence[str],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Detached:
    """Start a program in its own session, which signals to this process group do not reach.

    Its standard input is a pipe from this process: end of file means that this process has ended.
    Its output is appended to `log`, or discarded.
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
    # Discard the Popen object without a warning: the program outlives this one.
    started.returncode = 0
    return Detached(pid=started.pid, pipe=started.stdin)


def has_ended(program: Detached) -> bool:
    """Whether a program that was started detached by this process has ended."""
    try:
        return os.waitpid(program.pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        # An earlier call has waited for it already.
        return True


# Private


def _kill_with_children(program: subprocess.Popen[bytes]) -> None:
    """Kill a program and its descendants: `docker` starts Compose, which would go on.

    It has no process group of its own to kill: in one, it could not ask for a password at this
    terminal.
    """
    pids = _descendants(program.pid)
    program.kill()
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    """The ids of a process's descendants; empty on a system without `/proc`."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name of the program is in brackets, and may hold any character.
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
