"""Disks that are full, read-only, over quota or broken, at any write of a run.

    injected   every write of a run, one after the other, fails with each of four errors (in memory)
    real       a small file system of its own that fills up or becomes read-only under a run

Each file is whole or absent, what could not be recorded is no pass, a failure stays one, and the
person gets one message with a path and a documented exit code: no traceback, never 70.
"""

import errno
import json
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from campaigns.common import Options, Report, main
from campaigns.small_stack import SmallStack, small_stack
from stacktest.core.freshness.states import State
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError
from tests.support.stack_simulator import StackSimulator, in_memory

ERRORS = (errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT)
CALLS = ("fsync", "mkstemp", "replace")
DOCUMENTED = frozenset({0, 1, 2, 4, 10, 11, 12, 13})


def run(options: Options) -> Report:
    """Every write of a run with every error; then real file systems, but for the short form."""
    counts, faults = Counter[str](), list[str]()
    for call in CALLS:
        for number in ERRORS[:1] if options.short else ERRORS:
            faults += _injected(call, number, counts)
    if not options.short:
        faults += _real(counts)
    return Report(columns=("what", "number"), rows=sorted(counts.items()), faults=faults)


def _injected(call: str, number: int, counts: Counter[str]) -> Iterator[str]:
    """Let the n-th call fail until a run has no n-th call left."""
    nth = 0
    while True:
        nth += 1
        where = f"{call} {nth}: {errno.errorcode[number]}"
        with in_memory() as stack:
            for name in ("app", "db"):
                stack.add(name)
            stack.run(app="failed")
            stack.index()
            with _failing(call, number, nth) as calls:
                try:
                    stack.run()
                    stack.index()
                except StacktestError as error:
                    if "cannot be written" not in error.what:
                        yield f"{where}: {error.what}"
                except OSError as error:
                    yield f"{where}: not told as an error of a person: {error!r}"
            if calls.get("made", 0) < nth:
                return
            counts[f"{call}: {errno.errorcode[number]}"] += 1
            yield from (f"{where}: {fault}" for fault in _torn(stack))


@contextmanager
def _failing(call: str, number: int, nth: int) -> Iterator[dict[str, int]]:
    """The n-th call of this kind fails, and every later one: the disk stays as it is."""
    real, calls = _functions()[call], {"made": 0}

    def refuse(*arguments: Any, **named: Any) -> Any:
        calls["made"] += 1
        if calls["made"] >= nth:
            raise OSError(number, os.strerror(number))
        return real(*arguments, **named)

    module = {"fsync": "os.fsync", "mkstemp": "tempfile.mkstemp", "replace": "pathlib.Path.replace"}
    with mock.patch(module[call], refuse):
        yield calls


def _functions() -> dict[str, Callable[..., Any]]:
    return {"fsync": os.fsync, "mkstemp": tempfile.mkstemp, "replace": Path.replace}


def _torn(stack: StackSimulator) -> Iterator[str]:
    for name in ("app", "db"):
        evidence = stack.ledger.read(name)
        for document in (evidence.last_pass, evidence.last_run, evidence.previous):
            if isinstance(document, Unknown):
                yield document.why
        yield from stack.ledger.history(name)[1]
    has_pass = not isinstance(stack.ledger.read("app").last_pass, Unknown | None)
    if stack.state("app") is State.FUNCTIONAL and not has_pass:
        yield "functional without the record of a pass"
    if drafts := [path.name for path in stack.root.rglob("*.tmp")]:
        yield f"drafts: {drafts}"


def _real(counts: Counter[str]) -> Iterator[str]:
    """Where this user may not mount, nothing is tried, and the table says so."""
    with small_stack() as stack:
        place = stack.root / "small"
        place.mkdir()
        mounting = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
        if subprocess.run(mounting, capture_output=True, check=False).returncode:
            counts["real file systems: not tried, mounting is not allowed"] = 1
            return
        try:
            yield from _filled(stack, place, counts)
        finally:
            subprocess.run(["umount", "-l", str(place)], check=False)


def _filled(stack: SmallStack, place: Path, counts: Counter[str]) -> Iterator[str]:
    settings = '[stack]\nledger = "small/tests"\nstatus = "small/status.json"\n'
    (stack.root / "stacktest.toml").write_text(settings)
    for free in (0, 4, 8, 12, 16, 24):
        _fill(place, free)
        for words in (
            ("pytest",),
            ("status",),
            ("gate",),
            ("export", "metrics", "--output", "small/m"),
        ):
            code, out = stack.run(*words)
            counts["commands on a full disk"] += 1
            if code not in DOCUMENTED or "Traceback" in out or "INTERNALERROR" in out:
                yield f"{free} KiB free: {' '.join(words)} ends with {code}: {out}"
            if free == 0 and words[0] in ("pytest", "status") and "small" not in out:
                yield f"{' '.join(words)} names no path: {out}"
        yield from _whole_documents(place)
    _fill(place, 64)
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    for words in (("pytest",), ("status",)):
        code, out = stack.run(*words)
        counts["commands on a read-only disk"] += 1
        if code not in DOCUMENTED - {0} or "Traceback" in out or "read-only" not in out:
            yield f"read-only: {' '.join(words)} ends with {code}: {out}"
    subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
    if (left := stack.wait_until_removed()) or (left := stack.temporary()):
        yield f"left: {left}"


def _fill(place: Path, free: int) -> None:
    """Leave about so many KiB."""
    (place / "fill").unlink(missing_ok=True)
    status = os.statvfs(place)
    size = status.f_bavail * status.f_bsize - free * 1024
    (place / "fill").write_bytes(b"\0" * max(size, 0))


def _whole_documents(place: Path) -> Iterator[str]:
    for path in place.rglob("*.json"):
        try:
            json.loads(path.read_text())
        except ValueError as error:
            yield f"{path.name} is torn: {error}"


if __name__ == "__main__":
    raise SystemExit(main("disk", run))
