"""Runs that are killed at any point: what is left behind, and what the records say afterwards.

Each run is ended by KILL, TERM or HUP after a random part of the time that a whole run takes.
A service that had failed before must not look proved by that, and one that had passed keeps it.
"""

import signal
import time
from collections import Counter

from campaigns.common import Options, Report, main
from campaigns.kill_points import signal_after
from campaigns.small_stack import SmallStack, small_stack
from stacktest.core.records.documents import LastPass, LastRun

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)


def run(options: Options) -> Report:
    """100 kill points, or 4 in the short form; every second one on a service that has failed."""
    dice, points = options.random(), 4 if options.short else 100
    counts, faults = Counter[str](), list[str]()
    with small_stack() as stack:
        started = time.monotonic()
        code, out = stack.run("pytest")
        whole = time.monotonic() - started
        if code:
            return Report(
                columns=("what",), rows=(), faults=[f"the first run ended with {code}: {out}"]
            )
        for point in range(points):
            has_failed = point >= points // 2
            if has_failed and point == points // 2:
                stack.run("pytest", EXPECT="something else")
            number, share = dice.choice(SIGNALS), dice.random()
            process = stack.start("pytest")
            was_running = signal_after(process, share * whole, number)
            counts[number.name if was_running else "ended before"] += 1
            where = f"point {point}: {number.name} after {share:.0%} of a run"
            stands = has_failed and not _was_credited(stack)
            faults += [f"{where}: {fault}" for fault in _faults(stack, number, has_failed=stands)]
            if has_failed and not stands:
                # It was killed after its pass was recorded: the next point needs a failure again.
                counts["ended after its pass was recorded"] += 1
                stack.run("pytest", EXPECT="something else")
        stack.run("pytest")
        if left := stack.temporary():
            faults.append(f"temporary folders after the last run: {left}")
        drafts = [path.name for path in stack.root.rglob(".*.tmp")]
    rows = [
        *counts.items(),
        ("seconds of a whole run", f"{whole:.1f}"),
        ("drafts beside records", len(drafts)),
    ]
    return Report(columns=("what", "number"), rows=rows, faults=faults)


def _was_credited(stack: SmallStack) -> bool:
    """Whether the run came as far as recording that every test of it passed."""
    last_run = stack.ledger.read("cache").last_run
    return isinstance(last_run, LastRun) and last_run.credited


def _faults(stack: SmallStack, number: signal.Signals, *, has_failed: bool) -> list[str]:
    """What is wrong once the reaper had its time."""
    faults = [f"left: {name}" for name in stack.wait_until_removed()]
    faults += stack.torn()
    evidence = stack.ledger.read("cache")
    if not isinstance(evidence.last_pass, LastPass):
        faults.append("the pass is gone")
    code, out = stack.run("gate")
    if "Traceback" in out:
        faults.append(f"gate: {out}")
    if has_failed and code == 0:
        faults.append("the gate is open after a failure")
    if number is not signal.SIGKILL and (left := stack.temporary()):
        faults.append(f"temporary folders: {left}")
    return faults


if __name__ == "__main__":
    raise SystemExit(main("kill_run", run))
