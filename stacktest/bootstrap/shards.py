"""Joins the shards of a run: reads known durations, the shards' records, and this checkout."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from stacktest.adapters.ledger.durations import read_durations
from stacktest.adapters.shard_records import read_shards
from stacktest.bootstrap.context import Project, find_project
from stacktest.bootstrap.session import RunRequest
from stacktest.core.records.documents import LastRun
from stacktest.core.records.durations import KnownDurations
from stacktest.core.shards.faults import Checkout, Fault, faults_of
from stacktest.core.shards.joined import JoinedRun, join
from stacktest.core.shards.record import ShardRecord
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError, UsageError

GROUPS = ("STACKTEST_SHARD_RUN", "GITHUB_RUN_ID", "CI_PIPELINE_ID")
"""Variables with the id of a CI run, the same in all of its jobs; Forgejo sets GitHub's."""


def remembered_times(request: RunRequest) -> KnownDurations:
    """The known durations that divide the tests of the stack; empty if they cannot be read."""
    project = find_project(request.stack, rootdir=request.rootdir, compose=request.compose)
    times = read_durations(project.ledger)
    return KnownDurations() if isinstance(times, Unknown) else times


def group_of_run(environ: Mapping[str, str]) -> str:
    """The id of the CI run of this process; empty outside of CI."""
    return next(filter(None, (environ.get(name, "") for name in GROUPS)), "")


def join_shards(places: Iterable[Path], checkout: Checkout) -> JoinedRun:
    """The run joined from the shards in these folders; EvidenceError names all faults."""
    places = tuple(places)
    where = ", ".join(map(str, places))
    for place in places:
        if not place.exists():
            raise UsageError(f"{place} does not exist", where="merge", hint="ls reports/shards")
    items = tuple(read_shards(places))
    records = [item for item in items if isinstance(item, ShardRecord)]
    faults = [item for item in items if isinstance(item, Fault)]
    if not items:
        raise EvidenceError(
            "no shard left a record there",
            where=where,
            hint="pytest --stack-shard 1/2 leaves one in reports/shards",
        )
    if records:
        faults += faults_of(records, checkout)
    if faults:
        raise EvidenceError(
            "\n".join(("the shards are not one run; nothing was recorded", *map(str, faults))),
            where=where,
            hint="run every shard once, all on the same commit, and join the records of that run",
        )
    return join(records)


def checkout_of(project: Project) -> Checkout:
    """The facts of this checkout about the stack, read without an engine and without the key."""
    from stacktest.adapters.fingerprint_inputs import read_fingerprints

    key = Unknown("only what the repository says is read")
    fingerprints = read_fingerprints(project.stack, key=key, images={}, config=project.config)
    last_records = project.ledger.last_records(project.stack.services)
    return Checkout(
        stack=project.stack.name,
        services=frozenset(project.stack.services),
        commit=project.commit()[0],
        repo={name: fingerprint.repo for name, fingerprint in fingerprints.items()},
        last_runs={
            name: last_run
            for name, (_, last_run) in last_records.items()
            if isinstance(last_run, LastRun)
        },
    )
