"""`--stack-shard 2/4`: keep one part of the tests, and write a record for `stacktest merge`.

The tests that the other options left are divided, so all shards together are the run without
this option. Tests that ask for no stack are divided as well: each runs in one shard.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stacktest.core.shards.shard import Shard
from stacktest.pytest_plugin.stash import DIVISION

if TYPE_CHECKING:
    from stacktest.application.run import StackSession
    from stacktest.core.collected_test import Collected, Collection
    from stacktest.core.records.durations import KnownDurations
    from stacktest.core.runs.summary import RunSummary

FOLDER = Path("reports/shards")
"""The folder of the shards' records, below pytest's rootdir."""


def shard_of(config: pytest.Config) -> Shard:
    """The shard that the command line asks for; a usage error if the option is not valid."""
    text = config.getoption("--stack-shard")
    try:
        shard = Shard.parse(text)
    except ValueError as error:
        raise pytest.UsageError(
            f"--stack-shard: {error}\n  hint: --stack-shard 1/4 is the first of four parts"
        ) from error
    if config.getoption("--stack-copy") or config.getoption("--stack-drill"):
        raise pytest.UsageError(
            "--stack-shard divides tests of the stack; a copy of it is tested as a whole\n"
            "  hint: leave --stack-shard out"
        )
    return shard


def forget_record(config: pytest.Config) -> None:
    """Remove the record of an earlier run: an aborted run must leave none."""
    _file(config, shard_of(config)).unlink(missing_ok=True)


def keep_shard(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, in place, the tests of the other shards."""
    from stacktest.core.shards.division import Divisible, divide
    from stacktest.pytest_plugin.collected_tests import read

    shard, selected = shard_of(config), read(items, config)
    if 0 < len(selected) < shard.count:
        raise pytest.UsageError(
            f"--stack-shard {shard}: there are only {len(selected)} tests of the stack to divide\n"
            f"  hint: --stack-shard 1/{len(selected)}"
        )
    known = note_division(config, selected).ms if selected else {}
    names = {test.reported: test.nodeid for test in selected}
    tests = [Divisible(test.nodeid, test.path, test.services) for test in selected]
    others = [
        Divisible(item.nodeid, item.nodeid.partition("::")[0])
        for item in items
        if item.nodeid not in names
    ]
    own = divide(tests, known, shard.count)[shard.index - 1]
    own |= divide(others, {}, shard.count)[shard.index - 1]
    dropped = {item for item in items if names.get(item.nodeid, item.nodeid) not in own}
    if dropped:
        config.hook.pytest_deselected(items=list(dropped))
        items[:] = [item for item in items if item not in dropped]


def note_division(config: pytest.Config, selected: "tuple[Collected, ...]") -> "KnownDurations":
    """Remember which tests are divided; returns the known durations that divide them."""
    from stacktest.application.shards import Division
    from stacktest.bootstrap.shards import group_of_run, remembered_times
    from stacktest.pytest_plugin.inventory import selection_before_division
    from stacktest.pytest_plugin.stale import request_of
    from stacktest.pytest_plugin.suites import suites_of

    times, suites = remembered_times(request_of(config)), suites_of(config)
    config.stash[DIVISION] = Division(
        shard=shard_of(config),
        group=group_of_run(os.environ),
        times=times.digest,
        selected=selected,
        selection=selection_before_division(config),
        elsewhere=tuple(
            test.nodeid for test in selected if not suites.holds(suites.base / test.path)
        ),
    )
    return times


def leave_record(
    config: pytest.Config,
    session: "StackSession",
    summary: "RunSummary",
    whole: "Collection",
    shared: Path,
) -> list[str]:
    """Write the record of a run that has ended, whole or not at all; returns lines to print.

    `whole` is the inventory, `shared` the folder that holds the declared moves of the run.
    """
    from stacktest.adapters.ledger.json_files import write_json
    from stacktest.application.evidence_folder import keep_out_of_git
    from stacktest.application.run_snapshot import read_moves
    from stacktest.application.shards import shard_record

    if session.trace is None or not session.trace.before:
        return []
    division, moves = config.stash[DIVISION], read_moves(shared)
    record = shard_record(division, session.trace, summary, whole, moves)
    file = _file(config, record.shard)
    keep_out_of_git(file.parent.parent)
    write_json(file, record.to_dict())
    return [f"shard     {record.shard}: {FOLDER / record.shard.file}, for stacktest merge"]


# Private


def _file(config: pytest.Config, shard: Shard) -> Path:
    return config.rootpath / FOLDER / shard.file
