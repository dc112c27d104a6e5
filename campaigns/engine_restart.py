"""An engine that restarts while it is used, on an engine of the campaign's own.

    bring-up   it goes away while the stack starts
    test       it goes away while a test runs, and comes back before the run ends, or not
    reaper     the run is killed while it is away: the reaper waits for it
    status     a verb asks it while it is away

It goes away by TERM, which ends its containers.
"""

import subprocess
import time
from collections import Counter
from pathlib import Path

from campaigns.common import Options, Report, main
from campaigns.own_engine import OwnEngine, own_engine
from campaigns.small_stack import CACHE, IMAGE, SmallStack, small_stack
from stacktest.core.records.documents import LastPass
from stacktest.errors import ToolMissingError

WITHOUT_NETWORK = CACHE + "    network_mode: none\n"
MARKED = """\
import pathlib, pytest, time

@pytest.mark.service("cache")
def test_it_answers(inside):
    assert inside("cache").run("redis-cli", "ping").out.strip() == "PONG"
    pathlib.Path("reached").write_text("")
    while not pathlib.Path("go-on").exists():
        time.sleep(0.05)
"""
CODES = {0, 1, 2, 10, 12}


def run(options: Options) -> Report:
    """6 restarts of each kind, or 1."""
    dice, counts, faults = options.random(), Counter[str](), list[str]()
    times = 1 if options.short else 6
    try:
        with own_engine() as engine:
            engine.load(IMAGE)
            for number in range(times):
                delay = dice.uniform(0.3, 2.0)
                for name, act in {"bring-up": _bring_up, "test": _test, "reaper": _reaper}.items():
                    with small_stack(WITHOUT_NETWORK, MARKED, DOCKER_HOST=engine.address) as stack:
                        where = f"{name} {number}, after {delay:.1f} s"
                        counts[name] += 1
                        faults += [f"{where}: {f}" for f in act(stack, engine, delay)]
                        if not engine.answers():
                            engine.start()
    except ToolMissingError as error:
        counts[f"not tried: {error.what} ({error.where})"] += 1
    return Report(columns=("what", "number"), rows=sorted(counts.items()), faults=faults)


def _bring_up(stack: SmallStack, engine: OwnEngine, delay: float) -> list[str]:
    (stack.root / "go-on").write_text("")
    process = stack.start("pytest")
    time.sleep(delay)  # the moment is what the campaign varies
    engine.stop()
    engine.start()
    out, _ = process.communicate(timeout=240)
    return [*_ended(process.returncode, out), *_remains(stack)]


def _test(stack: SmallStack, engine: OwnEngine, delay: float) -> list[str]:
    """With an odd number of tenths the engine stays away until the run has ended."""
    process = stack.start("pytest")
    if not _reached(stack, process):
        return [f"the test was not reached: {process.communicate()[0]}"]
    engine.stop()
    comes_back = int(delay * 10) % 2 == 0
    if comes_back:
        engine.start()
    (stack.root / "go-on").write_text("")
    out, _ = process.communicate(timeout=300)
    if not comes_back:
        engine.start()
    faults = _ended(process.returncode, out)
    has_pass = isinstance(stack.ledger.read("cache").last_pass, LastPass)
    if has_pass:
        faults.append(f"credited although its container had ended, or could not be seen: {out}")
    return [*faults, *_remains(stack)]


def _reaper(stack: SmallStack, engine: OwnEngine, delay: float) -> list[str]:
    process = stack.start("pytest")
    if not _reached(stack, process):
        return [f"the test was not reached: {process.communicate()[0]}"]
    engine.stop()
    process.kill()
    process.communicate()
    time.sleep(5 * delay)  # up to ten seconds without an engine
    engine.start()
    return _remains(stack)


def _reached(stack: SmallStack, process: subprocess.Popen[str]) -> bool:
    deadline = time.monotonic() + 120
    while not (stack.root / "reached").exists():
        if time.monotonic() > deadline or process.poll() is not None:
            return False
        time.sleep(0.05)
    return True


def _ended(code: int, out: str) -> list[str]:
    is_clean = code in CODES and "Traceback" not in out and "INTERNALERROR" not in out
    return [] if is_clean else [f"the run ended with {code}: {out[-1500:]}"]


def _remains(stack: SmallStack) -> list[str]:
    faults = [f"left: {name}" for name in stack.wait_until_removed()]
    code, out = stack.run("status")
    if code or "Traceback" in out:
        faults.append(f"status ends with {code}: {out}")
    log = Path(stack.root, ".stacktest/reaper.log")
    words = log.read_text() if log.exists() else ""
    return [*faults, *stack.torn(), *([f"reaper: {words}"] if "Traceback" in words else [])]


if __name__ == "__main__":
    raise SystemExit(main("engine_restart", run))
