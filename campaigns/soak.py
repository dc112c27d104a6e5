"""Many fast runs one after the other: nothing grows but the history, by one line a run.

The stack stays up between the runs, as for somebody who works on it; every tenth run starts and
removes it. Measured are what a run leaves: programs, containers, networks, volumes, temporary
folders, files of the stack's folder; and what it needs: open files, memory, time.
"""

import re
import resource
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

from campaigns.common import Options, Report, main
from campaigns.small_stack import TEST, SmallStack, small_stack
from stacktest.adapters.engine.documents import PROJECT

COUNTING = (
    TEST
    + """
def test_what_this_process_needs(stack):
    files = len(list(__import__("pathlib").Path("/proc/self/fd").iterdir()))
    words = __import__("pathlib").Path("/proc/self/status").read_text()
    peak = [row.split()[1] for row in words.splitlines() if row.startswith("VmHWM")][0]
    print("NEEDS", files, peak)
"""
)
LINE = 1200
"""Bytes that a line of the history may take."""


def run(options: Options) -> Report:
    """200 runs, or 6."""
    runs = 6 if options.short else 200
    needs, seconds, faults = list[tuple[int, int]](), list[float](), list[str]()
    with small_stack(test=COUNTING) as stack:
        # A run on a stack that is down leaves a file that the others do not: the log of its reaper.
        for words in (("pytest",), ("up", "cache"), ("pytest",)):
            stack.run(*words)
        before = _remains(stack)
        for number in range(runs):
            if number % 10 == 9:
                stack.run("down")
            started = time.monotonic()
            code, out = stack.run("pytest", "-rP")
            seconds.append(time.monotonic() - started)
            if number % 10 == 9:
                stack.run("up", "cache")
            if code or not (match := re.search(r"NEEDS (\d+) (\d+)", out)):
                faults.append(f"run {number} ended with {code}: {out[-600:]}")
                continue
            needs.append((int(match[1]), int(match[2])))
        after = _remains(stack)
        history = (stack.root / "data/tests/cache/history.jsonl").stat().st_size
    rows: list[tuple[object, ...]] = [(name, before[name], after[name]) for name in before]
    faults += [f"{name} grew from {old} to {new}" for name, old, new in rows if new != old]
    fifth = max(len(needs) // 5, 1)
    for place, name in enumerate(("open files", "memory of the run (KiB)")):
        first, last = (
            statistics.median(need[place] for need in part)
            for part in (needs[:fifth], needs[-fifth:])
        )
        rows.append((name, first, last))
        if last > first * 1.1:
            faults.append(f"{name} grew from {first} to {last}")
    rows.append(
        (
            "seconds of a run",
            f"{statistics.median(seconds[:fifth]):.2f}",
            f"{statistics.median(seconds[-fifth:]):.2f}",
        )
    )
    rows.append(("bytes of history per run", "", history // (runs + 2)))
    if history > LINE * (runs + 2):
        faults.append(f"{history} bytes of history after {runs + 2} runs")
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    rows.append(("largest program (KiB)", "", largest))
    return Report(columns=("what", "before", "after"), rows=rows, faults=faults)


def _remains(stack: SmallStack) -> Mapping[str, int]:
    engine, label = stack.engine, {PROJECT: stack.name}
    files = [path for path in stack.root.rglob("*") if path.is_file()]
    return {
        "programs": sum(_belongs(path, stack.root) for path in Path("/proc").glob("[0-9]*")),
        "containers": len(stack.containers()),
        "networks": len(engine.networks(label)),
        "volumes": len(engine.volumes(label)),
        "temporary folders": len(stack.temporary()),
        "files": len([path for path in files if "evidence" not in path.parts]),
    }


def _belongs(process: Path, root: Path) -> bool:
    """Whether a program works in the stack's folder, or for it."""
    try:
        words = (process / "cmdline").read_bytes()
        return str(root).encode() in words or (process / "cwd").resolve() == root
    except OSError:
        return False


if __name__ == "__main__":
    raise SystemExit(main("soak", run))
