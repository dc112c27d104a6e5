"""What a page costs: Chromium with and without a window, one process and two.

    python -m benchmarks.pages [ROUNDS] [--workers]

Each page has a context of its own, as in a test. The ways take turns within each round; what counts
is the ratio of the medians. `--workers` brings the reference stack up (`make provision` goes first)
and runs its browser tests with `-n 0` and with `-n 2`, those left out that a service counts and
answers with a lock-out.
"""

import argparse
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.turns import medians, timed
from stacktest.adapters.browser.chromium import WITH_WINDOW, WITHOUT_WINDOW, find_chromium

STACK = Path("fixtures/stacks/reference")
PAGE = "<title>Sign in</title><form><input id=name><button id=go type=button>Go</button></form>"
TARGET = 0.8
TESTS = "chromium and not refused and not stranger and not made_up"


def main() -> int:
    """1 when pages without a window cost more than `TARGET` of those with one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=20)
    parser.add_argument(
        "--workers", action="store_true", help="the reference stack's browser tests"
    )
    options = parser.parse_args()
    missed = windows(options.rounds)
    if options.workers:
        workers(rounds=2)
    return int(missed)


def windows(rounds: int) -> bool:
    """Print milliseconds per page of each kind; whether the target is missed."""
    programs = {"with": find_chromium(headless=False), "without": find_chromium(headless=True)}
    if len(set(programs.values())) < 2 or None in programs.values():
        print(f"MISS pages: {WITHOUT_WINDOW} and {WITH_WINDOW[0]} are needed: make measuring")
        return True
    with sync_playwright() as playwright:
        start = playwright.chromium.launch
        browsers = [start(executable_path=program) for program in programs.values()]
        ways = {
            kind: partial(timed, partial(one_page, browser))
            for kind, browser in zip(programs, browsers, strict=True)
        }
        medians(ways, 1)
        found = medians(ways, rounds)
        for browser in browsers:
            browser.close()
    for kind, seconds in found.items():
        print(f"a page {kind:<8} a window {seconds * 1000:7.1f} ms")
    ratio = found["without"] / found["with"]
    print(f"without / with: {ratio:.2f} (target: at most {TARGET})")
    return ratio > TARGET


def one_page(browser: Browser) -> None:
    """What the smallest test does: a context, a page, an answer to it."""
    context = browser.new_context()
    page = context.new_page()
    page.set_content(PAGE)
    page.fill("#name", "admin")
    page.click("#go")
    context.close()


def workers(rounds: int) -> None:
    """Print seconds with one process and with two, and how busy the machine's cores were."""
    stacktest = [str(Path(sys.executable).with_name("stacktest"))]
    run = partial(subprocess.run, check=True, capture_output=True)
    run([*stacktest, "up", "--stack", str(STACK)])
    pytest = [sys.executable, "-m", "pytest", "-q", "-k", TESTS, "--stack-up", "never"]
    busy: dict[str, list[float]] = {"0": [], "2": []}

    def once(number: str) -> float:
        before = worked()
        seconds = timed(lambda: run([*pytest, "-n", number]))
        busy[number].append((worked() - before) / seconds)
        return seconds

    try:
        found = medians({number: partial(once, number) for number in busy}, rounds)
    finally:
        run([*stacktest, "down", "--stack", str(STACK)])
    for number, seconds in found.items():
        cores = statistics.median(busy[number])
        print(f"-n {number}  {seconds:6.1f} s  {cores:.2f} cores busy")
    print(f"-n 0 / -n 2: {found['0'] / found['2']:.2f}")


def worked() -> float:
    """Seconds that all cores of the machine have worked, from /proc/stat."""
    user, nice, system, _, _, irq, softirq = map(
        int, Path("/proc/stat").read_text().split(maxsplit=8)[1:8]
    )
    return (user + nice + system + irq + softirq) / 100


if __name__ == "__main__":
    sys.exit(main())
