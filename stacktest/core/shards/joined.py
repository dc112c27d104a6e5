"""Joins the records of all shards to one run, as if one machine had run all tests.

| of a service          | in the joined run                                                    |
|-----------------------|----------------------------------------------------------------------|
| fingerprint           | of the shards that ran or tested it; parts that all of them know     |
| containers            | of all shards; of one shard only if its containers prevent a pass    |
| drift, and unverified | of the shards that ran or tested it                                  |
| declared moves        | shard by shard, with the containers of the others unchanged          |

The records have to be without faults; see `faults`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.collected_test import Collected
from stacktest.core.fingerprint.digest import digest
from stacktest.core.fingerprint.fingerprint import Fingerprint, changes
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.records.common import ContainerRef
from stacktest.core.runs.moves import Containers, Move, explains
from stacktest.core.runs.start_failure import StartFailure
from stacktest.core.runs.verdict import HiddenFile, Outcome, RunFacts
from stacktest.core.shards.record import ShardInventory, ShardRecord
from stacktest.core.unknown import Unknown

Observations = Mapping[str, ServiceObservation]
Moment = Callable[[ShardRecord], Observations]
"""Selects a shard's observations: those before its tests, or those after."""


class JoinedRun(Struct, frozen=True, kw_only=True):
    """The joined run, in the form in which the end of a run is processed."""

    id: str
    started: datetime
    identity: str
    git: tuple[str | None, bool | None]
    inventory: ShardInventory
    selected: tuple[Collected, ...]
    outcomes: tuple[Outcome, ...]
    facts: RunFacts
    collected_code: Mapping[str, str]
    code: Mapping[str, str]
    before: Mapping[str, ServiceObservation]
    after: Mapping[str, ServiceObservation]
    moves: tuple[Move, ...]
    not_up: Mapping[str, StartFailure]
    boot_seconds: Mapping[str, float]
    fallen: Mapping[str, str]

    @property
    def whole(self) -> tuple[Collected, ...]:
        """All tests of the inventory."""
        return tuple(test.collected() for test in self.inventory.tests)

    @property
    def hidden(self) -> tuple[HiddenFile, ...]:
        """Files of the suites that were left out, so that no test of them was collected."""
        files, broken = self.inventory.hidden, self.inventory.errors
        return tuple(file.hidden() for file in files if file.path not in broken)

    @property
    def elsewhere(self) -> frozenset[str]:
        """Node ids of tests outside the suites."""
        return frozenset(self.inventory.elsewhere)


def join(records: Iterable[ShardRecord]) -> JoinedRun:
    """Joins the records of all shards."""
    shards = sorted(records, key=attrgetter("shard"))
    first = shards[0]
    inventory = first.inventory
    tests = {test.nodeid: test for test in (*inventory.tests, *inventory.unlisted)}
    runs = [record.run for record in shards]
    started = min(run.started for run in runs)
    code = [item for record in shards for item in record.code]
    return JoinedRun(
        id=f"{started:%Y%m%dT%H%M%S}-shards-{digest([run.id for run in runs])[:6]}",
        started=started,
        identity=first.run.stack,
        git=(first.run.git_commit, _any_of(run.dirty for run in runs)),
        inventory=inventory,
        selected=tuple(tests[nodeid].collected() for nodeid in first.order),
        outcomes=_outcomes(shards),
        facts=_facts(shards),
        collected_code={item.path: item.collected for item in code}
        | {item.path: item.collected for item in code if item.collected != item.after},
        code={item.path: item.after for item in code},
        before=_observations(shards, lambda record: record.before),
        after=_observations(shards, lambda record: record.after),
        moves=tuple(_moves(shards)),
        not_up={item.service: item.failure() for record in shards for item in record.not_up},
        boot_seconds=_longest_boots(shards),
        fallen={name: why for record in shards for name, why in record.fallen.items()},
    )


# Private


def _any_of(flags: Iterable[bool | None]) -> bool | None:
    known = [flag for flag in flags if flag is not None]
    return any(known) if known else None


def _outcomes(shards: Sequence[ShardRecord]) -> tuple[Outcome, ...]:
    """The outcomes of all shards in the order of an undivided run."""
    places = {nodeid: place for place, nodeid in enumerate(shards[0].order)}
    outcomes = (outcome.outcome() for record in shards for outcome in record.outcomes)
    return tuple(sorted(outcomes, key=lambda outcome: places[outcome.nodeid]))


