"""`python -m tests.faults`: seed every fault, see which checks notice, say which never do."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from stacktest.bootstrap.context import Project
from tests.faults.catalogue import FAULTS
from tests.faults.checks import REPOSITORY, Checked, Checks, all_checks, open_checks
from tests.faults.model import Fault, expected
from tests.faults.moved import PHASE, MovedCopy
from tests.faults.throwaway import ThrowAway, free_port

SHORT = (
    "the root says that it is another stack",
    "the certificate ends next week",
)
"""All of one phase, which needs the front door only."""


def main(arguments: list[str] | None = None) -> int:
    """0 when every fault was found, nothing else turned red, and every check can fail."""
    options = _options(arguments)
    chosen = tuple(fault for fault in FAULTS if _is_chosen(fault, options))
    if options.short:
        chosen = tuple(fault for fault in chosen if fault.name in SHORT)
    checks = all_checks()
    proofs = {fault.name: expected(fault, checks) for fault in FAULTS}
    if options.list:
        for fault in chosen:
            print(f"{fault.phase:9} {fault.service:20} {fault.name}  ({len(proofs[fault.name])})")
        blind = _blind(checks, proofs, missed=set())
        _say_blind(blind)
        print(f"{len(chosen)} faults, {len(checks)} checks, {len(blind)} of them without a fault")
        return 0
    found = _seed_all(chosen, proofs, keep=options.keep)
    print()
    for phase in dict.fromkeys(fault.phase for fault in chosen):
        of_phase = [fault for fault in chosen if fault.phase == phase]
        hits = sum(found[fault.name] for fault in of_phase)
        print(f"{phase:9} {hits:3} of {len(of_phase):3} faults found")
    blind = _blind(checks, proofs, missed={name for name, hit in found.items() if not hit})
    _say_blind(blind)
    hits = sum(found.values())
    print(f"{hits} of {len(chosen)} faults found")
    return 0 if hits == len(chosen) and not blind else 1


# Private


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--phase", action="append", default=[], help="only faults of this phase")
    parser.add_argument(
        "--service", action="append", default=[], help="only faults of this service"
    )
    parser.add_argument(
        "--fault", action="append", default=[], help="only faults with this in their name"
    )
    parser.add_argument("--list", action="store_true", help="say what there is; seed nothing")
    parser.add_argument("--short", action="store_true", help="a handful, to see that it works")
    parser.add_argument("--keep", action="store_true", help="leave the copy running")
    return parser.parse_args(arguments)


def _is_chosen(fault: Fault, options: argparse.Namespace) -> bool:
    return (
        (not options.phase or fault.phase in options.phase)
        and (not options.service or fault.service in options.service)
        and (not options.fault or any(part in fault.name for part in options.fault))
    )


def _seed_all(
    chosen: tuple[Fault, ...], wanted: dict[str, frozenset[str]], *, keep: bool
) -> dict[str, bool]:
    """Fault → found, one phase after the other, so that no more runs than a phase needs."""
    found: dict[str, bool] = {}
    for phase in dict.fromkeys(fault.phase for fault in chosen):
        faults = tuple(fault for fault in chosen if fault.phase == phase)
        try:
            if phase == PHASE:
                _seed_moved_phase(faults, wanted, found)
            else:
                _seed_phase(faults, wanted, found, keep=keep)
        except RuntimeError as error:
            print(f"{phase} broke off: {error}", flush=True)
    return dict.fromkeys((fault.name for fault in chosen), False) | found


def _seed_phase(
    faults: tuple[Fault, ...],
    wanted: dict[str, frozenset[str]],
    found: dict[str, bool],
    *,
    keep: bool,
) -> None:
    """Fill `found` for the faults of one phase; what breaks off leaves the rest out of it."""
    files = tuple(dict.fromkeys(file for fault in faults for file in fault.files))
    with tempfile.TemporaryDirectory(prefix="t-faults-", ignore_cleanup_errors=True) as folder:
        copy = ThrowAway(Path(folder), port=free_port())
        try:
            copy.make()
            copy.up(_services(copy, faults))
            with open_checks(copy.root, _paths(files)) as checks:
                if _is_whole(checks.run(files)):
                    for fault in faults:
                        found[fault.name] = _seed_one(copy, checks, fault, wanted[fault.name])
                    # The last one must not leave anything behind either.
                    found[faults[-1].name] &= _is_whole(checks.run(files))
        finally:
            if not keep:
                copy.remove()


def _paths(files: tuple[str, ...]) -> tuple[str, ...]:
    """The files of the suites with these names."""
    found = {path.stem: str(path) for path in (REPOSITORY / "suites").glob("*/test_*.py")}
    return tuple(found[file] for file in files)


def _seed_moved_phase(
    faults: tuple[Fault, ...], wanted: dict[str, frozenset[str]], found: dict[str, bool]
) -> None:
    """Fill `found` for the faults of the lifecycle suites, which start what they move."""
    with tempfile.TemporaryDirectory(prefix="t-faults-", ignore_cleanup_errors=True) as folder:
        copy = MovedCopy(Path(folder))
        try:
            copy.make()
            proved = frozenset[str]().union(*(wanted[fault.name] for fault in faults))
            if _is_whole(copy.run(proved, doomed=False)):
                for fault in faults:
                    found[fault.name] = _seed_moved(copy, fault, wanted[fault.name])
        finally:
            copy.remove()


def _is_whole(sick: Checked) -> bool:
    """Whether every check is green while nothing is broken; says which are not."""
    for nodeid in sorted(sick.red):
        reason = sick.reasons.get(nodeid, sick.words[nodeid])
        print(f"red without a fault: {nodeid}\n    {reason}", flush=True)
    return not sick.red


def _services(copy: ThrowAway, chosen: Iterable[Fault]) -> set[str]:
    """What must run for the checks of these faults: their services, and what these depend on.

    All checks of a file are run, so the services of its other faults must be there as well.
    """
    known = Project(copy.root, os.environ).stack.services
    files = {file for fault in chosen for file in fault.files}
    related = [fault for fault in FAULTS if files.intersection(fault.files)]
    waiting = ["caddy"]
    waiting += [n for f in related for n in (f.service, *f.touched, *f.needs)]
    named: set[str] = set()
    while waiting:
        if (name := waiting.pop()) not in named:
            named.add(name)
            waiting += known[name].dependencies
    return named


def _seed_one(copy: ThrowAway, checks: Checks, fault: Fault, wanted: frozenset[str]) -> bool:
    """Whether exactly the wanted checks were red, and none of them once the copy was healed."""
    begun = time.monotonic()
    try:
        copy.seed(fault.seed)
        sick = checks.run(fault.files, wanted)
    except (ValueError, RuntimeError, subprocess.TimeoutExpired) as error:
        sick = Checked({}, {})
        print(f"         cannot be seeded: {error}")
    copy.heal(fault.touched, fault.undo)
    return _is_found(fault, sick, wanted, begun)


def _seed_moved(copy: MovedCopy, fault: Fault, wanted: frozenset[str]) -> bool:
    """Whether all of the wanted checks failed."""
    begun = time.monotonic()
    try:
        copy.heal()
        copy.seed(fault.seed)
        sick = copy.run(wanted, doomed=True)
    except (ValueError, RuntimeError, subprocess.TimeoutExpired) as error:
        sick = Checked({}, {})
        print(f"         cannot be seeded: {error}")
    return _is_found(fault, sick, wanted, begun)


def _is_found(fault: Fault, sick: Checked, wanted: frozenset[str], begun: float) -> bool:
    """Whether exactly the wanted checks were red; says so."""
    missed, extra = wanted - sick.red, sick.red - wanted
    good = bool(sick.words) and not missed and not extra
    print(
        f"{'found ' if good else 'MISSED'} {time.monotonic() - begun:5.1f} s  {fault.phase}  {fault.title}",
        flush=True,
    )
    for nodeid in sorted(missed):
        print(f"         still green: {nodeid}")
    for nodeid in sorted(extra):
        print(
            f"         red as well: {nodeid}\n             {sick.reasons.get(nodeid, sick.words[nodeid])}"
        )
    return good


def _blind(
    checks: frozenset[str], proofs: dict[str, frozenset[str]], *, missed: set[str]
) -> frozenset[str]:
    """Checks that no fault turns red, but for faults that were missed."""
    return checks.difference(*(red for name, red in proofs.items() if name not in missed))


def _say_blind(blind: frozenset[str]) -> None:
    for nodeid in sorted(blind):
        print(f"no fault turns this red: {nodeid}")


if __name__ == "__main__":
    sys.exit(main())
