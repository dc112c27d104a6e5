"""Backups of every store of the reference stack: restored and proved, and rotten in eight ways.

    whole         nothing is wrong with it
    cut           its files end after 60 %
    empty         its files have nothing in them
    other version a later version of the program wrote it
    missing role  who owns the data, or may use it, is not in it
    stale         it is there, and the newest data is not
    half          one kind of data was left out
    wrong key     the password of the repository is another one
    missing blobs files of the repository are gone

Each is drilled as a person does it, and looked at by `restic check` as the repository's own tool does.
Only a whole one may be restorable; a rotten one has to be called so. It runs on a copy of the reference
stack with a folder, a name and a port of its own.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from campaigns import drill_stores
from campaigns.common import Options, Report, main
from campaigns.drill_stores import STORES, SUITE, Change, Row
from campaigns.reference_copy import reference_copy
from stacktest.core.records.drill import Drill
from tests.faults.throwaway import ThrowAway

REPOSITORY = Path(__file__).parents[1]
TOOLS = "stacktest/backup:1"
PATIENCE = 900
ORDERS, NEWEST, CUSTOMERS = 300, 10, 40
SHORT = ("redis", "paperless-postgres")
"""Stores of the short form."""
CHANGES: Mapping[str, Change] = {
    "cut": drill_stores.cut,
    "empty": drill_stores.empty,
    "other version": drill_stores.other_version,
    "missing role": drill_stores.missing_role,
}
ROTS = (*CHANGES, "stale", "half", "wrong key", "missing blobs")


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One backup of one store, by both."""

    kind: str
    store: str
    drill: Drill | None
    check_found: bool


def run(options: Options) -> Report:
    """All stores and all kinds, or two stores in the short form."""
    names = SHORT if options.short else tuple(STORES)
    with reference_copy("drill") as copy:
        campaign = Campaign(copy, names, options.random())
        campaign.fill()
        judged = [item for kind in ("whole", *ROTS) for item in campaign.judge(kind)]
        seconds = campaign.seconds
    kinds = ("whole", *ROTS)
    rows = [_row(kind, [item for item in judged if item.kind == kind]) for kind in kinds]
    rows.append(("seconds of a drill", "", f"{sum(seconds) / len(seconds):.0f}", "", ""))
    return Report(
        columns=("backup", "stores", "restorable", "rotten, by", "restic check"),
        rows=rows,
        faults=list(_faults(judged)),
    )


