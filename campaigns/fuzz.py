"""Broken input for every reader: only the package's own errors may come of it, and soon.

    python -m campaigns.fuzz                    100 000 inputs
    python -m campaigns.fuzz --inputs 5000      fewer, or more
    python -m campaigns.fuzz --only nginx       one reader
    python -m campaigns.fuzz --keep DIR         what showed a fault, a file each

A fault is an exception that the package did not raise on purpose, one that would end a command with
70, or an input that takes longer than `LONGEST` seconds.
"""

import argparse
import contextlib
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from campaigns.common import Options, Report, main
from campaigns.mutations import Mutator
from campaigns.readers import Reader, all_readers
from stacktest.core.records.strict_json import RecordError
from stacktest.errors import StacktestError

INPUTS = 100_000
SHORT = 1_000
LONGEST = 3.0
"""Seconds of the processor that one input may take, whatever else the machine does."""
SHOWN = 3
"""Faults of one reader that are shown; the others are counted."""


class TooLong(Exception):  # noqa: N818 - no mistake of a program: the campaign's own alarm
    """An input took longer than it may."""


def run(options: Options, inputs: int = 0, only: str = "", keep: str = "") -> Report:
    """Every reader with its share of the inputs."""
    total = inputs or (SHORT if options.short else INPUTS)
    readers = [reader for reader in all_readers() if only in reader.name]
    shares = sum(reader.share for reader in readers)
    rows, faults = [], []
    for reader in readers:
        count = -(-total * reader.share // shares)
        refused, longest, found = _fuzz(reader, count, Options(seed=options.seed), keep)
        rows.append((reader.name, count, refused, f"{longest:.2f} s", len(found)))
        faults += found
    rows.append(
        ("in all", sum(row[1] for row in rows), sum(row[2] for row in rows), "", len(faults))
    )
    return Report(
        columns=("reader", "inputs", "refused", "longest", "faults"),
        rows=rows,
        faults=_first_of_each(faults),
    )


# Private


def _fuzz(reader: Reader, count: int, options: Options, keep: str) -> tuple[int, float, list[str]]:
    """How many inputs were refused, the longest time, and the faults."""
    source = options.random()
    source.seed(f"{options.seed} {reader.name}")
    mutator, refused, longest, faults = Mutator(source), 0, 0.0, list[str]()
    with _quick_folder() as top:
        for number in range(count):
            data = mutator.mutate(source.choice(list(reader.seeds)), reader.seeds, reader.form)
            folder = top / "x"
            folder.mkdir()
            began = time.process_time()
            fault = _fault(reader, data, folder)
            longest = max(longest, time.process_time() - began)
            shutil.rmtree(folder)
            refused += fault is None
            if fault:
                faults.append(f"{reader.name} {number}: {fault}")
                if keep:
                    Path(keep).mkdir(parents=True, exist_ok=True)
                    Path(keep, f"{reader.name.replace(' ', '-')}-{number}").write_bytes(data)
    return refused, longest, faults


def _fault(reader: Reader, data: bytes, folder: Path) -> str | None:
    """Empty: it was read; None: it was refused as it should be; else what went wrong."""
    try:
        with _alarm(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read(data, folder)
    except RecordError:
        return None
    except StacktestError as error:
        "\n".join(error.lines_with_code()).encode("utf-8")
        return (
            "an error that ends with 70"
            if error.exit_code == StacktestError.exit_code and not _is_git(reader)
            else None
        )
    except BaseException:  # noqa: BLE001 - whatever it is, it is what the campaign looks for
        return _last_frame()
    return ""


def _is_git(reader: Reader) -> bool:
    return reader.name == "git log"


def _last_frame() -> str:
    """The exception, and where in the package it came from."""
    kind, error, trace = sys.exc_info()
    frames = [frame for frame in traceback.extract_tb(trace) if "/stacktest/" in frame.filename]
    place = (
        f"{frames[-1].filename.rpartition('/stacktest/')[2]}:{frames[-1].lineno}" if frames else "?"
    )
    return f"{kind.__name__ if kind else ''} at {place}: {str(error)[:120]!r}"


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def ring(_: int, __: FrameType | None) -> None:
        raise TooLong(f"took longer than {LONGEST} s")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def _quick_folder() -> Iterator[Path]:
    """A new folder, in memory where the machine has such a place."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        dir=memory if memory.is_dir() else None, prefix="fuzz-"
    ) as name:
        yield Path(name)


def _first_of_each(faults: list[str]) -> list[str]:
    """The faults without those that come from the same place as others."""
    places: dict[str, list[str]] = {}
    for fault in faults:
        name, _, what = fault.partition(": ")
        places.setdefault(f"{name.rpartition(' ')[0]} {what.partition(': ')[0]}", []).append(fault)
    return [f"{same[0]} ({len(same)} times)" for same in places.values()]


def _command() -> int:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--inputs", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", default="")
    own, rest = parser.parse_known_args()
    return main("fuzz", lambda options: run(options, own.inputs, own.only, own.keep), rest)


if __name__ == "__main__":
    raise SystemExit(_command())