def _facts(shards: Sequence[ShardRecord]) -> RunFacts:
    first = shards[0]
    deviations = (text for record in shards for text in record.facts.deviations)
    return RunFacts(
        interrupted=any(record.facts.interrupted for record in shards),
        deselected=frozenset(first.facts.deselected),
        selection=first.facts.selection,
        ended_early=next(filter(None, (record.facts.ended_early for record in shards)), ""),
        deviations=tuple(dict.fromkeys(deviations)),
    )


def _longest_boots(shards: Iterable[ShardRecord]) -> dict[str, float]:
    longest: dict[str, int] = {}
    for record in shards:
        for name, ms in record.boot_ms.items():
            longest[name] = max(ms, longest.get(name, 0))
    return {name: ms / 1000 for name, ms in longest.items()}


def _observations(shards: Sequence[ShardRecord], moment: Moment) -> dict[str, ServiceObservation]:
    return {name: _observation(name, shards, moment) for name in sorted(shards[0].before)}


def _observation(name: str, shards: Sequence[ShardRecord], moment: Moment) -> ServiceObservation:
    def look(record: ShardRecord) -> ServiceObservation:
        return moment(record)[name]

    involved = [record for record in shards if _is_involved(record, name)]
    readers = involved or shards
    changed = [record for record in readers if _has_changed(record, name)]
    unfit = [record for record in shards if not _is_fit(record, name)]
    fingerprints = [look(record).fingerprint for record in changed[:1] or readers]
    return ServiceObservation(
        fingerprint=_as_all_know(fingerprints) if involved else _best_known(fingerprints),
        containers=_containers(map(look, unfit[:1] or shards)),
        drift=_all_of(look(record).drift for record in readers),
        unverified=_all_of(look(record).unverified for record in readers),
    )


def _has_changed(record: ShardRecord, name: str) -> bool:
    """Whether the service changed during this shard; then its fingerprint is the joined one."""
    return bool(changes(record.before[name].fingerprint, record.after[name].fingerprint))


def _is_fit(record: ShardRecord, name: str) -> bool:
    """Whether the containers of this shard allow a pass; if not, only they are joined.

    Containers existed while the service was tested, and declared moves explain all changes.
    """
    before, after = record.before[name].containers, record.after[name].containers
    if isinstance(before, Unknown) or isinstance(after, Unknown):
        return False
    is_absent = not (before and after) and _is_tested(record, name)
    return not is_absent and explains(record.moves, name, before, after)


def _is_involved(record: ShardRecord, name: str) -> bool:
    """Whether the shard ran the service, or tested it."""
    runs = (record.before[name].containers, record.after[name].containers) != ((), ())
    return runs or _is_tested(record, name)


def _is_tested(record: ShardRecord, name: str) -> bool:
    return any(name in outcome.services for outcome in record.outcomes)


def _as_all_know(fingerprints: Sequence[Fingerprint]) -> Fingerprint:
    """The common fingerprint; a part that one of them does not know is unknown."""
    first, *others = fingerprints
    unknown = {
        part: value
        for fingerprint in others
        for part, value in fingerprint.parts.items()
        if isinstance(value, Unknown)
    }
    return replace(first, parts={**first.parts, **unknown})


def _best_known(fingerprints: Sequence[Fingerprint]) -> Fingerprint:
    """The fingerprint with the fewest unknown parts, for shards that only read the files."""
    return min(
        fingerprints, key=lambda f: sum(isinstance(value, Unknown) for value in f.parts.values())
    )


def _containers(
    observations: Iterable[ServiceObservation],
) -> tuple[ContainerRef, ...] | Unknown:
    refs: dict[ContainerRef, None] = {}
    for observation in observations:
        if isinstance(observation.containers, Unknown):
            return observation.containers
        refs |= dict.fromkeys(observation.containers)
    return tuple(refs)


def _all_of(rows: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for row in rows for text in row))


def _moves(shards: Sequence[ShardRecord]) -> Iterator[Move]:
    """The moves shard by shard, with the containers that the other shards have at that time."""
    for place, record in enumerate(shards):
        others = [
            *(earlier.after for earlier in shards[:place]),
            *(later.before for later in shards[place + 1 :]),
        ]
        for move in record.moves:
            yield replace(
                move, before=_beside(move.before, others), after=_beside(move.after, others)
            )


def _beside(
    containers: Mapping[str, Containers], others: Sequence[Observations]
) -> dict[str, Containers]:
    """Service → its containers, and those that it has in other shards."""
    return {name: (*refs, *_elsewhere(name, refs, others)) for name, refs in containers.items()}


def _elsewhere(name: str, refs: Containers, others: Sequence[Observations]) -> Containers:
    containers = _containers(seen[name] for seen in others if name in seen)
    return () if isinstance(containers, Unknown) else tuple(set(containers) - set(refs))
