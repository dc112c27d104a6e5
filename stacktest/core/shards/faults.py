"""Finds faults for which records of shards cannot be joined to one run.

| fault         | about a shard                                                                |
|---------------|------------------------------------------------------------------------------|
| torn          | whose record cannot be read, or was changed                                  |
| missing       | without a record, or a test that no shard ran                                |
| doubled       | with two records, or a test that two shards ran                              |
| foreign       | of another division, stack, engine or key                                    |
| stale         | of another commit, inventory, selection or run, or older than a known run    |
| contradicting | with other fingerprints or other test code than the others                   |

With any fault nothing is joined: an incomplete run neither credits nor revokes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeVar

from msgspec import Struct

from stacktest.core.fingerprint.fingerprint import changes
from stacktest.core.records.documents import LastRun
from stacktest.core.shards.record import ShardRecord
from stacktest.core.shards.shard import Shard
from stacktest.core.unknown import Unknown

T = TypeVar("T")
FaultKind = Literal["torn", "missing", "doubled", "foreign", "stale", "contradicting"]
LISTED = 3
"""Maximum number of tests that a fault names."""


class Fault(Struct, frozen=True, kw_only=True):
    """One fault of one shard."""

    kind: FaultKind
    subject: str
    """`shard 2/4`, or the file if the shard is not known, or tests."""
    why: str

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.why}"


class Checkout(Struct, frozen=True, kw_only=True):
    """Facts about the stack on the machine that joins the shards."""

    stack: str
    """Name of the project."""
    services: frozenset[str]
    commit: str | None
    repo: Mapping[str, str | Unknown]
    """Service → its repository fingerprint in this checkout."""
    last_runs: Mapping[str, LastRun]
    """Service → its newest run in this checkout's ledger."""


def faults_of(records: Sequence[ShardRecord], checkout: Checkout) -> tuple[Fault, ...]:
    """Every fault of the records; empty: they can be joined to one run."""
    ordered = sorted(records, key=lambda record: (record.shard, record.run.id))
    return tuple(
        dict.fromkeys(
            (
                *_other_divisions(ordered),
                *_numbers(ordered),
                *_differences(ordered),
                *_tests(ordered),
                *_contradictions(ordered),
                *_against(ordered, checkout),
            )
        )
    )


# Private


def _fault(kind: FaultKind, record: ShardRecord, why: str) -> Fault:
    return Fault(kind=kind, subject=f"shard {record.shard}", why=why)


def _usual(values: Iterable[T]) -> T:
    """The most frequent value; of several the first."""
    return Counter(values).most_common(1)[0][0]


def _other_divisions(records: Sequence[ShardRecord]) -> Iterator[Fault]:
    count = _usual(record.shard.count for record in records)
    for record in records:
        if record.shard.count != count:
            yield _fault("foreign", record, f"the others are of {count}")


def _numbers(records: Sequence[ShardRecord]) -> Iterator[Fault]:
    count = _usual(record.shard.count for record in records)
    present = Counter(record.shard for record in records if record.shard.count == count)
    for shard in (Shard(index=index, count=count) for index in range(1, count + 1)):
        if present[shard] == 0:
            yield Fault(kind="missing", subject=f"shard {shard}", why="it left no record")
        elif present[shard] > 1:
            why = f"there are {present[shard]} records of it"
            yield Fault(kind="doubled", subject=f"shard {shard}", why=why)


_SHARED: tuple[tuple[FaultKind, Callable[[ShardRecord], object], str], ...] = (
    ("foreign", lambda r: r.stack, "it is of another stack"),
    (
        "foreign",
        lambda r: r.run.stack,
        "it ran on another engine, and [stack] identity does not name the stack",
    ),
    (
        "foreign",
        lambda r: r.run.versions.get("stacktest"),
        "another version of stacktest wrote it",
    ),
    ("foreign", lambda r: r.key_id, "its fingerprints are signed with another key"),
    ("foreign", lambda r: frozenset(r.before), "its stack has other services"),
    ("stale", lambda r: r.group, "it belongs to another run of CI"),
    ("stale", lambda r: r.run.git_commit, "it is of another commit"),
    ("stale", lambda r: r.inventory.digest, "it collected other tests"),
    (
        "stale",
        lambda r: (frozenset(r.order), r.facts.selection, frozenset(r.facts.deselected)),
        "other tests were selected",
    ),
    ("stale", lambda r: r.times, "its tests were divided by other times: durations.json differs"),
)
"""Values that all shards must have in common: fault kind, value, message."""


