"""Two programs at once on one stack: runs of pytest, and runs beside the verbs that write.

One of two holds the lock, and the other ends with 10 or 13 and names it, or they run one after the
other; no record is torn, nothing stays behind, and nobody removes what the other one uses.
"""

import time
from collections import Counter

from campaigns.common import Options, Report, main
from campaigns.small_stack import SmallStack, small_stack
from stacktest.core.records.documents import LastPass, LastRun

BESIDE = (("pytest",), ("pytest",), ("status",), ("down",), ("up",), ("gate",))
LOCKING = ("pytest", "up", "down")
"""Whose turn it is when the other one of a pair is refused."""
CODES = {"pytest": {0, 10}, "status": {0}, "down": {0, 13}, "up": {0, 13}, "gate": {0, 1, 11}}


def run(options: Options) -> Report:
    """40 pairs, or 3."""
    dice, counts, faults = options.random(), Counter[str](), list[str]()
    pairs = 3 if options.short else 40
    with small_stack() as stack:
        for pair in range(pairs):
            other, delay = dice.choice(BESIDE), dice.uniform(0.0, 2.5)
            where = f"pair {pair}: pytest and {other[0]} {delay:.1f} s later"
            first = stack.start("pytest", PAUSE="0.5")
            time.sleep(delay)  # the moment is what the campaign varies
            second = stack.start(*other, PAUSE="0.5")
            outputs = [process.communicate(timeout=240)[0] for process in (first, second)]
            ends = [(("pytest"), first.returncode), (other[0], second.returncode)]
            for (word, code), out in zip(ends, outputs, strict=True):
                counts[f"{word} ended with {code}"] += 1
                if code not in CODES[word] or "Traceback" in out or "INTERNALERROR" in out:
                    faults.append(f"{where}: {word} ended with {code}: {out[-600:]}")
                if code in (10, 13) and "another" not in out:
                    faults.append(f"{where}: {word} does not name the other: {out[-600:]}")
            if 0 not in [code for word, code in ends if word in LOCKING]:
                faults.append(f"{where}: neither of the two came to its end")
            faults += [f"{where}: {fault}" for fault in _faults(stack)]
        if left := stack.temporary():
            faults.append(f"temporary folders: {left}")
    return Report(columns=("what", "number"), rows=sorted(counts.items()), faults=faults)


def _faults(stack: SmallStack) -> list[str]:
    stack.run("down")
    faults = [f"left: {name}" for name in stack.wait_until_removed()]
    faults += stack.torn()
    evidence = stack.ledger.read("cache")
    match evidence.last_pass, evidence.last_run:
        case LastPass(run=passed), LastRun(run=last) if last.seq < passed.seq:
            faults.append("the last run is older than the last pass")
    numbers = [line.seq for line in stack.ledger.history("cache")[0]]
    if len(set(numbers)) != len(numbers):
        faults.append(f"two runs have one number: {numbers}")
    return faults


if __name__ == "__main__":
    raise SystemExit(main("two_runs", run))