class Campaign:
    """The stores of one copy, their backups, and what becomes of them."""

    def __init__(self, copy: ThrowAway, names: Sequence[str], dice: Random) -> None:
        self._copy, self._names, self._dice = copy, names, dice
        self.seconds: list[float] = []
        self._kept = copy.root.parent / "kept"

    def fill(self) -> None:
        """Rows into each store, and a backup before the newest of them, of all, and of one kind."""
        rows = {"orders": self._rows(ORDERS), "customers": self._rows(CUSTOMERS)}
        suite = self._copy.root / "suites" / "phase4_datastores"
        suite.mkdir(parents=True)
        (suite / "test_orders.py").write_text(SUITE)
        (suite / "orders.json").write_text(drill_stores.manifest(rows))
        toml = self._copy.root / "stacktest.toml"
        toml.write_text(toml.read_text().replace("[stack]", '[stack]\nsuites = ["suites"]', 1))
        self._copy.up(self._names)
        self._write("customers", rows["customers"])
        self._write("orders", rows["orders"][:-NEWEST])
        self._back_up("stale")
        self._write("orders", rows["orders"][-NEWEST:])
        for name in self._names:
            if STORES[name].make_roles:
                self._inside(name, STORES[name].make_roles)
        self._back_up("whole")
        for name in self._names:
            self._inside(name, STORES[name].remove.replace("KIND", "customers"))
        self._back_up("half")

    def judge(self, kind: str) -> list[Judged]:
        """Every backup made as the kind says, drilled, and checked by restic."""
        names = self._make(kind)
        for record in self._records().values():
            record.unlink(missing_ok=True)
        password = "not-the-password" if kind == "wrong key" else ""
        begin = time.monotonic()
        self._drill(names, password)
        self.seconds.append(time.monotonic() - begin)
        drills = {
            name: Drill.from_dict(json.loads(path.read_text()))
            for name, path in self._records().items()
            if path.is_file()
        }
        print(f"drill: {kind} done after {self.seconds[-1]:.0f} s", file=sys.stderr, flush=True)
        sound = self._each(names, "restic -r /backups/$name check --no-lock -q", password)
        return [
            Judged(kind=kind, store=name, drill=drills.get(name), check_found=name not in sound)
            for name in names
        ]

    # Private

    def _rows(self, number: int) -> list[Row]:
        return [(key, f"{self._dice.getrandbits(64):016x}") for key in range(1, number + 1)]

    def _write(self, kind: str, rows: Sequence[Row]) -> None:
        text = "".join(f"{key} {word}\n" for key, word in rows)
        for name in self._names:
            self._inside(name, STORES[name].write.replace("KIND", kind), text)

    def _inside(self, name: str, script: str, text: str = "") -> None:
        container = f"{self._copy.project}-{name}-1"
        argv = ["docker", "exec", "-i", container, "sh", "-ceu", script]
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{name}: {script} ended with {done.returncode}: {done.stderr}")

    def _back_up(self, kind: str) -> None:
        """A backup of what the stores hold now, taken out again and kept under that name."""
        repositories = self._copy.root / "backups"
        shutil.rmtree(repositories, ignore_errors=True)
        backup = [str(REPOSITORY / "scripts" / "backup"), str(self._copy.root), *self._names]
        subprocess.run(backup, check=True, capture_output=True, timeout=PATIENCE)
        for name in self._names:
            (self._kept / kind / name).mkdir(parents=True)
        restore = f"restic -q -r /backups/$name restore latest --target /kept/{kind}/$name"
        self._all(self._names, restore)
        shutil.copytree(repositories, self._kept / f"{kind}-repositories")

    def _make(self, kind: str) -> list[str]:
        """Repositories with backups of that kind; the stores that there are such backups of."""
        repositories = self._copy.root / "backups"
        shutil.rmtree(repositories, ignore_errors=True)
        if kind not in CHANGES:
            made = kind if kind in ("stale", "half") else "whole"
            shutil.copytree(self._kept / f"{made}-repositories", repositories)
            if kind == "missing blobs":
                self._lose_blobs(repositories)
            return list(self._names)
        names = []
        for name in self._names:
            folder = self._kept / kind / name
            shutil.copytree(self._kept / "whole" / name, folder)
            # Who owns a file counts as much as what it holds.
            subprocess.run(["cp", "-a", f"{self._kept}/whole/{name}/.", str(folder)], check=True)
            if CHANGES[kind](folder, name):
                (repositories / name).mkdir(parents=True)
                names.append(name)
        restic, place = "restic -q -r /backups/$name", shlex.quote(f"/kept/{kind}")
        self._all(names, f"{restic} init; cd {place}/$name; {restic} backup .")
        return names

    def _lose_blobs(self, repositories: Path) -> None:
        """The pack with the most data of each repository is gone."""
        for name in self._names:
            packs = [path for path in (repositories / name / "data").rglob("*") if path.is_file()]
            largest = max(path.stat().st_size for path in packs)
            self._dice.choice([p for p in packs if p.stat().st_size == largest]).unlink()

    def _drill(self, names: Sequence[str], password: str) -> None:
        env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        env |= {"RESTIC_PASSWORD": password} if password else {}
        argv = [sys.executable, "-P", "-m", "stacktest", "drill", "--stack", str(self._copy.root)]
        log = self._kept / "drill.log"
        with log.open("a") as stream:
            subprocess.run(
                [*argv, *names, "--", "-q", "-p", "no:cacheprovider"],
                cwd=self._copy.root,
                env=env,
                stdout=stream,
                stderr=stream,
                check=False,
                timeout=PATIENCE,
            )

    def _all(self, names: Sequence[str], script: str) -> None:
        """Runs a script for every store; RuntimeError where it does not succeed."""
        if failed := set(names) - self._each(names, script):
            raise RuntimeError(f"{script}: not for {', '.join(sorted(failed))}")

    def _each(self, names: Sequence[str], script: str, password: str = "") -> set[str]:
        """Stores for which a script succeeds in the image that makes backups."""
        secret = [
            line.partition("=")[2]
            for line in (self._copy.root / ".env").read_text().splitlines()
            if line.startswith("RESTIC_PASSWORD=")
        ]
        env = {**os.environ, "RESTIC_PASSWORD": password or secret[0]}
        argv = ["docker", "run", "--rm", "--network", "none", "--env", "RESTIC_PASSWORD"]
        argv += ["-v", f"{self._copy.root}/backups:/backups", "-v", f"{self._kept}:/kept"]
        loop = f"export name; for name in {' '.join(names)}; do sh -ceu {shlex.quote(script)} >&2 && echo $name; done"
        argv += [TOOLS, "sh", "-c", f"{loop}; true"]
        done = subprocess.run(
            argv, env=env, capture_output=True, text=True, check=True, timeout=PATIENCE
        )
        return set(done.stdout.split())

    def _records(self) -> dict[str, Path]:
        records = self._copy.root / "data" / "tests"
        return {name: records / name / "last_drill.json" for name in self._names}


# Private


def _row(kind: str, judged: Sequence[Judged]) -> tuple[str, ...]:
    restorable = [item for item in judged if item.drill and item.drill.result == "restorable"]
    found = Counter(_found_by(item.drill) for item in judged if item.drill)
    found.pop("", None)
    by = ", ".join(f"{count} {what}" for what, count in found.most_common())
    checked = sum(item.check_found for item in judged)
    return kind, str(len(judged)), str(len(restorable)), by or "-", f"{checked} of {len(judged)}"


def _found_by(drill: Drill) -> str:
    """The step, or the first test that failed, without the store that it was about."""
    return drill.tests[0].rpartition("::")[2].partition("[")[0] if drill.tests else drill.step


def _faults(judged: Sequence[Judged]) -> Iterator[str]:
    for item in judged:
        result = item.drill.result if item.drill else "no record"
        expected = "restorable" if item.kind == "whole" else "rotten"
        if result != expected:
            yield f"{item.store}, {item.kind}: {result}, not {expected}"


if __name__ == "__main__":
    raise SystemExit(main("drill", run))