def _differences(records: Sequence[ShardRecord]) -> Iterator[Fault]:
    for kind, value, why in _SHARED:
        usual = _usual(map(value, records))
        yield from (_fault(kind, record, why) for record in records if value(record) != usual)


def _tests(records: Sequence[ShardRecord]) -> Iterator[Fault]:
    """Faults of tests that do not have exactly one outcome."""
    counts = Counter(outcome.nodeid for record in records for outcome in record.outcomes)
    order = Counter(_usual(record.order for record in records))
    if absent := list(order - counts):
        yield Fault(kind="missing", subject=_listed(absent), why="no shard ran it")
    if doubled := [nodeid for nodeid in counts - order if nodeid in order]:
        yield Fault(kind="doubled", subject=_listed(doubled), why="two shards ran it")
    for record in records:
        names = (outcome.nodeid for outcome in record.outcomes)
        if others := [nodeid for nodeid in names if nodeid not in order]:
            yield _fault(
                "contradicting", record, f"it ran {_listed(others)}, which is not selected"
            )


def _listed(nodeids: Sequence[str]) -> str:
    more = f" and {len(nodeids) - LISTED} more" if len(nodeids) > LISTED else ""
    return ", ".join(nodeids[:LISTED]) + more


def _contradictions(records: Sequence[ShardRecord]) -> Iterator[Fault]:
    for place, record in enumerate(records):
        for other in records[:place]:
            differences = [*_other_code(other, record), *_other_services(other, record)]
            if differences:
                why = f"not what shard {other.shard} saw: {', '.join(differences)}"
                yield _fault("contradicting", record, why)
                break


def _other_code(first: ShardRecord, second: ShardRecord) -> Iterator[str]:
    code = {item.path: item.after for item in first.code}
    for item in second.code:
        if code.get(item.path, item.after) != item.after:
            yield f"the code of {item.path}"


def _other_services(first: ShardRecord, second: ShardRecord) -> Iterator[str]:
    for name in sorted(first.before.keys() & second.before.keys()):
        fingerprints = (first.before[name].fingerprint, second.before[name].fingerprint)
        yield from (f"{name} ({change.part})" for change in changes(*fingerprints))


def _against(records: Sequence[ShardRecord], checkout: Checkout) -> Iterator[Fault]:
    runs = {record.run.id for record in records}
    for record in records:
        if record.stack != checkout.stack or frozenset(record.before) != checkout.services:
            yield _fault(
                "foreign", record, f"it is not of the stack {checkout.stack} as it is here"
            )
            continue
        commits = {record.run.git_commit, checkout.commit} - {None}
        if len(commits) > 1:
            yield _fault("stale", record, "it is of another commit than this checkout")
        for name in _moved_since(record, checkout):
            yield _fault("stale", record, f"{name} is not what the files here say")
        for name, last_run in _newer_runs(record, runs, checkout):
            why = f"run {last_run.run.id} of {name} is newer, or these shards were joined already"
            yield _fault("stale", record, why)


def _moved_since(record: ShardRecord, checkout: Checkout) -> Iterator[str]:
    for name, repo in sorted(checkout.repo.items()):
        then = record.after[name].fingerprint.repo if name in record.after else repo
        if not isinstance(then, Unknown) and not isinstance(repo, Unknown) and then != repo:
            yield name


def _newer_runs(
    record: ShardRecord, runs: Iterable[str], checkout: Checkout
) -> Iterator[tuple[str, LastRun]]:
    """Runs in the ledger of services that the shard tested, which began no earlier than it."""
    tested = {name for outcome in record.outcomes for name in outcome.services}
    for name in sorted(tested & checkout.last_runs.keys()):
        last_run = checkout.last_runs[name]
        if last_run.run.id not in runs and last_run.run.started >= record.run.started:
            yield name, last_run
